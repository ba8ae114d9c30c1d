"""Networks that tasks build, and Keras itself, imported quietly and only when it is needed."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


@contextmanager
def silence() -> Iterator[None]:
    """Send what is written to stderr nowhere: TensorFlow's C++ talks before it can be told not to.

    Exceptions pass as ever.
    """
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def import_keras() -> ModuleType:
    """The `keras` package on TensorFlow, without the pages of notices that come with it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with nullcontext() if "keras" in sys.modules else silence():
        import keras
    for name in ("absl", "tensorflow"):  # "HDF5 is legacy": it loads everywhere; "retracing" of a smaller batch
        logging.getLogger(name).setLevel(logging.ERROR)
    return keras


def lstm(
    shape: tuple[int, ...], labels: Sequence[str], front: keras.Model | None = None, activation: str = "relu"
) -> keras.Model:
    """The tutorial's network: windows (n, *shape) -> probabilities (n, labels); 596,675 parameters for 3 labels.

    From "Sign Language Detection using Action Recognition with Python" (Nicholas Renotte, 2021). `activation` is that
    of its LSTMs. With the tutorial's relu nothing bounds what they carry from sample to sample, and losses of thousands
    come up on the way; with tanh, which an LSTM is made for (Hochreiter and Schmidhuber, 1997), they do not.
    """
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(shape),
            *([front] if front else []),
            layers.LSTM(64, activation=activation, return_sequences=True),
            layers.LSTM(128, activation=activation, return_sequences=True),
            layers.LSTM(64, activation=activation),
            layers.Dense(64, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(len(labels), activation="softmax"),
        ]
    )


WIDTH, KERNEL, BLOCKS, HEADS, PARTS = 128, 7, 3, 4, 3
MOMENTUM = 0.9
"""Of the averages that a batch is normalised by in use. With Keras' 0.99 they lag behind a short training."""


def conv(shape: tuple[int, ...], labels: Sequence[str], front: keras.Model | None = None) -> keras.Model:
    """Convolutions over time, then attention: windows (n, *shape) -> probabilities (n, labels).

    Small enough to learn from a few hundred takes: separable convolutions with residual connections (Chollet,
    "Xception", 2017) look at a quarter of a second each, one layer of self-attention (Vaswani et al., 2017) lets the
    moments of a sign know of each other, and their mean and maximum in each third of the window are classified: over
    the whole window `small` would have all that `large` has, backwards. That convolutions come before attention is the
    finding of those who won "Google - Isolated Sign Language Recognition" (Kaggle, 2023).
    """
    import keras
    from keras import layers

    raw = keras.Input(shape)
    x = layers.SpatialDropout1D(0.1)(front(raw) if front else raw)  # a feature that is missing all along
    x = layers.BatchNormalization(momentum=MOMENTUM)(layers.Dense(WIDTH, use_bias=False)(x))
    for _ in range(BLOCKS):
        y = layers.SeparableConv1D(WIDTH, KERNEL, padding="same", use_bias=False)(x)
        y = layers.Activation("swish")(layers.BatchNormalization(momentum=MOMENTUM)(y))
        x = layers.Add()([x, layers.Dropout(0.3)(y)])
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(y, y)])
    part = max(1, shape[0] // PARTS)
    pools = (layers.AveragePooling1D(part), layers.MaxPooling1D(part))
    x = layers.Concatenate()([layers.Flatten()(pool(x)) for pool in pools])
    return keras.Model(raw, layers.Dense(len(labels), activation="softmax")(layers.Dropout(0.4)(x)))
