"""Forecasts of several steps, made by feeding a model its own predictions.

A row of a forecasting dataset is one sample later than the row before it, so the rows behind a window are its future.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from handsign.data.windows import rollout

if TYPE_CHECKING:
    import keras

    from handsign.data.dataset import Dataset
    from handsign.types import Array, Predict

NextSamples = Callable[["Array"], "Array"]
"""Predictions (n, *y) for n windows -> the samples (n, *sample) behind these: `ForecastObjective.next_samples`."""


def futures(
    next_samples: NextSamples, data: Dataset, part: str, steps: int, most: int | None = None
) -> tuple[Array, Array]:
    """The windows (n, window, *sample) of a part, or `most` of them, and what followed (n, steps, *sample).

    Where a recording ends earlier the rest is NaN.
    """
    chosen = data.part == part
    X, y, take = data.X[chosen], next_samples(data.y[chosen]), data.take[chosen]
    rows = np.unique(np.linspace(0, len(X) - 1, min(most or len(X), len(X))).round().astype(int))
    at = rows[:, None] + np.arange(steps)
    inside = np.minimum(at, len(X) - 1)
    future = y[inside]
    future[(at >= len(X)) | (take[inside] != take[rows][:, None])] = np.nan
    return X[rows], future


def unrolled(model: keras.Model, steps: int) -> keras.Model:
    """A model (n, window, *sample) -> (n, *sample), applied to its own predictions: -> (n, steps, *sample).

    The weights are shared.
    """
    import keras
    from keras import layers

    context = window = keras.Input(model.input_shape[1:])
    predictions = []
    for _ in range(steps):
        predictions.append(layers.Reshape((1, *model.output_shape[1:]))(model(window)))
        window = layers.Concatenate(axis=1)([layers.Cropping1D((1, 0))(window), predictions[-1]])
    return keras.Model(context, layers.Concatenate(axis=1)(predictions))


def forecast(next_samples: NextSamples, predict: Predict, windows: Array, steps: int) -> Array:
    """What a model predicts after windows (n, window, *sample): (n, steps, *sample)."""
    in_time = windows.swapaxes(0, 1)  # for `rollout` a sample is the samples of all windows

    def step(context: Array) -> Array:
        return next_samples(predict(np.ascontiguousarray(context.swapaxes(0, 1))))

    return rollout(step, in_time, steps, len(in_time)).swapaxes(0, 1)
