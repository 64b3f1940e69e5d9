"""Write files whole or not at all, and read JSON."""

import hashlib
import json
import os
import secrets
from contextlib import contextmanager, suppress
from pathlib import Path

from files.reading import open_file
from utils import UserError, shown


@contextmanager
def folder_for(results):
    """Make a folder, and remove it again if the work inside the block fails and leaves it empty."""
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
    """Yield a temporary path with the same ending beside `target`; it replaces `target` only if the block succeeds."""
    target = Path(target)
    # The name holds the process number, so that a later run can tell that the process is gone and clean up.
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


def write_bytes(target, content):
    """Write a file whole or not at all."""
    with whole_file(target) as temporary:
        temporary.write_bytes(content)


def hidden_beside(target, ending):
    """The place of a hidden file that belongs to a result. Its name is a hash, and so short enough for any disk."""
    return target.with_name(f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]}{ending}")


def write_text(target, content):
    """Write a text file whole or not at all."""
    write_bytes(target, content.encode("utf-8"))


def write_json(target, content):
    """Write a JSON file whole or not at all."""
    write_text(target, json.dumps(content, indent=2) + "\n")


def read_json(source, most=None):
    """Read a JSON file. `most` limits its size in bytes; set it for files that a stranger may have written."""
    with open_file(source) as file:
        content = file.read(-1 if most is None else most + 1)
    if most and len(content) > most:
        raise ValueError(f"more than {most:,} bytes")
    try:
        return json.loads(content.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
