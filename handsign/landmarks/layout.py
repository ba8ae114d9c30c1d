"""Layouts: which columns of a sample hold which landmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.types import Array


@dataclass(frozen=True)
class Part:
    """A group of landmarks that is detected or missing as a whole, e.g. a hand.

    name     unique within a layout
    points   number of landmarks
    fields   what each landmark has, in the order of the columns
    names    of the landmarks; empty if they have none
    strokes  polylines to draw, as landmark indices
    """

    name: str
    points: int
    fields: tuple[str, ...] = ("x", "y", "z")
    names: tuple[str, ...] = ()
    strokes: tuple[tuple[int, ...], ...] = ()

    @property
    def size(self) -> int:
        """Number of columns of the part."""
        return self.points * len(self.fields)

    @property
    def connections(self) -> frozenset[tuple[int, int]]:
        """The line segments of all strokes, as pairs (smaller, larger) of landmark indices."""
        return frozenset((min(p), max(p)) for s in self.strokes for p in pairwise(s))


@dataclass(frozen=True)
class Layout:
    """The meaning of a sample's columns: parts side by side. The columns of a missing part are zero.

    >>> layout = Layout((Part("pose", 2), Part("hand", 1, ("x", "y"))))
    >>> layout.size, layout.slices["hand"]
    (8, slice(6, 8, None))
    >>> samples = layout.assemble({"hand": np.array([[[0.5, 0.25]]])})  # one sample
    >>> samples.shape, layout.present(samples, "pose").tolist(), layout.view(samples, "hand").tolist()
    ((1, 8), [False], [[[0.5, 0.25]]])
    """

    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Number of columns of a sample."""
        return sum(part.size for part in self.parts)

    @cached_property
    def slices(self) -> Mapping[str, slice]:
        """The columns of each part, by its name."""
        ends = np.cumsum([part.size for part in self.parts]).tolist()
        return {p.name: slice(end - p.size, end) for p, end in zip(self.parts, ends, strict=True)}

    def view(self, samples: Array, part: str) -> Array:
        """One part of samples (..., size) as landmarks (..., points, fields).

        Of a contiguous array it is a NumPy view: writing to it writes to `samples`.
        """
        found = next(p for p in self.parts if p.name == part)
        return samples[..., self.slices[part]].reshape(*samples.shape[:-1], found.points, len(found.fields))

    def present(self, samples: Array, part: str) -> Array:
        """Whether the part was detected in each of samples (..., size): (...,) bool."""
        return samples[..., self.slices[part]].any(axis=-1)

    def assemble(self, landmarks: Mapping[str, Array | None]) -> Array:
        """Samples (..., size) float32 from landmarks (..., points, fields) by part name; zeros for a missing part.

        Surplus landmarks and fields at the end are ignored, such as the irises of a face of 478 landmarks.
        """
        lead = next((v.shape[:-2] for v in landmarks.values() if v is not None), ())
        samples = np.zeros((*lead, self.size), np.float32)
        for part in self.parts:
            points = landmarks.get(part.name)
            if points is not None:
                self.view(samples, part.name)[...] = points[..., : part.points, : len(part.fields)]
        return samples

    def pick(self, *names: str) -> Layout:
        """The layout of these parts only, in this layout's order."""
        return Layout(tuple(part for part in self.parts if part.name in names))

    def narrow(self, samples: Array, *names: str) -> Array:
        """A copy of the columns of these parts: samples (..., size) -> (..., pick(*names).size)."""
        return np.concatenate([samples[..., self.slices[part.name]] for part in self.pick(*names).parts], axis=-1)

    def widen(self, samples: Array) -> Array:
        """Samples (..., k) of a subset of the parts -> (..., size) float32, with zeros for the other parts.

        The number of columns k determines the subset (`SUBSETS`): 1662, 258 (no face) or 126 (hands only).

        Raises:
            InputError: no known subset has k columns.
        """
        for names in SUBSETS:
            part = self.pick(*names)
            if samples.shape[-1] == part.size:
                return self.assemble({p.name: part.view(samples, p.name) for p in part.parts})
        sizes = ", ".join(str(self.pick(*names).size) for names in SUBSETS)
        raise InputError(f"frames have {samples.shape[-1]} values; known are {sizes}")


SUBSETS: Sequence[tuple[str, ...]] = (
    ("pose", "face", "left_hand", "right_hand"),
    ("pose", "left_hand", "right_hand"),
    ("left_hand", "right_hand"),
)
"""The sets of parts that holistic data is stored with (`Layout.widen`)."""
