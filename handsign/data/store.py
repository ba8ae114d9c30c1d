"""The folder that takes are recorded into."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handsign import limits
from handsign.data.take import encode_info, parse_info
from handsign.errors import InputError
from handsign.files import atomic, locked, remove_leftovers
from handsign.reading import open_npz, parsing

if TYPE_CHECKING:
    from handsign.data.take import Take


def folder_name(text: str) -> str:
    """An action or signer as a file name that every operating system accepts."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", text).strip(" .") or "_"


def _prefix(signer: str) -> str:
    return folder_name(signer or "take")


class Store:
    """The folder that takes are recorded into. It adds and, when asked to, replaces; it never overwrites."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = root / ".lock"
        try:
            root.mkdir(parents=True, exist_ok=True)
            with locked(self._lock):
                self._recover()
        except InputError as error:
            raise InputError(f"{error}; name a folder with --data") from error
        except OSError as error:
            raise InputError(
                f"{root} cannot be used for takes ({error.strerror}); name a folder with --data"
            ) from error

    def _recover(self) -> None:
        """Clear what killed programs left half-written; the lock is held."""
        remove_leftovers(self.root)

    def paths(self, action: str, signer: str) -> list[Path]:
        """The takes of an action by a signer, in the order of their numbers.

        Raises:
            InputError: the system admits no such name.
        """
        try:
            with parsing():
                found = list((self.root / folder_name(action)).glob("*.npz"))
        except InputError as error:
            raise InputError(f"there can be no folder for {action[:40]!r}: {error}") from error
        numbered = ((*p.stem.rpartition("_")[::2], p) for p in found)
        own = [(int(n), p) for who, n, p in numbered if who == _prefix(signer) and n.isdecimal()]
        return [path for _, path in sorted(own)]

    def sources(self) -> set[tuple[str, str]]:
        """(action, source) of every stored take, so that an import can skip it."""
        found = set()
        for path in self.root.glob("*/*.npz"):
            try:
                with open_npz(path, limits.TAKE_BYTES) as file:
                    info = parse_info(file["info"].tobytes())
            except InputError:
                continue
            found.add((info.action, info.source))
        return found

    def contents(self) -> str:
        """A line about its contents, for stores that hold more than takes; empty for this one."""
        return ""

    def add(self, take: Take) -> Path:
        """Write a take under the next free number.

        Raises:
            InputError: it cannot be written (disk full, no permission, names that are none); nothing else is touched.
        """
        with locked(self._lock):
            there = self.paths(take.info.action, take.info.signer)
            number = int(there[-1].stem.rpartition("_")[2]) + 1 if there else 0
            path = self.root / folder_name(take.info.action) / f"{_prefix(take.info.signer)}_{number:03d}.npz"
            self._write(path, take)
        return path

    def replace(self, path: Path, take: Take) -> None:
        """Replace a stored take; it stays until the new one is written."""
        with locked(self._lock):
            self._write(path, take)

    def _write(self, path: Path, take: Take) -> None:
        info = np.frombuffer(encode_info(take.info), np.uint8)
        with atomic(path) as temporary:
            np.savez_compressed(
                temporary, samples=take.samples.astype(np.float32), times=take.times.astype(np.float64), info=info
            )
