"""Reader of `.pose` files (sign-language-processing/pose)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handsign import limits
from handsign.data.take import Take, TakeInfo
from handsign.errors import InputError
from handsign.landmarks.holistic import HOLISTIC, POSE_NAMES
from handsign.reading import read_bytes

if TYPE_CHECKING:
    from pose_format import Pose

    from handsign.types import Array


def read_pose(path: Path) -> Iterator[Take]:
    """Yield the one take of a `.pose` file of MediaPipe Holistic: samples (T, 1662); its folder's name is the action.

    x and y, in pixels, are divided by the width and height in the header. z is stored as MediaPipe gives it
    (pose_format.utils.holistic), 0 at the midpoint of the hips; in files that were shifted since, it is shifted back.
    Of 478 face landmarks the last ten, the irises, are dropped.

    Raises:
        InputError: the file cannot be read, or is too large.
        Exception: whatever pose-format raises for a damaged file or one that lacks a part; `parsing` is around it.
    """
    from pose_format import Pose

    pose = Pose.read(read_bytes(path, limits.TEXT_BYTES))
    size, rate = pose.header.dimensions, pose.body.fps
    if not (size.width > 0 and size.height > 0 and 0 < rate < math.inf):
        raise InputError(f"its header claims {size.width} x {size.height} pixels and {rate} frames a second")
    with np.errstate(all="ignore"):  # `Format.checked` refuses what is not finite
        samples = _samples(pose)
    info = TakeInfo(action=path.parent.name, rate=rate, frame_size=(size.width, size.height), extractor="pose-format")
    yield Take(samples, np.arange(len(samples)) / rate, info, str(path))


def _samples(pose: Pose) -> Array:
    """The samples (T, 1662) of the first person."""
    size = pose.header.dimensions
    data = pose.body.data[:, 0] / np.array([size.width, size.height, 1.0])
    confidence, start, points = pose.body.confidence[:, 0, :, None], 0, {}
    for component in pose.header.components:
        part = component.name.removesuffix("_LANDMARKS").lower()
        points[part] = slice(start, start := start + len(component.points))
    hips = data[:, points["pose"]][:, [POSE_NAMES.index("left_hip"), POSE_NAMES.index("right_hip")], 2]
    data[..., 2] -= np.ma.filled(np.ma.median(hips), 0.0)
    values = np.concatenate([np.ma.filled(data, 0.0), confidence], axis=2)
    landmarks = {part: values[:, at] * confidence[:, at].any(axis=1, keepdims=True) for part, at in points.items()}
    return HOLISTIC.assemble({part.name: landmarks[part.name] for part in HOLISTIC.parts})
