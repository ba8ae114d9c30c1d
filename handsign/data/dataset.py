"""Windows ready to train on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np

from handsign.data.split import Split
from handsign.data.take import Name, Text
from handsign.errors import InputError
from handsign.files import atomic
from handsign.reading import open_npz

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
                fields: dict[str, Any] = {**msgspec.structs.asdict(rest), **{name: file[name] for name in ARRAYS}}
                data = cls(**fields)
                data._check()
        except InputError as error:
            raise InputError(f"{path} is no whole dataset ({error}); make it again with preprocess.py") from error
        if data.task != task or data.X.shape[1:] != shape:
            raise InputError(f"{path} was prepared for {data.task} {data.X.shape[1:]}, not for {task} {shape}")
        return data

    def _check(self) -> None:
        """Raise an InputError for arrays of other kinds or lengths than `save` writes."""
        for name in ("X", "y"):
            array = getattr(self, name)
            if array.dtype != np.float32 or not array.ndim or not np.isfinite(array).all():
                raise InputError(f"its {name} are not finite float32")
        if self.y.shape[-1] != len(self.labels):
            raise InputError(f"it has {len(self.labels)} labels and y of shape {self.y.shape}")
        for name in ARRAYS[2:]:
            array = getattr(self, name)
            if array.dtype.kind != "U" or array.ndim != 1:
                raise InputError(f"its {name} is no list of names")
        if len({len(getattr(self, name)) for name in ARRAYS}) > 1:
            raise InputError(f"its arrays have different lengths: {[len(getattr(self, name)) for name in ARRAYS]}")
        if not np.isin(self.part, PARTS).all():
            raise InputError(f"its parts are other than {', '.join(PARTS)}")


Positive = Annotated[float, msgspec.Meta(gt=0)]


class _Rest(msgspec.Struct):
    task: Name
    labels: Annotated[list[Name], msgspec.Meta(min_length=1)]
    rate: Positive
    split: Split
    left_out: list[tuple[str, str]]
    extractors: list[Text]
    made_from: Name
    asked_rate: Positive | None
    aspect: Positive = 1.0
