"""Make all example pictures again: run every command in README.md beside this file, in order."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main():
    commands = re.findall(r"`python ((?:src|examples)/[^`]*)`", (HERE / "README.md").read_text())
    for command in commands:
        print(f"python {command}", flush=True)
        subprocess.run([sys.executable, *shlex.split(command), *sys.argv[1:]], cwd=HERE.parent, check=True)


if __name__ == "__main__":
    main()
