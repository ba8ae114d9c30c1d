"""The path of a pointer or fingertip: 16 points in, the next one out; a rollout forecasts the next 128."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign.capture.sensor import Sensor
from handsign.data.format import Format
from handsign.data.windowing import ForecastWindowing
from handsign.evaluate.forecasting import ForecastEvaluator
from handsign.landmarks.detector import FastHolistic, Holistic
from handsign.landmarks.holistic import HOLISTIC, fingertip
from handsign.landmarks.layout import Layout, Part
from handsign.learn.network import Network
from handsign.learn.objective import ForecastObjective
from handsign.tasks import Task
from handsign.tasks.trajectory.networks import displacement, position
from handsign.tasks.trajectory.points import SUFFIXES, read_points
from handsign.tasks.trajectory.session import open_drawing

if TYPE_CHECKING:
    from handsign.types import Array


POINT = Layout((Part("point", 1, ("x", "y")),))
"""x and y in 0..1 of the canvas's width and height; exactly (0, 0) means that no point was found."""

MAX_POINT_COLUMNS = 4
"""Most columns of a point: x, y, and in some recordings a button and the time. Samples with more are landmarks."""


class Fingertips(Holistic):
    """Extractor: frame (H, W, 3) uint8 BGR -> the tip of an index finger (2,) float32; zeros where no hand is found."""

    name = "mediapipe-holistic index fingertip"

    def receive(self, wait: bool = True) -> Array | None:
        """The point (2,) of the oldest frame sent; see `Holistic.receive`."""
        sample = super().receive(wait)
        return None if sample is None else fingertip(sample)


class FastFingertips(Fingertips, FastHolistic):
    """`Fingertips` with the lighter hand model."""

    name = "mediapipe-holistic-fast index fingertip"


def augmented(windows: Array, y: Array, rest: Array, rest_y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Augmentation: points (n, window, 2) and their targets (n, ..., 2), rotated, scaled and mirrored at random.

    A path that leaves the canvas is shifted into it, and reduced if it is larger. `rest`, `rest_y`: not used.
    """
    n, future = len(windows), y.reshape(len(y), -1, y.shape[-1])
    angle, size, mirror = rng.uniform(0, 2 * np.pi, n), np.exp(rng.uniform(-0.5, 0.5, n)), rng.choice([-1.0, 1.0], n)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [mirror * np.sin(angle), mirror * np.cos(angle)]]) * size
    here = windows[:, -1:]
    paths = np.einsum("ijn,ntj->nti", turn, np.concatenate([windows, future], axis=1) - here)
    low, high = paths.min(axis=1, keepdims=True), paths.max(axis=1, keepdims=True)
    fit = np.minimum(1.0, 1.0 / np.maximum((high - low).max(axis=2, keepdims=True), 1e-9))
    paths = (paths * fit + np.clip(here, -low * fit, 1 - high * fit)).astype(np.float32)
    return paths[:, : windows.shape[1]], paths[:, windows.shape[1] :].reshape(y.shape)


def distance(difference: Array, aspect: float) -> Array:
    """Lengths (...) in canvas widths of differences (..., 2) in canvas widths and heights."""
    return np.hypot(difference[..., 0], difference[..., 1] * aspect)


def geometric_mean_distance(y_true: Any, y_pred: Any) -> Any:
    """Loss: the geometric mean, over the steps ahead, of the mean distance between points (n, steps, 2).

    The geometric mean weights relative errors: reducing the distance by a tenth counts as much at the first step as at
    the last, where distances are larger. They are not squared, so that a few large errors do not dominate.
    """
    from keras import ops

    squared: Any = ops.sum(ops.square(y_true - y_pred), axis=-1)
    distances = ops.mean(ops.sqrt(squared + 1e-12), axis=0)
    return ops.exp(ops.mean(ops.log(distances)))


def adapt(samples: Array) -> Array:
    """Points (T, 2) from samples (T, ...) of other tasks: the fingertip of keypoints, or the first two columns."""
    if samples.ndim == 2 and samples.shape[1] > MAX_POINT_COLUMNS:
        return fingertip(HOLISTIC.widen(samples))
    return samples[..., :2]


OBJECTIVE = ForecastObjective(loss=geometric_mean_distance, rollout_steps=4)

DISPLACEMENT = Network(
    displacement,
    OBJECTIVE,
    augment=augmented,
    config={"weight_decay": 0.0, "learning_rate": 3e-3, "batch": 64},
)

TASK = Task(
    examples=("path",),
    sensor=Sensor(Fingertips, FastFingertips),
    format=Format(
        "trajectory",
        (2,),
        columns=POINT,
        adapt=adapt,
        readers=dict.fromkeys(SUFFIXES, read_points),
        data="paths",
        model="trajectory.h5",
    ),
    windowing=ForecastWindowing(length=16, rate=60.0, names=("x", "y")),
    networks={
        "displacement": DISPLACEMENT,
        "position": replace(
            DISPLACEMENT, build=position, augment=None, objective=replace(OBJECTIVE, loss="mse", rollout_steps=1)
        ),
    },
    evaluator=ForecastEvaluator(OBJECTIVE, measure=distance, scale="of the canvas width"),
    session=open_drawing,
)
