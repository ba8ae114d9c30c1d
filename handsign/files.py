"""Write files atomically and one program at a time."""

from __future__ import annotations

import glob
import logging
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from handsign.errors import InputError
from handsign.reading import below

TEMPORARY = ".part"
"""The mark in the names of what is being written. `.name.PID.part.suffix`: the suffix stays last."""

PATIENCE = 1.0
"""Seconds of waiting for a lock after which that is logged."""

ABANDONED = 86_400.0
"""Seconds after which something half-written is a leftover, though a program has the number of its writer."""


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path to write to, renamed to `path` when the block ends, removed if it raises.

    So `path` holds the whole new file or what it held before. Missing parent folders are created. Leftovers of killed
    writers of `path` are removed.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp(), "new", "labels.txt")
    >>> with atomic(target) as temporary:
    ...     _ = temporary.write_text("hello")
    >>> target.read_text(), len(list(target.parent.iterdir()))
    ('hello', 1)

    Raises:
        InputError: the disk is full or the folder cannot be written to.
    """
    temporary = _temporary_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent, path)
        yield temporary
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    except OSError as error:
        raise InputError(f"{path} could not be written ({error.strerror or error}); nothing was changed") from error
    finally:
        with suppress(OSError):  # already renamed, or never created: its folder is a file, or its name too long
            temporary.unlink()


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """A hidden folder beside `path` to make its files in, removed when the block ends unless it has another name then.

    Missing parent folders are created. Leftovers of killed writers of `path` are removed.
    """
    temporary = _temporary_path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path.parent, path)
    shutil.rmtree(temporary, ignore_errors=True)  # by a program that had this one's number
    temporary.mkdir()
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _temporary_path(path: Path) -> Path:
    return path.with_name(f".{path.stem}.{os.getpid()}{TEMPORARY}{path.suffix}")


def sync(path: Path) -> None:
    """Have the disk keep a file, or the names in a folder, before anything else is done.

    Raises:
        OSError: it cannot be kept; not for folders, which not every system can.
    """
    if not path.is_dir():
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    elif os.name == "posix":
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def remove_leftovers(folder: Path, path: Path | None = None) -> None:
    """Remove what killed writers left half-written in a folder: of `path`, or of everything here and below.

    What a running program writes is left alone, as is what cannot be removed.
    """
    found = folder.glob(f".{glob.escape(path.stem)}.*{TEMPORARY}*") if path else below(folder)
    for left in list(found):
        match = re.fullmatch(rf"\.(.+)\.(\d+){re.escape(TEMPORARY)}(\..*)?", left.name)
        if match and (path is None or match[1] == path.stem) and _is_abandoned(left, int(match[2])):
            with suppress(OSError):
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _is_abandoned(path: Path, writer: int) -> bool:
    """Whether the process `writer` is gone, or it is another by now. On Windows, only time tells."""
    try:
        if time.time() - path.stat().st_mtime > ABANDONED:
            return True
        if os.name == "posix":
            os.kill(writer, 0)
    except (ProcessLookupError, OverflowError, FileNotFoundError):
        return True
    except OSError:  # it is somebody else's
        pass
    return False


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock `path`, a file; that it is waited for is logged after a second.

    Raises:
        InputError: the lock cannot be made.
    """
    lock = FileLock(path)
    try:
        try:
            lock.acquire(timeout=PATIENCE)
        except Timeout:
            logging.getLogger("handsign").warning("waiting for another program that writes to %s", path.parent)
            lock.acquire()
    except OSError as error:
        raise InputError(f"{path.parent} could not be written to ({error.strerror or error})") from error
    try:
        yield
    finally:
        lock.release()


def cache_folder() -> Path:
    """Folder of files that can be computed again: `$HANDSIGN_CACHE`, or `.cache/handsign` in the home folder."""
    return Path(os.environ.get("HANDSIGN_CACHE") or Path.home() / ".cache" / "handsign")
