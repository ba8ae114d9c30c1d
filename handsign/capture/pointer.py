"""The mouse pointer over a window as a source."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from handsign.capture.source import Frame, Source

if TYPE_CHECKING:
    from handsign.types import Array


class Pointer(Source):
    """The position of the mouse as samples (2,) float32: x, y in 0..1 of the image; zeros before its first movement.

    Call `move` for every movement. Movements and frames have different clocks, so the position is interpolated at the
    time of the frame; otherwise its speed would be wrong. A frame lies `DELAY` seconds in the past, so that the
    movement after it is already known.
    """

    DELAY = 0.02
    name = "pointer"
    live = knows_samples = True
    wait = 0.008

    def __init__(self, size: tuple[int, int], clock: Callable[[], float] = time.perf_counter) -> None:
        self.size, self.rate = size, 60.0
        self._clock, self._image = clock, np.full((size[1], size[0], 3), 24, np.uint8)
        self._moves: deque[tuple[float, float, float]] = deque(maxlen=1000)

    @property
    def mirror(self) -> bool:
        """False: a mirrored image would move against the mouse."""
        return False

    def move(self, x: float, y: float) -> None:
        """Record that the mouse moved to pixel (x, y) of the image."""
        width, height = self.size
        self._moves.append((self._clock(), min(max(x / (width - 1), 0), 1), min(max(y / (height - 1), 0), 1)))

    def __iter__(self) -> Iterator[Frame]:
        start = self._clock()
        while True:
            at = self._clock() - self.DELAY
            yield Frame(self._image, at - start, self._sample(at))

    def _sample(self, at: float) -> Array:
        """The position (2,) at time `at`, linearly interpolated; earlier movements are forgotten."""
        if not self._moves:
            return np.zeros(2, np.float32)
        while len(self._moves) > 1 and self._moves[1][0] <= at:
            self._moves.popleft()
        moves = np.array(self._moves)
        return np.array([np.interp(at, moves[:, 0], moves[:, i]) for i in (1, 2)], np.float32)
