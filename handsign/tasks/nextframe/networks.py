"""Networks that predict the next frame: films (n, T, H, W, 1), for any T -> the frame after each, of the same shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras


FILTERS = 16
"""Filters of `conv_lstm`."""

SHIFTS = [(rows, columns) for rows in (-1, 0, 1) for columns in (-1, 0, 1)]
"""Movements by at most a pixel a frame; each of the first filters of `conv_lstm` is initialised to follow one."""

SHIFT_WEIGHT = 1.5
"""Initial recurrent weight of a filter to itself, at its shift."""

OTHER_SCALE = 0.3
"""Factor of the other, random recurrent weights of such a filter."""


def keras_example(shape: tuple[int, ...]) -> keras.Model:
    """The network of Keras' `examples/conv_lstm.py`: 407,001 parameters. `shape` is (T, H, W, 1); T is ignored.

    Its last convolution spans three frames, so the prediction of frame t + 1 depends on the state after frame t + 1,
    which holds the answer. The network learns to use it, but in a rollout there is no such frame.
    """
    import keras
    from keras import layers

    inputs = x = keras.Input((None, *shape[1:]))
    for _ in range(4):
        x = layers.ConvLSTM2D(40, 3, padding="same", return_sequences=True)(x)
        x = layers.BatchNormalization()(x)
    return keras.Model(inputs, layers.Conv3D(1, 3, padding="same", activation="sigmoid")(x))


def conv_lstm(shape: tuple[int, ...], filters: int = FILTERS) -> keras.Model:
    """A ConvLSTM2D, then two convolutions within a frame, so that it is causal; 12,321 parameters.

    `shape` is (T, H, W, 1); T is ignored. The recurrent kernel is initialised to memories that move (`SHIFTS`), as Le,
    Jaitly and Hinton initialise to the identity in "A Simple Way to Initialize Recurrent Networks of Rectified Linear
    Units", 2015.
    """
    import keras
    from keras import layers

    recurrent = layers.ConvLSTM2D(filters, 3, padding="same", return_sequences=True)
    model = keras.Sequential(
        [
            keras.Input((None, *shape[1:])),
            recurrent,
            layers.Conv3D(filters, (1, 3, 3), padding="same", activation="relu"),
            layers.Conv3D(1, (1, 3, 3), padding="same", activation="sigmoid"),
        ]
    )
    kernel, recurrent_kernel, bias = recurrent.get_weights()
    recurrent.set_weights([kernel, _with_shifts(recurrent_kernel), bias])
    return model


def _with_shifts(recurrent_kernel: np.ndarray) -> np.ndarray:
    """A recurrent kernel (3, 3, filters, 4 x filters) whose first filters take up their state, moved by `SHIFTS`."""
    kernel, filters = recurrent_kernel.copy(), recurrent_kernel.shape[2]
    for i, (rows, columns) in enumerate(SHIFTS[:filters]):
        cell = 2 * filters + i  # the third quarter is the cell's input: Keras' order is i, f, c, o
        kernel[..., cell] *= OTHER_SCALE
        kernel[1 - rows, 1 - columns, i, cell] = SHIFT_WEIGHT
    return kernel


def scheduled_sampling(model: keras.Model, n_context: int, passes: int) -> keras.Model:
    """A model to train in place of `model`, sharing its weights: films (n, T, ...) -> predictions (n, 2 T, ...).

    The first T are the predictions on the films. The last T are those on films whose frames from `n_context` on are
    replaced by the model's own predictions, `passes` times over, which is a rollout of as many steps: a model trained
    on true frames only never sees its own errors. All frames are replaced at once, as in Mihaylova and Martins,
    "Scheduled Sampling for Transformers", 2019; no gradient flows through the predictions that are fed back.
    """
    import keras
    from keras import ops

    inputs: Any = keras.Input(model.input_shape[1:])
    first: Any = model(inputs)
    y_pred = first
    for _ in range(passes):
        fed_back = ops.stop_gradient(y_pred[:, n_context - 1 : -1])
        y_pred = model(ops.concatenate([inputs[:, :n_context], fed_back], axis=1))
    return keras.Model(inputs, ops.concatenate([first, y_pred], axis=1))
