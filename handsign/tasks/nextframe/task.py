"""The next frames of a film: 7 frames in, the following 16 out, each predicted from all frames before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from handsign.capture.sensor import Sensor
from handsign.data.format import Format
from handsign.data.windowing import ForecastWindowing
from handsign.learn.network import Network
from handsign.learn.objective import ForecastObjective
from handsign.tasks import Task
from handsign.tasks.nextframe import films, networks, squares
from handsign.tasks.nextframe.evaluator import FilmEvaluator
from handsign.tasks.nextframe.session import open_films

if TYPE_CHECKING:
    import keras

    from handsign.data.dataset import Dataset
    from handsign.types import Array


@dataclass(frozen=True, kw_only=True)
class FilmObjective(ForecastObjective):
    """Predict the frame after each frame of a film.

    With `rollout_steps` of 2 or more it is trained by scheduled sampling as well: see `networks.scheduled_sampling`.

    context  frames that a rollout is given
    """

    context: int = films.CONTEXT

    def training_view(self, model: keras.Model, data: Dataset, part: str) -> tuple[keras.Model, Array, Array]:
        """The model, its films (n, T, H, W, 1) and targets; with scheduled sampling, as many targets once more.

        The targets are then (n, 2 T, H, W, 1), for the predictions on true frames and for those on predicted ones.
        """
        X, y = data.rows(part)
        if self.rollout_steps < 2:
            return model, X, y
        sampled = networks.scheduled_sampling(model, self.context, self.rollout_steps - 1)
        return sampled, X, np.concatenate([y, y], axis=1)

    def baseline(self, X: Array, y: Array) -> Array:
        """Predict that each frame is repeated: films X (n, T, H, W, 1) -> predictions of the shape of y."""
        return np.concatenate([X] * (y.shape[1] // X.shape[1]), axis=1)


def build(shape: tuple[int, ...], labels: list[str]) -> keras.Model:
    """See `networks.conv_lstm`; `labels` are not used."""
    return networks.conv_lstm(shape)


def build_example(shape: tuple[int, ...], labels: list[str]) -> keras.Model:
    """See `networks.keras_example`; `labels` are not used."""
    return networks.keras_example(shape)


OBJECTIVE = FilmObjective(loss="binary_crossentropy", each_sample=True, rollout_steps=2, steps=16)

TASK = Task(
    examples=("film",),
    sensor=Sensor(films.grey),
    format=Format(
        "nextframe",
        (squares.SIDE, squares.SIDE, 1),
        dataset=partial(films.dataset, "nextframe"),
        data=films.SQUARES,
        model="nextframe.h5",
    ),
    windowing=ForecastWindowing(length=squares.FRAMES, rate=films.RATE, names=("brightness",), each_sample=True),
    networks={
        "small": Network(
            build,
            OBJECTIVE,
            augment=films.augmented,
            config={"learning_rate": 5e-3, "batch": 4, "epochs": 8, "weight_decay": 0.0},
        ),
        "original": Network(
            build_example,
            replace(OBJECTIVE, rollout_steps=1),
            config={"optimizer": "adadelta", "learning_rate": 1.0, "batch": 10, "epochs": 300, "patience": 300},
        ),
    },
    evaluator=FilmEvaluator(),
    session=open_films,
)
