"""What a network is trained to do, and how its prediction for a window is read: classify, or forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handsign.data.take import is_rest
from handsign.data.windows import rollout
from handsign.learn.rollout import futures, unrolled

if TYPE_CHECKING:
    import keras

    from handsign.data.dataset import Dataset
    from handsign.types import Array, Loss, Predict


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What training minimises, and on what.

    loss     by Keras' name, or (y_true, y_pred) -> number
    metrics  what else is measured after every epoch, by Keras' names
    """

    loss: Loss
    metrics: tuple[str, ...] = ()

    def baseline(self, X: Array, y: Array) -> Array:
        """Predictions (n, *y) without any learning, for windows X (n, window, *sample)."""
        raise NotImplementedError

    def rest_rows(self, y: Array, labels: Sequence[str]) -> Array:
        """The indices of the rows of y (n, *y) that show rest; none where rest is no class."""
        return np.array([], int)

    def training_view(self, model: keras.Model, data: Dataset, part: str) -> tuple[keras.Model, Array, Array]:
        """The model that is trained, which shares the weights of `model`, with X and y of a part of the data."""
        return model, *data.rows(part)

    def answer(self, predict: Predict, window: Array) -> Array:
        """The prediction for one encoded window, from `predict` (n, *x) -> (n, *y)."""
        return predict(window[None])[0]


@dataclass(frozen=True, kw_only=True)
class ClassificationObjective(Objective):
    """Which of the known labels does a window show? The target is one-hot, the prediction a probability a label."""

    loss: Loss = "categorical_crossentropy"
    metrics: tuple[str, ...] = ("categorical_accuracy",)

    def baseline(self, X: Array, y: Array) -> Array:
        """The frequency of each label in y (n, labels)."""
        return np.broadcast_to(y.mean(axis=0), y.shape)

    def rest_rows(self, y: Array, labels: Sequence[str]) -> Array:
        """The rows whose label means rest."""
        return np.flatnonzero(np.array([is_rest(label) for label in labels])[y.argmax(axis=1)])


@dataclass(frozen=True, kw_only=True)
class ForecastObjective(Objective):
    """What comes next?

    each_sample    the model predicts what follows each sample of its window, (window, *sample), the last of which is
                   the forecast; otherwise only what follows the last one, (*sample,)
    rollout_steps  how many steps ahead the network is trained, each on its own previous predictions
    steps          how many steps ahead it forecasts
    """

    loss: Loss = "mse"
    each_sample: bool = False
    rollout_steps: int = 1
    steps: int = 128

    def baseline(self, X: Array, y: Array) -> Array:
        """The last sample of each window: nothing changes."""
        last = X[:, -1]
        return X if self.each_sample else last if last.shape == y.shape else np.broadcast_to(last[:, None], y.shape)

    def training_view(self, model: keras.Model, data: Dataset, part: str) -> tuple[keras.Model, Array, Array]:
        """The model applied `rollout_steps` times to its own predictions, for samples (n, rollout_steps, *sample)."""
        if self.rollout_steps < 2:
            return model, *data.rows(part)
        X, future = futures(self.next_samples, data, part, self.rollout_steps)
        whole = np.isfinite(future).all(axis=tuple(range(1, future.ndim)))
        return unrolled(model, self.rollout_steps), X[whole], future[whole]

    def answer(self, predict: Predict, window: Array) -> Array:
        """The sample (*sample,) that follows."""
        return self.next_samples(predict(window[None]))[0]

    def next_samples(self, predictions: Array) -> Array:
        """The samples (n, *sample) behind n windows, from a model's predictions for these windows."""
        return predictions[:, -1] if self.each_sample else predictions

    def ahead(self, predict: Predict, window: Array, steps: int | None = None) -> Array:
        """The next `steps` samples (steps, *sample), each from those before it: see `windows.rollout`."""
        return rollout(lambda context: self.answer(predict, context), window, steps or self.steps, len(window))
