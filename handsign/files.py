"""Files that are either there whole or not there at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from handsign.errors import InputError

TEMPORARY = ".part"


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; rename it to `path` if the block ends well, else remove it.

    Raises:
        InputError: the disk is full or the folder cannot be written to.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{TEMPORARY}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path} could not be written ({error.strerror or error}); nothing was changed") from error
    finally:
        with suppress(OSError):  # not there, or it never could be: its folder is a file, its name too long
            temporary.unlink()


def cache_folder() -> Path:
    """Folder of files that can be computed again: `$HANDSIGN_CACHE`, or `.cache/handsign` in the home folder."""
    return Path(os.environ.get("HANDSIGN_CACHE") or Path.home() / ".cache" / "handsign")
