"""Networks that continue a film: pictures (n, T, H, W, 1), any number T -> what comes after each, of the same shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

FILTERS = 16
WAYS = [(rows, columns) for rows in (-1, 0, 1) for columns in (-1, 0, 1)]
"""Where a thing can go in a picture's time, by a pixel at most: the first filters begin as memories that go there."""
MEMORY = 1.5
"""How strongly a memory is kept in the beginning, and of the other, random weights for it `QUIET`, what is left."""
QUIET = 0.3


def example(shape: tuple[int, ...]) -> keras.Model:
    """The network of Keras' `conv_lstm.py`: 407,001 parameters. `shape` is (T, H, W, 1), of which T is not looked at.

    Its last convolution reaches over three pictures: what is said about picture t + 1 is told from the state after
    picture t + 1, too, which has seen it. It learns to look there, and nothing is there when a film is continued.
    """
    import keras
    from keras import layers

    seen = x = keras.Input((None, *shape[1:]))
    for _ in range(4):
        x = layers.ConvLSTM2D(40, 3, padding="same", return_sequences=True)(x)
        x = layers.BatchNormalization()(x)
    return keras.Model(seen, layers.Conv3D(1, 3, padding="same", activation="sigmoid")(x))


def small(shape: tuple[int, ...], filters: int = FILTERS) -> keras.Model:
    """One ConvLSTM2D, then two convolutions of single pictures, so nothing looks ahead; 12,321 parameters.

    `shape` is (T, H, W, 1), of which T is not looked at. That the first filters begin as memories that move (`WAYS`)
    is what the identity is to the recurrent network of Le, Jaitly and Hinton, "A Simple Way to Initialize Recurrent
    Networks of Rectified Linear Units", 2015: it learns what to remember, not how.
    """
    import keras
    from keras import layers

    memory = layers.ConvLSTM2D(filters, 3, padding="same", return_sequences=True)
    model = keras.Sequential(
        [
            keras.Input((None, *shape[1:])),
            memory,
            layers.Conv3D(filters, (1, 3, 3), padding="same", activation="relu"),
            layers.Conv3D(1, (1, 3, 3), padding="same", activation="sigmoid"),
        ]
    )
    kernel, recurrent, bias = memory.get_weights()
    memory.set_weights([kernel, _moving(recurrent), bias])
    return model


def _moving(recurrent: np.ndarray) -> np.ndarray:
    """A recurrent kernel (3, 3, filters, 4 x filters) whose first filters remember what was a step of `WAYS` ago."""
    moving, filters = recurrent.copy(), recurrent.shape[2]
    for i, (rows, columns) in enumerate(WAYS[:filters]):
        new = 2 * filters + i  # the third quarter is what a cell takes in: Keras' order is i, f, c, o
        moving[..., new] *= QUIET
        moving[1 - rows, 1 - columns, i, new] = MEMORY
    return moving


def practised(model: keras.Model, given: int, times: int) -> keras.Model:
    """A model to train in the place of `model`, with its weights: films (n, T, ...) -> (n, 2 T, ...).

    First what comes after each picture, then the same once more where, from picture `given` on, the model is shown what
    it said itself, `times` times over: so many steps it is on its own. What is only ever shown real pictures need not
    make anything of its own. All pictures of a film at once, as in Mihaylova and Martins, "Scheduled Sampling for
    Transformers", 2019, instead of one after the other; the gradient does not go through what was said.
    """
    import keras
    from keras import ops

    seen = keras.Input(model.input_shape[1:])
    first = said = model(seen)
    for _ in range(times):
        own = ops.stop_gradient(said)[:, given - 1 : -1]
        said = model(ops.concatenate([seen[:, :given], own], axis=1))
    return keras.Model(seen, ops.concatenate([first, said], axis=1))
