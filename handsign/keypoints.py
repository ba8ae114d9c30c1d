"""What the 1662 values of a holistic frame mean (`HOLISTIC`); `holistic.Holistic` makes them of a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from handsign.errors import InputError

Array = np.ndarray[Any, Any]

POSE_NAMES = tuple(
    (
        "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer left_ear right_ear "
        "mouth_left mouth_right left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist "
        "left_pinky right_pinky left_index right_index left_thumb right_thumb left_hip right_hip left_knee right_knee "
        "left_ankle right_ankle left_heel right_heel left_foot_index right_foot_index"
    ).split()
)
HAND_NAMES = (
    "wrist",
    *(f"thumb_{joint}" for joint in ("cmc", "mcp", "ip", "tip")),
    *(f"{f}_finger_{joint}" for f in ("index", "middle", "ring") for joint in ("mcp", "pip", "dip", "tip")),
    *(f"pinky_{joint}" for joint in ("mcp", "pip", "dip", "tip")),
)

# Strokes are runs of landmarks joined by lines, as in MediaPipe's POSE_CONNECTIONS, HAND_CONNECTIONS and the
# FACEMESH contours (tests compare them); a run draws in one cv2.polylines call.
POSE_STROKES = (
    (8, 6, 5, 4, 0, 1, 2, 3, 7),
    (9, 10),
    (15, 17, 19, 15, 13, 11, 12, 14, 16, 18, 20, 16, 22),
    (15, 21),
    (31, 27, 25, 23, 24, 26, 28, 32, 30, 28),
    (27, 29, 31),
    (11, 23),
    (12, 24),
)
HAND_STROKES = (
    (0, 1, 2, 3, 4),
    (0, 5, 6, 7, 8),
    (5, 9, 13, 17, 0),
    (9, 10, 11, 12),
    (13, 14, 15, 16),
    (17, 18, 19, 20),
)
# fmt: off
FACE_STROKES = (
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185, 61),
    (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191, 78),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249, 263),
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246, 33),
    (276, 283, 282, 295, 285), (300, 293, 334, 296, 336), (46, 53, 52, 65, 55), (70, 63, 105, 66, 107),
    (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
     148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109, 10),
)
# fmt: on


@dataclass(frozen=True)
class Part:
    """A group of landmarks that is found or missing as a whole: `points` of `fields` values each."""

    name: str
    points: int
    fields: tuple[str, ...] = ("x", "y", "z")
    names: tuple[str, ...] = ()
    strokes: tuple[tuple[int, ...], ...] = ()

    @property
    def size(self) -> int:
        """How many columns the part has."""
        return self.points * len(self.fields)

    @property
    def connections(self) -> frozenset[tuple[int, int]]:
        """The strokes as pairs (smaller, larger) of landmark numbers."""
        return frozenset((min(p), max(p)) for s in self.strokes for p in pairwise(s))


@dataclass(frozen=True)
class Layout:
    """What the columns of a sample mean: its parts, one after another, each missing as zeros.

    Every module that needs a column asks here.
    """

    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """How many values a sample has."""
        return sum(part.size for part in self.parts)

    @cached_property
    def slices(self) -> Mapping[str, slice]:
        """The columns of each part."""
        ends = np.cumsum([part.size for part in self.parts]).tolist()
        return {p.name: slice(end - p.size, end) for p, end in zip(self.parts, ends, strict=True)}

    def view(self, samples: Array, part: str) -> Array:
        """One part of samples (..., size) as landmarks (..., points, fields); writing to it writes to `samples`."""
        found = next(p for p in self.parts if p.name == part)
        return samples[..., self.slices[part]].reshape(*samples.shape[:-1], found.points, len(found.fields))

    def present(self, samples: Array, part: str) -> Array:
        """(...,) bool: where the part was found in samples (..., size)."""
        return samples[..., self.slices[part]].any(axis=-1)

    def assemble(self, landmarks: Mapping[str, Array | None]) -> Array:
        """Landmarks (..., points, >= fields) by part name -> samples (..., size) float32, zeros for what is missing."""
        lead = next((v.shape[:-2] for v in landmarks.values() if v is not None), ())
        samples = np.zeros((*lead, self.size), np.float32)
        for part in self.parts:
            points = landmarks.get(part.name)
            if points is not None:
                self.view(samples, part.name)[...] = points[..., : part.points, : len(part.fields)]
        return samples

    def pick(self, *names: str) -> Layout:
        """The layout of only these parts, in this layout's order."""
        return Layout(tuple(part for part in self.parts if part.name in names))

    def narrow(self, samples: Array, *names: str) -> Array:
        """Samples (..., size) -> only the columns of these parts, in this layout's order: (..., pick(*names).size)."""
        return np.concatenate([samples[..., self.slices[part.name]] for part in self.pick(*names).parts], axis=-1)

    def widen(self, samples: Array) -> Array:
        """Samples (..., k) of fewer parts -> (..., size) float32 with zeros for the rest.

        k is told apart by its size: all parts, all but the first of the missing ones, and so on; for holistic
        frames 1662, 258 (no face) and 126 (hands only).

        Raises:
            InputError: no subset of the known ones has k columns.
        """
        for names in SUBSETS:
            part = self.pick(*names)
            if samples.shape[-1] == part.size:
                return self.assemble({p.name: part.view(samples, p.name) for p in part.parts})
        sizes = ", ".join(str(self.pick(*names).size) for names in SUBSETS)
        raise InputError(f"frames have {samples.shape[-1]} values; known are {sizes}")


HOLISTIC = Layout(
    (
        Part("pose", 33, ("x", "y", "z", "visibility"), POSE_NAMES, POSE_STROKES),
        Part("face", 468, strokes=FACE_STROKES),
        Part("left_hand", 21, names=HAND_NAMES, strokes=HAND_STROKES),
        Part("right_hand", 21, names=HAND_NAMES, strokes=HAND_STROKES),
    )
)
"""1662 = pose 33 x (x, y, z, visibility), face 468 x (x, y, z), left hand 21 x 3, right hand 21 x 3, with x and y
in image widths and heights."""
SUBSETS: Sequence[tuple[str, ...]] = (
    ("pose", "face", "left_hand", "right_hand"),
    ("pose", "left_hand", "right_hand"),
    ("left_hand", "right_hand"),
)
