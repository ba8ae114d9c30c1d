"""Synthetic films of moving squares: those of a Keras example, rendered for all films at once.

From `examples/conv_lstm.py` of Keras 1 and 2, "This script demonstrates the use of a convolutional LSTM network".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from handsign.types import Array


FRAMES = 15

SIDE = 40
"""Height and width of a frame in pixels. Squares start inside and may leave; the example crops 80 x 80 to this."""

SQUARES = (3, 7)
"""Fewest and most squares in a film."""

HALF_WIDTHS = (2, 3)
"""Half widths of squares in pixels."""

NOISE = 0.1
"""Brightness that is added to, or taken from, a square and the pixels around it, in half of the frames."""

BATCH = 32
"""Films rendered at a time: their arrays fit the processor's cache."""


@dataclass(frozen=True, eq=False)
class Scenes:
    """Parameters of n films with up to m squares each, in pixels (row, column).

    start       (2, n, m) int centres of the squares in the first frame
    velocity    (2, n, m) int pixels a frame
    half_width  (n, m) int
    present     (n, m) bool whether the film has this square
    noise       (n, frames, m) float32 brightness added to the square and around it in each frame
    """

    start: Array
    velocity: Array
    half_width: Array
    present: Array
    noise: Array


def sample_scenes(count: int, rng: np.random.Generator, frames: int = FRAMES) -> Scenes:
    """Draw the parameters of `count` films from the example's distributions, independent and uniform."""
    fewest, most = SQUARES
    return Scenes(
        start=rng.integers(0, SIDE, (2, count, most)),
        velocity=rng.integers(-1, 2, (2, count, most)),
        half_width=rng.choice(HALF_WIDTHS, (count, most)),
        present=np.arange(most) < rng.integers(fewest, most + 1, (count, 1)),
        noise=rng.choice(np.array([-NOISE, 0, 0, NOISE], np.float32), (count, frames, most)),
    )


def render(scenes: Scenes) -> tuple[Array, Array]:
    """Films (n, frames, 40, 40, 1) float32 and, without noise, the frame following each frame, of the same shape.

    Brightness adds up where squares overlap, noise included, and is clipped to at most 1.
    """
    count, frames, _ = scenes.noise.shape
    present = scenes.present[:, None].astype(np.float32)
    half_width, times = scenes.half_width[:, None], np.arange(frames + 1)[:, None]
    noisy, following = np.empty((2, count, frames, SIDE, SIDE), np.float32)
    for batch in (slice(i, i + BATCH) for i in range(0, count, BATCH)):
        centre = scenes.start[:, batch, None] + scenes.velocity[:, batch, None] * times
        clean = _boxes(centre, half_width[batch], present[batch])
        noise = _boxes(centre[:, :, :-1], half_width[batch] + 1, present[batch] * scenes.noise[batch])
        np.minimum(clean[:, :-1] + noise, 1, out=noisy[batch])
        np.minimum(clean[:, 1:], 1, out=following[batch])
    return noisy[..., None], following[..., None]


def films(count: int, rng: np.random.Generator, frames: int = FRAMES) -> tuple[Array, Array]:
    """Random films (count, frames, 40, 40, 1) float32 and the frame following each frame: `render` of `sample_scenes`.

    >>> x, y = films(2, np.random.default_rng(0), frames=5)
    >>> x.shape, y.shape, x.dtype
    ((2, 5, 40, 40, 1), (2, 5, 40, 40, 1), dtype('float32'))
    """
    return render(sample_scenes(count, rng, frames))


def _boxes(centre: Array, half_width: Array, value: Array) -> Array:
    """Sum (n, T, 40, 40) of boxes of brightness `value`, over -half_width..half_width - 1 around centre (2, n, T, m).

    A box is the outer product of its rows and its columns, so their sum is a product of two matrices.
    """
    offset = np.arange(SIDE)[:, None] - centre[..., None, :]  # (2, n, T, 40, m)
    inside = (offset >= -half_width[..., None, :]) & (offset < half_width[..., None, :])
    rows, columns = inside.astype(np.float32)
    return (rows * value[..., None, :]) @ columns.swapaxes(-1, -2)
