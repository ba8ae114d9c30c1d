"""Transforms in space: mirrored, from another viewpoint, of another body, with noise."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from handsign.landmarks.holistic import HOLISTIC
from handsign.tasks.sign.transforms.body import (
    ASPECT,
    DENSE,
    HANDS,
    SIDES,
    Z_SCALE,
    arm_indices,
    depth_behind_shoulders,
    measure_shoulders,
    pose_index,
    rotation,
    swap_side,
    z_origin,
)

if TYPE_CHECKING:
    from handsign.landmarks.layout import Layout
    from handsign.types import Array


def mirror(window: Array, layout: Layout = HOLISTIC) -> Array:
    """A window (T, layout.size) mirrored: x becomes 1 - x, and left and right parts and landmarks are swapped.

    Sides are known by names. The face's landmarks have none and keep their indices, so the index of the right corner of
    the mouth is then at the left one.
    """
    mirrored = window.copy()
    for part in layout.parts:
        twin, order = swap_side(part.name), _mirrored_order(part.names)
        points, source = layout.view(mirrored, part.name), twin if twin in layout.slices else part.name
        if source != part.name or order:
            points[...] = layout.view(window, source)[:, order or slice(None)]
        found = layout.present(window, source)
        points[found, :, 0] = 1 - points[found, :, 0]
    return mirrored


@lru_cache(maxsize=32)
def _mirrored_order(names: tuple[str, ...]) -> list[int]:
    """For each landmark the index of the one on the other side; empty where no landmark has a side."""
    order = [names.index(swap_side(name)) for name in names]
    return order if order != sorted(order) else []


def change_view(
    window: Array,
    layout: Layout = HOLISTIC,
    yaw: float = 0.0,
    roll: float = 0.0,
    scale: float = 1.0,
    shift: tuple[float, float] = (0.0, 0.0),
) -> Array:
    """A window (T, layout.size) of the same body, turned, seen by a tilted camera, at another distance and place.

    yaw    radians about the vertical axis through the midpoint of the shoulders; positive turns the front of the body
           to the left of the image
    roll   radians about that midpoint in the image, clockwise
    scale  factor about the centre of the image
    shift  (right, down) in image widths and heights
    """
    moved, (centre, _), turn = window.copy(), measure_shoulders(window, layout), rotation(yaw, roll)
    to = (centre[:2] - 0.5) * scale + 0.5 + shift
    for part in layout.parts:
        found = layout.present(window, part.name)
        if not found.any():
            continue
        points = layout.view(moved, part.name)[..., :3]
        unit = np.array([1, ASPECT, Z_SCALE.get(part.name, 1.0)])
        linear = (scale * unit[:, None] * turn / unit).astype(np.float32)
        pivot = np.empty((len(window), 3), np.float32)
        pivot[:, :2], pivot[:, 2] = centre[:2], -depth_behind_shoulders(window, layout, part, centre[2]) / unit[2]
        added = -pivot @ linear
        added[:, :2] += to
        added[:, 2] = -z_origin(points, part) * linear[0, 2]  # z stays 0 at the part's own origin
        turned = points @ linear
        for axis in range(3):  # three times as fast as broadcasting along so short an axis
            points[..., axis] = turned[..., axis] + added[:, axis, None]
        points[~found] = 0
    return moved


def change_proportions(
    window: Array, layout: Layout = HOLISTIC, height: float = 1.0, arms: float = 1.0, depth: float = 1.0
) -> Array:
    """A window (T, layout.size) of a body of other proportions, or of a camera with another aspect ratio.

    height  factor of y about the centre of the image
    arms    factor of the length of the arms, from the shoulders; the hands move with the wrists and keep their size
    depth   factor of z
    """
    new = window.copy()
    wrist_shifts = {side: _scale_arm(new, layout, side, arms) for side in SIDES} if "pose" in layout.slices else {}
    for part in layout.parts:
        points, found = layout.view(new, part.name), layout.present(window, part.name)
        if part.name in HANDS and wrist_shifts:
            points[..., :2] += wrist_shifts[part.name.removesuffix("_hand")][:, None]
        points[..., 1] = (points[..., 1] - 0.5) * height + 0.5
        points[..., 2] *= depth
        points[~found] = 0
    return new


def _scale_arm(samples: Array, layout: Layout, side: str, factor: float) -> Array:
    """Scale the length of one arm of the pose in place; return the shift (T, 2) of its wrist."""
    pose = layout.view(samples, "pose")
    shoulder, wrist = (pose_index(layout, f"{side}_{joint}") for joint in ("shoulder", "wrist"))
    arm = arm_indices(layout, side)
    before = pose[:, wrist, :2].copy()
    pose[:, arm, :3] += (pose[:, arm, :3] - pose[:, [shoulder], :3]) * np.float32(factor - 1)
    return pose[:, wrist, :2] - before


def add_noise(window: Array, layout: Layout, std: float, rng: np.random.Generator) -> Array:
    """A window (T, layout.size) with Gaussian noise of standard deviation `std`, in image widths, in x, y and z.

    Independent between landmarks, with a correlation of 0.5 between consecutive samples; none in the face (`DENSE`).
    """
    noisy, stds = window.copy(), np.array([1, 1 / ASPECT, 1]) * std / np.sqrt(2)
    for part in layout.parts:
        points, found = layout.view(noisy, part.name), layout.present(window, part.name)
        if part.points > DENSE or not found.any():
            continue
        noise = rng.standard_normal((3, len(window) + 1, part.points), np.float32)
        for axis in range(3):
            points[..., axis] += (noise[axis, 1:] + noise[axis, :-1]) * (found * stds[axis]).astype(np.float32)[:, None]
    return noisy
