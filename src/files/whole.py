"""Files written whole or not at all, and JSON."""

import json
import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path

from files.reading import open_file
from utils import UserError, shown


@contextmanager
def folder_for(results):
    """Make a folder, and take it away again if what is to go there fails and leaves it empty."""
    made = [place for place in (results, *results.parents) if not place.exists()]
    try:
        results.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for place in made:
            with suppress(OSError):
                place.rmdir()
        raise


@contextmanager
def whole_file(target):
    """Yield a temporary path beside `target`, of the same ending, that becomes `target` only if all goes well."""
    target = Path(target)
    # The process is named, so that a later one can tell what a killed one left.
    temporary = target.with_name(f".{secrets.token_hex(6)}-{os.getpid()}.part{target.suffix}")
    try:
        with folder_for(target.parent):
            try:
                yield temporary
                os.replace(temporary, target)
            finally:
                with suppress(OSError):
                    temporary.unlink()
    except OSError as error:
        reason = shown(error.strerror or error)
        raise UserError(f"cannot write {shown(target)}: {reason}; free some space or choose another place") from None


def write_text(target, content):
    """Write a text file whole or not at all."""
    with whole_file(target) as temporary:
        temporary.write_text(content, encoding="utf-8")


def write_json(target, content):
    """Write a JSON file whole or not at all."""
    write_text(target, json.dumps(content, indent=2) + "\n")


def read_json(source, most=None):
    """Read a JSON file; most: bytes that it may have, where a stranger may have written it."""
    with open_file(source) as file:
        content = file.read(-1 if most is None else most + 1)
    if most and len(content) > most:
        raise ValueError(f"more than {most:,} bytes")
    try:
        return json.loads(content.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested without end") from None
