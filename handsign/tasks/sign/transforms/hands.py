"""Transforms of arms and hands: what a hand that does not sign may do, and what the landmark detector gets wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from handsign.landmarks.holistic import HOLISTIC
from handsign.tasks.sign.transforms.body import (
    ARM,
    ASPECT,
    FINGERS,
    JOINTS,
    arm_indices,
    measure_shoulders,
    pose_index,
    rotation,
    swap_side,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handsign.landmarks.layout import Layout
    from handsign.types import Array


MIN_PRESENCE = 0.25
"""A hand found in a smaller share of a window's samples counts as idle: it was found by mistake, if at all."""


def copy_arm(window: Array, source: Array, side: str, layout: Layout = HOLISTIC) -> Array:
    """A window (T, layout.size) in which one arm, with its hand, moves as in `source` (T, layout.size).

    The arm is attached to the shoulder in `window` and scaled to its body. Samples without a pose in either window are
    left unchanged.

    side  "left" or "right"
    """
    if "pose" not in layout.slices:
        return window
    new = window.copy()
    scale = measure_shoulders(window, layout)[1] / max(measure_shoulders(source, layout)[1], 1e-6)
    both = layout.present(window, "pose") & layout.present(source, "pose")
    pose, source_pose = layout.view(new, "pose"), layout.view(source, "pose")
    shoulder, arm = pose_index(layout, f"{side}_shoulder"), arm_indices(layout, side)
    to, origin = pose[both][:, [shoulder], :3], source_pose[both][:, [shoulder], :3]
    moved = source_pose[both][:, arm]
    moved[..., :3] = to + (moved[..., :3] - origin) * scale
    pose[np.ix_(both, arm)] = moved
    hand = f"{side}_hand"
    if hand in layout.slices:
        points = layout.view(source, hand)[both] * np.float32(scale)
        points[..., :2] += to[..., :2] - origin[..., :2] * scale
        points[~layout.present(source, hand)[both]] = 0
        layout.view(new, hand)[both] = points
    return new


def drop_part(window: Array, layout: Layout, part: str, start: int, stop: int) -> Array:
    """A window (T, layout.size) in which a part is missing (zeros) in the samples start, ..., stop - 1."""
    dropped = window.copy()
    dropped[start:stop, layout.slices[part]] = 0
    return dropped


def move_idle_arm(window: Array, layout: Layout, hand: str, shift: Sequence[float] | Array) -> Array:
    """A window (T, layout.size) in which the arm of an idle hand (`MIN_PRESENCE`) is elsewhere, without that hand.

    The window itself where the hand is not idle, or the layout has no pose.

    shift  of the wrist and the pose's fingers, (right, down) in shoulder widths; the elbow moves half as far
    """
    if "pose" not in layout.slices or layout.present(window, hand).mean() >= MIN_PRESENCE:
        return window
    new, arm = drop_part(window, layout, hand, 0, len(window)), arm_indices(layout, hand.removesuffix("_hand"))
    share = np.array([[0.5]] + [[1]] * (len(ARM) - 1)) * measure_shoulders(window, layout)[1]
    moved = (share * shift / (1, ASPECT)).astype(np.float32)
    xy, found = layout.view(new, "pose")[..., :2], np.flatnonzero(layout.present(window, "pose"))
    xy[np.ix_(found, np.array(arm))] += moved
    return new


def add_idle_hand(window: Array, layout: Layout, hand: str, at: int, turn: float, keep: Array) -> Array:
    """A window (T, layout.size) in which an idle hand (`MIN_PRESENCE`) is visible, still, at its wrist of the pose.

    It fills the samples in which the hand was not found. Its shape is that of the other hand, mirrored. The window
    itself where the hand is not idle, the other hand was not found in sample `at`, or the layout lacks the pose or the
    other hand.

    at    the sample from which the other hand's shape is taken
    turn  rotation of the shape in the image, in radians
    keep  (5,) factors of the lengths of the fingers, the thumb first
    """
    other, found = swap_side(hand), layout.present(window, hand)
    if "pose" not in layout.slices or other not in layout.slices or found.mean() >= MIN_PRESENCE:
        return window
    if not layout.present(window, other)[at]:
        return window
    shape = _idle_shape(layout.view(window, other)[at], turn, keep)
    new, empty = window.copy(), layout.present(window, "pose") & ~found
    wrist = layout.view(window, "pose")[empty][:, [pose_index(layout, f"{hand.removesuffix('_hand')}_wrist")], :2]
    points = np.repeat(shape[None].astype(np.float32), len(wrist), axis=0)
    points[..., :2] += wrist
    layout.view(new, hand)[empty] = points
    return new


def _idle_shape(hand: Array, turn: float, keep: Array) -> Array:
    """A hand (21, 3) mirrored, with fingers `keep` (5,) times as long, turned about its wrist, which is at 0."""
    shape = (hand - hand[0]) * (-1, ASPECT, 1)
    fingers = shape[1:].reshape(FINGERS, JOINTS, 3)
    fingers[:, 1:] = fingers[:, :1] + (fingers[:, 1:] - fingers[:, :1]) * keep[:, None, None]
    return shape @ rotation(0, turn) / (1, ASPECT, 1)


def fold_finger(window: Array, layout: Layout, hand: str, finger: int, keep: Array) -> Array:
    """A window (T, layout.size) in which one finger is shortened towards its first joint.

    finger  0 (thumb) to 4 (little finger)
    keep    (T,) factors of its length
    """
    folded = window.copy()
    points = layout.view(folded, hand)[:, 1 + finger * JOINTS : 1 + (finger + 1) * JOINTS]
    points[:, 1:] = points[:, :1] + (points[:, 1:] - points[:, :1]) * keep[:, None, None].astype(window.dtype)
    return folded
