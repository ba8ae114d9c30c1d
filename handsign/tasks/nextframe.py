"""What the next picture of a film looks like: seven pictures in, sixteen more out, each told from those before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from handsign import animation, continuing, films, squares
from handsign.goals import Forecast
from handsign.task import Task

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from handsign.dataset import Dataset

Array = np.ndarray[Any, Any]
Ask = Callable[[Array], Array]


@dataclass(frozen=True)
class Continue(Forecast):
    """What comes after each picture of a film? `given` is how many are shown before it has to go on alone.

    It is trained to, `drill` - 1 times over: see `continuing.practised`.
    """

    given: int = films.GIVEN
    page: ClassVar[str] = "films.html"

    def lesson(self, model: keras.Model, data: Dataset, part: str) -> tuple[keras.Model, Array, Array]:
        """The model that sees the films, and the films as it continues them itself, for what comes next in both."""
        X, y = data.rows(part)
        if self.drill < 2:
            return model, X, y
        return continuing.practised(model, self.given, self.drill - 1), X, np.concatenate([y, y], axis=1)

    def guess(self, X: Array, y: Array) -> Array:
        """That all stays as it is."""
        return np.concatenate([X] * (y.shape[1] // X.shape[1]), axis=1)

    def fan(self, ask: Ask, data: Dataset) -> None:
        """A brightness says itself how sure it is."""

    def score(self, ask: Ask, data: Dataset, part: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """`films.score`, beside copying the last picture and going on as things went."""
        return films.score(ask, *data.rows(part), self.given)

    def summary(self, results: Mapping[str, Any], data: Dataset) -> str:
        """The same as a table."""
        return films.summary(results.get("test"))

    def pictures(self, results: Mapping[str, Any], data: Dataset) -> dict[str, Figure]:
        """The same as curves."""
        return {"films.png": films.figure(results["test"])} if "test" in results else {}


def build(shape: tuple[int, ...], labels: list[str]) -> keras.Model:
    """`continuing.small`."""
    return continuing.small(shape)


def example(shape: tuple[int, ...], labels: list[str]) -> keras.Model:
    """`continuing.example`."""
    return continuing.example(shape)


GOAL = Continue(("brightness",), steps=16, whole=True, drill=2, loss="binary_crossentropy")
TASK = Task(
    name="nextframe",
    sample=(squares.SIDE, squares.SIDE, 1),
    window=squares.FRAMES,
    rate=films.RATE,
    sense=films.grey,
    build=build,
    augment=films.turned,
    variants={
        "original": {
            "build": example,
            "augment": None,
            "goal": replace(GOAL, drill=1),
            "training": {"optimizer": "adadelta", "learning_rate": 1.0, "batch": 10, "epochs": 300, "patience": 300},
        },
    },
    goal=GOAL,
    actions=("film",),
    dataset=partial(films.dataset, "nextframe"),
    training={"learning_rate": 5e-3, "batch": 4, "epochs": 8, "weight_decay": 0.0},
    data=films.SQUARES,
    model="nextframe.h5",
    live=animation.watch,
)
