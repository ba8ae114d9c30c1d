"""Write files atomically; open files that may be damaged."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tokenize import TokenError
from typing import Any

import msgspec
import numpy as np

from handsign.errors import InputError

UNREADABLE = (
    *(OSError, EOFError, LookupError, ValueError, TypeError, RuntimeError, MemoryError, struct.error, TokenError),
    *(zipfile.BadZipFile, zlib.error, msgspec.MsgspecError),
)
"""The exceptions of NumPy, zipfile, msgspec and pose-format for damaged files (measured by damaging some)."""


@contextmanager
def open_npz(path: Path) -> Iterator[Any]:
    """Open an `.npz`, a mapping from names to arrays. Unlike `np.load(path)`, it closes a damaged file as well.

    Raises:
        UNREADABLE: the file is missing or damaged.
    """
    with path.open("rb") as raw, np.load(raw) as file:
        yield file


TEMPORARY = ".part"
"""The mark in the names of files being written. `.name.PID.part.suffix`: the suffix stays last."""


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path to write to, renamed to `path` when the block ends, removed if it raises.

    So `path` holds the whole new file or what it held before. Missing parent folders are created.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp(), "new", "labels.txt")
    >>> with atomic(target) as temporary:
    ...     _ = temporary.write_text("hello")
    >>> target.read_text(), len(list(target.parent.iterdir()))
    ('hello', 1)

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
        with suppress(OSError):  # already renamed, or never created: its folder is a file, or its name too long
            temporary.unlink()


def cache_folder() -> Path:
    """Folder of files that can be computed again: `$HANDSIGN_CACHE`, or `.cache/handsign` in the home folder."""
    return Path(os.environ.get("HANDSIGN_CACHE") or Path.home() / ".cache" / "handsign")
