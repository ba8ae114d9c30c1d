"""What the samples of a task look like, and how its takes are stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handsign import limits
from handsign.data.store import Store
from handsign.data.take import InvalidTake, Take, encode_info
from handsign.errors import InputError
from handsign.reading import size

if TYPE_CHECKING:
    from handsign.data.dataset import Dataset
    from handsign.data.split import Split
    from handsign.landmarks.layout import Layout
    from handsign.types import Array


def _unchanged(samples: Array) -> Array:
    return samples


@dataclass(frozen=True)
class Format:
    """The samples of a task, and where its recordings are.

    name     the task's name, which datasets and bundles carry
    shape    of one sample
    columns  what the columns of a sample mean; None for samples that are no landmarks
    adapt    samples (T, ...) of another task or of fewer columns -> (T, *shape)
    readers  file suffix -> reader of takes in a format that only this task knows; the reader of "/" gets whole folders
    store    folder -> the store that takes are recorded into
    dataset  (path, split or None, seed) -> Dataset, where recordings are not takes; None where there are none at `path`
    data     where the takes are by default
    model    where the trained model is by default
    """

    name: str
    shape: tuple[int, ...]
    columns: Layout | None = None
    adapt: Callable[[Array], Array] = _unchanged
    readers: Mapping[str, Callable[[Path], Iterable[Take | InvalidTake]]] = field(default_factory=dict)
    store: Callable[[Path], Store] = Store
    dataset: Callable[[Path, Split | None, int], Dataset | None] | None = None
    data: str = "MP_Data"
    model: str = "action.h5"

    @property
    def groups(self) -> Sequence[slice]:
        """The columns that are missing together, as zeros."""
        return tuple(self.columns.slices.values()) if self.columns else ()

    def checked(self, take: Take) -> Take | InvalidTake:
        """The take if it has samples of this shape, finite values and increasing times, else why not."""
        found = take.samples.shape[1:]
        if found != self.shape:
            return InvalidTake(take.name, f"samples have shape {found}, {self.name} needs {self.shape}")
        count = len(take.samples)
        if take.times.shape != (count,):
            return InvalidTake(take.name, f"{count} frames but times of shape {take.times.shape}")
        if count < 2:
            return InvalidTake(take.name, f"{count} frames are too few")
        if count > limits.FRAMES or take.samples.nbytes > limits.TAKE_BYTES:
            most = f"at most {limits.FRAMES} or {size(limits.TAKE_BYTES)} can be used"
            return InvalidTake(take.name, f"{count} frames of {size(take.samples.nbytes)}, and {most}")
        bad = int((~np.isfinite(take.samples).reshape(count, -1).all(axis=1)).sum())
        if bad:
            return InvalidTake(take.name, f"{bad} of {count} frames hold values that are not finite")
        if not (np.diff(take.times) > 0).all():
            return InvalidTake(take.name, "its times do not increase")
        if not take.times[-1] / 2 - take.times[0] / 2 <= limits.SECONDS / 2:  # halves, which do not overflow
            return InvalidTake(take.name, f"it lasts longer than {limits.SECONDS / 86_400:g} days")
        try:
            encode_info(take.info)
        except InputError as error:
            return InvalidTake(take.name, str(error))
        return take
