"""Names, constants and measurements of the body that the transforms share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from handsign.landmarks.holistic import HAND_NAMES

if TYPE_CHECKING:
    from handsign.landmarks.layout import Layout, Part
    from handsign.types import Array


SIDES = ("left", "right")

HANDS = ("left_hand", "right_hand")

FINGERS = 5

JOINTS = (len(HAND_NAMES) - 1) // FINGERS
"""Landmarks of one finger; a hand has the wrist besides."""

ARM = ("elbow", "wrist", "pinky", "index", "thumb")
"""The pose's landmarks of an arm below the shoulder."""

ANCHORS = {"left_hand": "left_wrist", "right_hand": "right_wrist", "face": "nose"}
"""The pose landmark at which, approximately, z of a hand or of the face is 0."""

Z_SCALE = {"pose": 0.4}
"""Image widths per unit of z, by part; 1 for the parts not listed. MediaPipe overestimates the depth of the pose:
with 0.4 to 0.5 the lengths of the upper and lower arms in house_no_yes, korean_13 (sets 0 and 1) and asl_words vary
least."""

ASPECT = 0.75
"""Assumed image height in image widths, which samples do not record; webcams and phones mostly give 4:3 or 16:9."""

DENSE = 100
"""A part with more landmarks than this is treated as a face."""

SHOULDER_WIDTH = 0.3
"""Image widths between the shoulders where no pose was found: a person at a webcam."""


def swap_side(name: str) -> str:
    """The name of the same landmark or part on the other side; the same name where it has no side.

    >>> swap_side("right_hand"), swap_side("mouth_left"), swap_side("nose")
    ('left_hand', 'mouth_right', 'nose')
    """
    return "_".join({"left": "right", "right": "left"}.get(word, word) for word in name.split("_"))


def pose_index(layout: Layout, landmark: str) -> int:
    """The index of a landmark in the layout's pose."""
    return next(part for part in layout.parts if part.name == "pose").names.index(landmark)


def arm_indices(layout: Layout, side: str) -> list[int]:
    """The indices in the layout's pose of the landmarks of `ARM`, on one side."""
    return [pose_index(layout, f"{side}_{joint}") for joint in ARM]


def measure_shoulders(window: Array, layout: Layout) -> tuple[Array, float]:
    """The midpoint (3,) of the shoulders and their distance in image widths, of the mean of the poses found.

    Without any, the centre of the image and `SHOULDER_WIDTH`.
    """
    if "pose" in layout.slices:
        pose = layout.view(window, "pose")[layout.present(window, "pose")]
        if len(pose):
            left, right = (pose[:, pose_index(layout, f"{side}_shoulder"), :3].mean(axis=0) for side in SIDES)
            return (left + right) / 2, float(np.hypot(*((left - right)[:2] * (1, ASPECT))))
    return np.array([0.5, 0.5, 0], np.float32), SHOULDER_WIDTH


def z_origin(points: Array, part: Part) -> Array:
    """The x (T,) of the point at which z is 0, of the landmarks (T, points, 3) of a part.

    The midpoint of the hips for a pose, the wrist for a hand, about the centre of a face (MediaPipe's documentation).
    """
    if "left_hip" in part.names:
        return points[:, [part.names.index("left_hip"), part.names.index("right_hip")], 0].mean(axis=1)
    return points[..., 0].mean(axis=1) if part.points > DENSE else points[:, 0, 0]


def depth_behind_shoulders(window: Array, layout: Layout, part: Part, shoulder_z: float) -> Array | float:
    """The distance (T,) in image widths by which z = 0 of a part lies behind the shoulders.

    shoulder_z  z of the midpoint of the shoulders in the pose
    """
    if part.name == "pose":
        return -shoulder_z * Z_SCALE["pose"]
    if part.name not in ANCHORS or "pose" not in layout.slices:
        return 0.0
    z = layout.view(window, "pose")[:, pose_index(layout, ANCHORS[part.name]), 2]
    return np.where(layout.present(window, "pose"), z - shoulder_z, 0) * Z_SCALE["pose"]


def rotation(yaw: float, roll: float) -> Array:
    """A matrix (3, 3) to multiply rows (right, down, back) with: yaw about the vertical axis, then roll in the image.

    Both angles in radians.
    """
    (cos, sin), (cos_roll, sin_roll) = ((np.cos(angle), np.sin(angle)) for angle in (yaw, roll))
    about = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    return about @ np.array([[cos_roll, sin_roll, 0], [-sin_roll, cos_roll, 0], [0, 0, 1]])
