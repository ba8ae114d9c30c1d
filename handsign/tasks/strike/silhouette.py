"""Strikes by rules, without training: background subtraction, and how far the silhouette extends beyond the trunk.

After "Playing Mortal Kombat with JavaScript" (Minko Gechev, 2012): subtract an image of the background, and look at the
row and column histograms of the rest. The subtraction is OpenCV's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from handsign.data.take import is_rest

if TYPE_CHECKING:
    from handsign.types import Array, Predict


NONE, SQUAT = "none", "squat"

ACTIONS = ("left kick", "left punch", NONE, "right kick", "right punch", SQUAT, "step left", "step right")
"""The classes, in alphabetical order; left is the left of the person, who faces the camera."""

BACKGROUND_IMAGES = 20
"""Images at the start that show the background: two seconds."""

MIN_AREA = 0.01
"""Share of the image's pixels of the smallest silhouette."""

MIN_REACH = 0.18
"""Columns that an arm or leg covers beyond the trunk, in heights of the standing body."""

SQUAT_HEIGHT = 0.8
"""Share of the standing height below which the person squats."""

STEP_DISTANCE = 0.25
"""Distance of a step from the standing position, in heights of the standing body."""

POSITION_RATE = 0.02
"""Weight of a new image in the moving average of the standing position."""


class SilhouetteClassifier:
    """Classify consecutive images (H, W, 3) in 0..255 of one camera, each as one of `ACTIONS`.

    `background` is an image of the room without a person; if it is None, the first `BACKGROUND_IMAGES` images are.
    """

    def __init__(self, background: Array | None = None) -> None:
        self._subtractor = cv2.createBackgroundSubtractorMOG2(BACKGROUND_IMAGES, 40, detectShadows=False)
        self._count = 0
        self._standing_height = 0.0
        self._position: float | None = None
        if background is not None:
            self._subtractor.apply(background.astype(np.uint8), learningRate=1.0)
            self._count = BACKGROUND_IMAGES

    def __call__(self, image: Array) -> str:
        """The action in the next image (H, W, 3)."""
        learning = self._count < BACKGROUND_IMAGES
        self._count += 1
        mask = self._subtractor.apply(image.astype(np.uint8), learningRate=1 / self._count if learning else 0.0)
        body = None if learning else largest_component(mask > 0)
        if body is None:
            return NONE
        rows, columns = np.flatnonzero(body.any(axis=1)), body.sum(axis=0)
        height = float(rows[-1] - rows[0] + 1)
        self._standing_height = max(0.999 * self._standing_height, height)
        trunk = np.flatnonzero(columns >= columns.max() / 2)
        return self._classify(body, rows[0], height, int(trunk[0]), int(trunk[-1]))

    def _classify(self, body: Array, top: int, height: float, left: int, right: int) -> str:
        """The action of a silhouette (H, W) bool from row `top` on, with the trunk in the columns `left` to `right`."""
        middle = (left + right) / 2
        last = middle if self._position is None else self._position
        position = self._position = last + POSITION_RATE * (middle - last)
        if height < SQUAT_HEIGHT * self._standing_height:
            return SQUAT
        sides = {"right": body[:, :left], "left": body[:, right + 1 :]}  # the person's, who faces the camera
        reach = {side: float(beyond.any(axis=0).sum()) for side, beyond in sides.items()}
        side = max(reach, key=lambda name: reach[name])
        if reach[side] > MIN_REACH * self._standing_height:
            level = (np.flatnonzero(_outer_half(sides[side], side).any(axis=1)).mean() - top) / height
            return f"{side} {'punch' if level < 0.5 else 'kick'}"
        if abs(middle - position) > STEP_DISTANCE * self._standing_height:
            return f"step {'left' if middle > position else 'right'}"
        return NONE


def _outer_half(beyond: Array, side: str) -> Array:
    """The outer half of the columns, beyond the trunk at a side, that the silhouette covers: the hand or the foot."""
    columns = np.flatnonzero(beyond.any(axis=0))
    half = columns[: (len(columns) + 1) // 2] if side == "right" else columns[len(columns) // 2 :]
    return beyond[:, half]


def largest_component(mask: Array) -> Array | None:
    """The largest connected component (H, W) bool of a mask (H, W) bool; None if it is smaller than `MIN_AREA`."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, components, statistics, _ = cv2.connectedComponentsWithStats(closed)
    if count < 2:
        return None
    best = 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax())
    return components == best if statistics[best, cv2.CC_STAT_AREA] >= MIN_AREA * mask.size else None


def predictor() -> Predict:
    """A `SilhouetteClassifier` as a model: consecutive windows (n, T, H, W, 3) -> one-hot (n, len(ACTIONS)) float32."""
    classify = SilhouetteClassifier()

    def predict(x: Array) -> Array:
        return np.eye(len(ACTIONS), dtype=np.float32)[[ACTIONS.index(classify(window[-1])) for window in x]]

    return predict


def matching_label(action: str, labels: Sequence[str]) -> str | None:
    """The first of `labels` that begins with the action, or with a word of it; for `NONE` one that means rest.

    None if there is none.

    >>> matching_label("left punch", ["kick", "punching"])
    'punching'
    """
    words = [action, *action.split()]
    if action == NONE:
        return next((label for label in labels if is_rest(label) or label.casefold().startswith("stand")), None)
    return next((label for word in words for label in labels if label.casefold().startswith(word)), None)
