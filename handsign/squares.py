"""Films of moving squares, to learn from without a camera: those of a Keras example, drawn all at once.

From `examples/conv_lstm.py` of Keras 1 and 2, "This script demonstrates the use of a convolutional LSTM network".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
FRAMES = 15
SIDE = 40
"""Pixels of a picture's side. Squares begin inside and leave; the example draws on 80 x 80 and cuts out the middle."""
SQUARES = (3, 7)
"""Fewest and most squares in a film."""
HALF_WIDTHS = (2, 3)
NOISE = 0.1
"""What is added to, or taken from, a square and the pixels around it, in half of the pictures."""
AT_ONCE = 32
"""Films drawn in one go: what they take stays in the cache."""


@dataclass(frozen=True, eq=False)
class Scenes:
    """What happens in n films, for up to m squares each, in pixels of the picture (row, column).

    start  (2, n, m) int where the squares are in the first picture; step (2, n, m) int how far they go in each
    half   (n, m) int half of their sides
    there  (n, m) bool which of them there are
    noise  (n, frames, m) float32 what is added to them and around them in each picture
    """

    start: Array
    step: Array
    half: Array
    there: Array
    noise: Array


def draw(count: int, rng: np.random.Generator, frames: int = FRAMES) -> Scenes:
    """Scenes as the example's: everything independent and equally likely, noise in half of the pictures."""
    fewest, most = SQUARES
    return Scenes(
        start=rng.integers(0, SIDE, (2, count, most)),
        step=rng.integers(-1, 2, (2, count, most)),
        half=rng.choice(HALF_WIDTHS, (count, most)),
        there=np.arange(most) < rng.integers(fewest, most + 1, (count, 1)),
        noise=rng.choice(np.array([-NOISE, 0, 0, NOISE], np.float32), (count, frames, most)),
    )


def render(scenes: Scenes) -> tuple[Array, Array]:
    """Films (n, frames, 40, 40, 1) float32 up to 1, and what comes next in them without noise, of the same shape.

    Squares add up where they cross, and so does their noise; only what is above 1 is cut off.
    """
    count, frames, _ = scenes.noise.shape
    there = scenes.there[:, None].astype(np.float32)
    half, times = scenes.half[:, None], np.arange(frames + 1)[:, None]
    noisy, following = np.empty((2, count, frames, SIDE, SIDE), np.float32)
    for some in (slice(i, i + AT_ONCE) for i in range(0, count, AT_ONCE)):
        centre = scenes.start[:, some, None] + scenes.step[:, some, None] * times
        clean = _boxes(centre, half[some], there[some])
        around = _boxes(centre[:, :, :-1], half[some] + 1, there[some] * scenes.noise[some])
        np.minimum(clean[:, :-1] + around, 1, out=noisy[some])
        np.minimum(clean[:, 1:], 1, out=following[some])
    return noisy[..., None], following[..., None]


def films(count: int, rng: np.random.Generator, frames: int = FRAMES) -> tuple[Array, Array]:
    """Films (count, frames, 40, 40, 1) float32, and what comes next in them: `render` of `draw`."""
    return render(draw(count, rng, frames))


def _boxes(centre: Array, half: Array, value: Array) -> Array:
    """The sum (n, T, 40, 40) of boxes of `value` around `centre` (2, n, T, m); they reach from -half to half - 1.

    A box is where its rows are and where its columns are, so a picture is a product of two matrices.
    """
    far = np.arange(SIDE)[:, None] - centre[..., None, :]  # (2, n, T, 40, m)
    rows, columns = ((far >= -half[..., None, :]) & (far < half[..., None, :])).astype(np.float32)
    return (rows * value[..., None, :]) @ columns.swapaxes(-1, -2)
