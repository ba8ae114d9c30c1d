"""Windows ready to train on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from handsign.data.split import Split
from handsign.errors import InputError
from handsign.files import UNREADABLE, atomic, open_npz

if TYPE_CHECKING:
    from handsign.types import Array


ARRAYS = ("X", "y", "part", "take", "signer", "session")

PARTS = ("train", "val", "test")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Windows with targets, each in one part of a split.

    X           (n, window, *sample) float32, raw
    y           (n, *y) float32: one-hot (n, labels) of a classification, what comes next of a forecast
    part        (n,) str: train, val or test; all windows of a take are in the same part
    take        (n,) str, signer (n,) str, session (n,) str: where each window is from
    rate        samples a second in a window; asked_rate: the rate that the user asked for, if any
    left_out    what was not usable: (take, reason)
    extractors  names of the extractors of the samples
    made_from   `prepare.fingerprint` of the takes
    aspect      height of the recorded pictures in picture widths (the median; 1 where no take has a frame size)
    """

    task: str
    X: Array
    y: Array
    labels: list[str]
    part: Array
    take: Array
    signer: Array
    session: Array
    rate: float
    split: Split
    left_out: list[tuple[str, str]] = field(default_factory=list)
    extractors: list[str] = field(default_factory=list)
    made_from: str = ""
    asked_rate: float | None = None
    aspect: float = 1.0

    def rows(self, part: str) -> tuple[Array, Array]:
        """(X, y) of the rows in train, val or test."""
        chosen = self.part == part
        return self.X[chosen], self.y[chosen]

    def save(self, path: Path) -> None:
        """Write it to one `.npz`."""
        rest = _Rest(**{name: getattr(self, name) for name in _Rest.__struct_fields__})
        info = np.frombuffer(msgspec.json.encode(rest), np.uint8)
        with atomic(path) as temporary, temporary.open("wb") as file:  # a path would get .npz appended to it
            np.savez(file, dataset=info, **{name: getattr(self, name) for name in ARRAYS})

    @classmethod
    def load(cls, path: Path, task: str, shape: tuple[int, ...]) -> Dataset:
        """Read what `save` wrote for a task by this name with windows of this shape.

        Raises:
            InputError: the file is damaged, or was made for another task.
        """
        try:
            with open_npz(path) as file:
                rest = msgspec.json.decode(file["dataset"].tobytes(), type=_Rest)
                data = cls(**msgspec.structs.asdict(rest), **{name: file[name] for name in ARRAYS})
        except UNREADABLE as error:
            raise InputError(f"{path} is no whole dataset ({error}); make it again with preprocess.py") from error
        if data.task != task or data.X.shape[1:] != shape:
            raise InputError(f"{path} was prepared for {data.task} {data.X.shape[1:]}, not for {task} {shape}")
        return data


class _Rest(msgspec.Struct):
    task: str
    labels: list[str]
    rate: float
    split: Split
    left_out: list[tuple[str, str]]
    extractors: list[str]
    made_from: str
    asked_rate: float | None
    aspect: float = 1.0
