"""Networks that forecast the next position of a point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


UNITS = 64
"""Of the LSTM in both networks."""

GAIN = 4.0
"""Scales the 15 steps of a window, together of norm 1, to about 1 each: the square root of their number."""


def position(shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
    """The network of the LSTM mouse demo: positions (n, *shape) -> the next position (n, 2) in 0..1 of the canvas.

    17,282 parameters.

    shape   (window, 2)
    labels  not used
    """
    import keras
    from keras import layers

    centre: Any = keras.initializers.Constant(0.5)  # outside 0..1, where the ReLU is flat, the gradient is 0
    output = layers.Dense(shape[-1], bias_initializer=centre)
    return keras.Sequential([keras.Input(shape), layers.LSTM(UNITS), output, layers.ReLU(max_value=1.0)])


def displacement(shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
    """A network that predicts how the last step changes: positions (n, *shape) -> the next position (n, 2) in 0..1.

    The LSTM's input is the steps between positions, divided by the norm of all of them, and its output is multiplied by
    that norm: the change of the step does not depend on the place on the canvas, and scales with the speed. Untrained,
    it predicts constant velocity, up to the edge. It is built from Keras' own layers, so that the saved model takes raw
    positions. 17,282 parameters.

    shape   (window, 2)
    labels  not used
    """
    import keras
    from keras import layers

    window, width = shape
    positions = keras.Input(shape)
    last = layers.Reshape((width,))(layers.Cropping1D((window - 1, 0))(positions))
    steps = layers.Subtract()([layers.Cropping1D((1, 0))(positions), layers.Cropping1D((0, 1))(positions)])
    step = layers.Reshape((width,))(layers.Cropping1D((window - 2, 0))(steps))
    flat = layers.Flatten()(steps)
    unit = layers.UnitNormalization()(flat)
    norm = layers.Dot(1)([flat, unit])
    state = layers.LSTM(UNITS)(layers.Reshape((window - 1, width))(layers.Rescaling(GAIN)(unit)))
    change = layers.Rescaling(1 / GAIN)(layers.Dense(width, kernel_initializer="zeros")(state))
    following = layers.Add()([last, step, layers.Multiply()([change, norm])])
    return keras.Model(positions, layers.ReLU(max_value=1.0)(following))
