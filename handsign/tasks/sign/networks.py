"""Networks that classify windows of samples: LSTMs, or convolutions with attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def lstm(
    shape: tuple[int, ...], labels: Sequence[str], front: keras.Model | None = None, activation: str = "relu"
) -> keras.Model:
    """The tutorial's network: windows (n, *shape) -> probabilities (n, len(labels)).

    From "Sign Language Detection using Action Recognition with Python" (Nicholas Renotte, 2021); 596,675 parameters for
    windows (30, 1662) and 3 labels.

    shape       (window, features), two-dimensional
    front       a network applied to the windows first, such as `normaliser`
    activation  of the LSTMs. With the tutorial's relu their state is unbounded, and losses of thousands occur during
                training; with tanh, the usual one (Hochreiter and Schmidhuber, 1997), they do not
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


WIDTH, KERNEL, BLOCKS, HEADS = 128, 7, 3, 4
"""Of `conv`: channels, samples per convolution, residual blocks, attention heads."""

PARTS = 3
"""Equal parts of the window that `conv` pools separately."""

MOMENTUM = 0.9
"""Of the moving averages in batch normalisation. With Keras' default, 0.99, they lag behind in a short training."""


def conv(shape: tuple[int, ...], labels: Sequence[str], front: keras.Model | None = None) -> keras.Model:
    """Convolutions over time, then self-attention: windows (n, *shape) -> probabilities (n, len(labels)).

    Small enough for a few hundred takes: separable convolutions with residual connections (Chollet, "Xception", 2017)
    of a quarter of a second each, one layer of self-attention (Vaswani et al., 2017), then a dense layer on the mean
    and maximum of each third of the window. Pooled over the whole window, a sign and its reverse (`small`, `large`)
    would be the same. Convolutions before attention follow the winners of "Google - Isolated Sign Language Recognition"
    (Kaggle, 2023).

    shape  (window, features)
    front  a network applied to the windows first, such as `normaliser`
    """
    import keras
    from keras import layers

    raw = keras.Input(shape)
    x = layers.SpatialDropout1D(0.1)(front(raw) if front else raw)  # drops whole features: missing throughout
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
