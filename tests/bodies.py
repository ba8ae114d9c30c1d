"""A window of landmarks to transform, and what tests measure in such windows."""

from __future__ import annotations

import numpy as np

from handsign.landmarks.holistic import HAND_NAMES, HOLISTIC, POSE_NAMES
from handsign.tasks.sign.transforms.body import ANCHORS, ASPECT, HANDS, Z_SCALE

PARTS = [part.name for part in HOLISTIC.parts]

BONES = [(11, 12), (11, 13), (13, 15), (12, 14), (14, 16)]
"""Pairs of pose landmarks: the shoulders, the upper arms and the lower arms."""


def make_window():
    """A window (30, 1662) float32 of a body that moves; the left hand is missing at first, the face at the end."""
    rng = np.random.default_rng(0)
    body = rng.uniform(0.3, 0.7, HOLISTIC.size) + 0.05 * np.sin(np.arange(30)[:, None] / 4 + rng.uniform(0, 6, 1662))
    samples = body.astype(np.float32)
    pose = HOLISTIC.view(samples, "pose")
    pose[:, POSE_NAMES.index("left_shoulder"), :3] = 0.65, 0.5, -0.2
    pose[:, POSE_NAMES.index("right_shoulder"), :3] = 0.35, 0.5, -0.2
    for hip in ("left_hip", "right_hip"):
        pose[:, POSE_NAMES.index(hip), 2] = 0
    for hand, wrist in ANCHORS.items():
        if hand in HANDS:
            points = HOLISTIC.view(samples, hand)
            points[..., :2] = points[..., :2] / 5 + landmark(samples, "pose", wrist)[:, None, :2]
            points[:, 0, :2], points[:, 0, 2] = landmark(samples, "pose", wrist)[:, :2], 0
    samples[:12, HOLISTIC.slices["left_hand"]] = 0
    samples[20:, HOLISTIC.slices["face"]] = 0
    return samples


def landmark(window, part, name):
    """One landmark (T, fields) of a window (T, 1662), by name."""
    names = POSE_NAMES if part == "pose" else HAND_NAMES
    return HOLISTIC.view(window, part)[:, names.index(name)]


def found_parts(window):
    """(parts, T) bool: where each part was found in a window (T, 1662)."""
    return np.stack([HOLISTIC.present(window, part) for part in PARTS])


def bone_lengths(window):
    """Bone lengths (T, bones) in space, in image widths."""
    pose = HOLISTIC.view(window, "pose")[..., :3] * (1, ASPECT, Z_SCALE["pose"])
    return np.stack([np.linalg.norm(pose[:, i] - pose[:, j], axis=-1) for i, j in BONES], axis=1)
