"""Where a point goes next: 16 of a pointer's or a fingertip's places in, the 17th out, and with it the next hundred."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign.goals import Forecast
from handsign.holistic import FastHolistic, Holistic
from handsign.keypoints import HOLISTIC, Layout, Part
from handsign.paths import fingertip
from handsign.points import SUFFIXES, read_points
from handsign.task import Task

if TYPE_CHECKING:
    import keras

Array = np.ndarray[Any, Any]
POINT = Layout((Part("point", 1, ("x", "y")),))
"""Shares of the canvas; exactly (0, 0) is no point: the hand was out of sight."""
MOST_COLUMNS = 4
"""Of a point: the `signer` task's has two more, whether a button is down and the time. More are keypoints."""
UNITS = 64
GAIN = 4.0
"""What brings the steps of a window, together of length 1, to about 1 each: the square root of their number."""


class Fingertips(Holistic):
    """Pictures -> the tip of an index finger (2,) float32, zeros without a hand."""

    name = "mediapipe-holistic index fingertip"

    def receive(self, wait: bool = True) -> Array | None:
        """The point of the oldest frame sent."""
        sample = super().receive(wait)
        return None if sample is None else fingertip(sample)


class FastFingertips(Fingertips, FastHolistic):
    """The same with the lighter hand model."""

    name = "mediapipe-holistic-fast index fingertip"


def position(shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
    """The network of the LSTM mouse demo: places (n, *shape) -> the next place (n, 2) in 0..1; 17,282 parameters."""
    import keras
    from keras import layers

    middle = keras.initializers.Constant(0.5)  # outside of the canvas nothing would be learned
    place = layers.Dense(shape[-1], bias_initializer=middle)
    return keras.Sequential([keras.Input(shape), layers.LSTM(UNITS), place, layers.ReLU(max_value=1.0)])


def displacement(shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
    """The same size, but it learns how the last step changes: places (n, *shape) -> the next place (n, 2).

    The LSTM sees the steps between places, divided by their length together, and what it says is multiplied by that
    again: where on the canvas something happens and how fast makes no difference. An untrained one goes on with
    constant velocity, as far as the edge. All in Keras' own layers, so that the saved model takes raw places.
    """
    import keras
    from keras import layers

    window, width = shape
    seen = keras.Input(shape)
    last = layers.Reshape((width,))(layers.Cropping1D((window - 1, 0))(seen))
    steps = layers.Subtract()([layers.Cropping1D((1, 0))(seen), layers.Cropping1D((0, 1))(seen)])
    step = layers.Reshape((width,))(layers.Cropping1D((window - 2, 0))(steps))
    flat = layers.Flatten()(steps)
    unit = layers.UnitNormalization()(flat)
    length = layers.Dot(1)([flat, unit])
    known = layers.LSTM(UNITS)(layers.Reshape((window - 1, width))(layers.Rescaling(GAIN)(unit)))
    change = layers.Rescaling(1 / GAIN)(layers.Dense(width, kernel_initializer="zeros")(known))
    place = layers.Add()([last, step, layers.Multiply()([change, length])])
    return keras.Model(seen, layers.ReLU(max_value=1.0)(place))


def augmented(windows: Array, y: Array, rest: Array, rest_y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """The same movements, places (n, window, 2) and what came (n, ..., 2), in other directions and sizes and mirrored.

    What does not fit on the canvas then is moved there, and made smaller if it has to be.
    """
    n, came = len(windows), y.reshape(len(y), -1, y.shape[-1])
    angle, size, mirror = rng.uniform(0, 2 * np.pi, n), np.exp(rng.uniform(-0.5, 0.5, n)), rng.choice([-1.0, 1.0], n)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [mirror * np.sin(angle), mirror * np.cos(angle)]]) * size
    here = windows[:, -1:]
    paths = np.einsum("ijn,ntj->nti", turn, np.concatenate([windows, came], axis=1) - here)
    low, high = paths.min(axis=1, keepdims=True), paths.max(axis=1, keepdims=True)
    fit = np.minimum(1.0, 1.0 / np.maximum((high - low).max(axis=2, keepdims=True), 1e-9))
    paths = (paths * fit + np.clip(here, -low * fit, 1 - high * fit)).astype(np.float32)
    return paths[:, : windows.shape[1]], paths[:, windows.shape[1] :].reshape(y.shape)


def distance(difference: Array, aspect: float) -> Array:
    """Lengths (...) in canvas widths of differences (..., 2) in canvas widths and heights."""
    return np.hypot(difference[..., 0], difference[..., 1] * aspect)


def far_and_near(came: Any, said: Any) -> Any:
    """The geometric mean over the steps ahead of how far (n, steps, 2) is from (n, steps, 2) on average.

    So a tenth less counts as much at the first step as at the last, where everybody is further off; and
    distances are not squared, as what is asked of a forecast is that it is near, not that it is never far.
    """
    from keras import ops

    apart = ops.mean(ops.sqrt(ops.sum(ops.square(came - said), axis=-1) + 1e-12), axis=0)
    return ops.exp(ops.mean(ops.log(apart)))


def adapt(samples: Array) -> Array:
    """Points from samples (T, ...) of other tasks: of holistic keypoints the fingertip, of longer points x and y."""
    if samples.ndim == 2 and samples.shape[1] > MOST_COLUMNS:
        return fingertip(HOLISTIC.widen(samples))
    return samples[..., :2]


def live(args: argparse.Namespace) -> None:
    """`realtime.py`: draw, train and predict in a window."""
    from handsign.drawing import draw

    draw(args)


GOAL = Forecast(names=("x", "y"), drill=4, measure=distance, scale="of the canvas width", loss=far_and_near)
TASK = Task(
    name="trajectory",
    sample=(2,),
    window=16,
    rate=60.0,
    sense=Fingertips,
    fast=FastFingertips,
    build=displacement,
    augment=augmented,
    variants={
        "displacement": {},
        "position": {"build": position, "augment": None, "goal": replace(GOAL, drill=1, loss="mse")},
    },
    goal=GOAL,
    actions=("path",),
    layout=POINT,
    adapt=adapt,
    readers=dict.fromkeys(SUFFIXES, read_points),
    training={"weight_decay": 0.0, "learning_rate": 3e-3, "batch": 64},
    data="paths",
    model="trajectory.h5",
    live=live,
)
