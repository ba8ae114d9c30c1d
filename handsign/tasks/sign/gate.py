"""The gate of the sign task: predict only while a hand is raised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from handsign.landmarks.holistic import HOLISTIC, POSE_NAMES

if TYPE_CHECKING:
    from handsign.types import Array


WAIST = 0.6
"""The height below which a hand counts as lowered, as a share of the way from the shoulders (0) to the hips (1)."""

MIN_RAISED = 0.1
"""The share of a window's frames in which a hand has to be raised for the gate to open."""

MIN_VISIBILITY = 0.5
"""MediaPipe's visibility above which a wrist of the pose counts."""


def gate(window: Array) -> bool:
    """Whether a hand is above the waist in at least `MIN_RAISED` of the frames of a window (T, 1662).

    Counted are the highest landmark of a hand and, in case the hand was not found, the wrist of the pose if visible.
    The waist is measured along the trunk, not in shoulder widths: both being heights, the comparison does not depend on
    the image's aspect ratio or the body's yaw. Without an upright person every hand found counts as raised. Motion is
    not required: a sign may be held still, and hands in recorded rest move more than signing ones (docs/DESIGN.md).
    """
    pose = HOLISTIC.view(window, "pose")
    body = pose[HOLISTIC.present(window, "pose"), :, 1]
    shoulders, hips = (body[:, _pair(joint)].mean(axis=1) for joint in ("shoulder", "hip"))
    upright = len(body) > 0 and np.median(hips - shoulders) > 0
    waist = np.median(shoulders + WAIST * (hips - shoulders)) if upright else np.inf
    wrists = pose[:, _pair("wrist")]
    lowest = min(waist, 1.0)  # 1 is the lower edge of the image
    raised = ((wrists[..., 3] > MIN_VISIBILITY) & (wrists[..., 1] < lowest)).any(axis=1)
    for side in ("left_hand", "right_hand"):
        raised |= HOLISTIC.present(window, side) & (HOLISTIC.view(window, side)[..., 1].min(axis=1) < waist)
    return bool(raised.mean() >= MIN_RAISED)


def _pair(joint: str) -> list[int]:
    """The indices in the pose of the left and the right landmark of a joint."""
    return [POSE_NAMES.index(f"{side}_{joint}") for side in ("left", "right")]
