"""Strikes without anything learned: the body's white silhouette before its background, and where it reaches out.

The way of "Playing Mortal Kombat with JavaScript" (Minko Gechev, 2012), which came before the networks: a picture of
the background, the difference to it, its row and column histograms. OpenCV's background subtraction finds the
difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from handsign.goals import is_rest

Array = np.ndarray[Any, Any]
NONE, SQUAT = "none", "squat"
ACTIONS = ("left kick", "left punch", NONE, "right kick", "right punch", SQUAT, "step left", "step right")
"""What it tells apart, in alphabetical order; left is that of whoever faces the camera."""
LEARN = 20
"""Pictures of the background at the start, two seconds of them."""
LEAST = 0.01
"""The share of the picture under which a silhouette is nobody."""
REACH = 0.18
"""How far an arm or leg is beyond the trunk, in heights of the standing body."""
LOW = 0.8
"""The share of the standing height under which somebody squats."""
SHIFT = 0.25
"""How far to the side a step goes, in heights of the standing body."""
FORGET = 0.02
"""How quickly the place where somebody stands follows them."""


class Silhouette:
    """Pictures (H, W, 3) in 0..255, one after the other -> a name of `ACTIONS` each.

    `background` is a picture of the room with nobody in it; without one, the first `LEARN` pictures are taken for that.
    """

    def __init__(self, background: Array | None = None) -> None:
        self._subtractor = cv2.createBackgroundSubtractorMOG2(LEARN, 40, detectShadows=False)
        self._seen = 0
        self._tall = 0.0
        self._place: float | None = None
        if background is not None:
            self._subtractor.apply(background.astype(np.uint8), learningRate=1.0)
            self._seen = LEARN

    def __call__(self, picture: Array) -> str:
        """What is done in the next picture."""
        learning = self._seen < LEARN
        self._seen += 1
        white = self._subtractor.apply(picture.astype(np.uint8), learningRate=1 / self._seen if learning else 0.0)
        body = None if learning else largest(white > 0)
        if body is None:
            return NONE
        rows, columns = np.flatnonzero(body.any(axis=1)), body.sum(axis=0)
        height = float(rows[-1] - rows[0] + 1)
        self._tall = max(0.999 * self._tall, height)
        trunk = np.flatnonzero(columns >= columns.max() / 2)
        return self._judge(body, rows[0], height, int(trunk[0]), int(trunk[-1]))

    def _judge(self, body: Array, top: int, height: float, left: int, right: int) -> str:
        """What a silhouette (H, W) bool does, whose trunk is between the columns `left` and `right`."""
        middle = (left + right) / 2
        place = self._place = middle if self._place is None else self._place + FORGET * (middle - self._place)
        if height < LOW * self._tall:
            return SQUAT
        sides = {"right": body[:, :left], "left": body[:, right + 1 :]}  # of the body, which faces the camera
        reach = {side: float(beyond.any(axis=0).sum()) for side, beyond in sides.items()}
        side = max(reach, key=lambda name: reach[name])
        if reach[side] > REACH * self._tall:
            level = (np.flatnonzero(_far(sides[side], side).any(axis=1)).mean() - top) / height
            return f"{side} {'punch' if level < 0.5 else 'kick'}"
        if abs(middle - place) > SHIFT * self._tall:
            return f"step {'left' if middle > place else 'right'}"
        return NONE


def _far(beyond: Array, side: str) -> Array:
    """The outer half of what is beyond the trunk at a side: the hand or the foot."""
    columns = np.flatnonzero(beyond.any(axis=0))
    half = columns[: (len(columns) + 1) // 2] if side == "right" else columns[len(columns) // 2 :]
    return beyond[:, half]


def largest(white: Array) -> Array | None:
    """The largest piece (H, W) bool of a mask (H, W) bool; None if it is nobody."""
    closed = cv2.morphologyEx(white.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    count, pieces, facts, _ = cv2.connectedComponentsWithStats(closed)
    if count < 2:
        return None
    best = 1 + int(facts[1:, cv2.CC_STAT_AREA].argmax())
    return pieces == best if facts[best, cv2.CC_STAT_AREA] >= LEAST * white.size else None


def predictor() -> Any:
    """Windows (n, T, H, W, 3), one after the other -> (n, len(ACTIONS)) float32: one for what it is, else zero."""
    judge = Silhouette()

    def predict(x: Array) -> Array:
        return np.eye(len(ACTIONS), dtype=np.float32)[[ACTIONS.index(judge(window[-1])) for window in x]]

    return predict


def label_of(action: str, labels: Sequence[str]) -> str | None:
    """Which of other labels an action of ours is, if any: 'left punch' is that, else 'punches'; none is rest."""
    words = [action, *action.split()]
    if action == NONE:
        return next((label for label in labels if is_rest(label) or label.casefold().startswith("stand")), None)
    return next((label for word in words for label in labels if label.casefold().startswith(word)), None)
