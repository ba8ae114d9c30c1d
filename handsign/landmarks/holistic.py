"""The 1662 columns of a holistic sample (`HOLISTIC`); `detector.Holistic` extracts such samples from images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from handsign.landmarks.layout import Layout, Part

if TYPE_CHECKING:
    from handsign.types import Array


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

# Strokes are polylines of landmark indices. Their segments are MediaPipe's POSE_CONNECTIONS, HAND_CONNECTIONS and
# FACEMESH_CONTOURS (tests compare them). One cv2.polylines call draws many polylines, quicker than many segments.
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

HOLISTIC = Layout(
    (
        Part("pose", 33, ("x", "y", "z", "visibility"), POSE_NAMES, POSE_STROKES),
        Part("face", 468, strokes=FACE_STROKES),
        Part("left_hand", 21, names=HAND_NAMES, strokes=HAND_STROKES),
        Part("right_hand", 21, names=HAND_NAMES, strokes=HAND_STROKES),
    )
)
"""1662 columns: pose 33 x (x, y, z, visibility), face 468 x (x, y, z), left hand 21 x 3, right hand 21 x 3.

x and y are relative to the image's width and height, z roughly to its width (smaller is nearer), visibility is 0..1.
"""


def fingertip(samples: Array) -> Array:
    """The tip (x, y) of an index finger in holistic samples (..., 1662): (..., 2) float32, relative to the image size.

    That of the right hand if it was detected, else of the left hand, else (0, 0), which means a missing point.
    A detected tip is clipped to 1e-4..1, so that it is never (0, 0).

    >>> sample = np.zeros(1662, np.float32)
    >>> HOLISTIC.view(sample, "left_hand")[HAND_NAMES.index("index_finger_tip")] = 0.5, 0.25, 0
    >>> fingertip(sample).tolist()
    [0.5, 0.25]
    """
    point = np.zeros((*samples.shape[:-1], 2), np.float32)
    for side in ("left_hand", "right_hand"):
        tip = HOLISTIC.view(samples, side)[..., HAND_NAMES.index("index_finger_tip"), :2]
        present = HOLISTIC.present(samples, side)[..., None]
        point = np.where(present, np.clip(tip, 1e-4, 1.0), point)
    return point.astype(np.float32)
