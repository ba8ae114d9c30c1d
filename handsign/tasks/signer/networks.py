"""The network that identifies people by the images of their paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


FILTERS = (12, 24, 48, 64)
"""Filters of the convolutions in each block."""

EMBEDDING_SIZE = 64

MOMENTUM = 0.9
"""Of the moving averages of batch normalisation."""


def vgg(shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
    """Build a classifier of images (n, *shape) in 0..255, shape (size, size, 3): probabilities (n, labels).

    Blocks of convolutions, each at half the resolution of the previous one, after Simonyan and Zisserman, "Very deep
    convolutional networks for large-scale image recognition", 2015, with batch normalisation (Ioffe and Szegedy, 2015),
    and few enough filters to be trained on two cores. The input of the last layer is the embedding that people are
    enrolled with (`enrolment`).
    """
    import keras
    from keras import layers

    network = [keras.Input(shape), layers.Rescaling(1 / 255)]
    for block, filters in enumerate(FILTERS):
        for _ in range(1 if block == 0 else 2):
            network += [
                layers.Conv2D(filters, 3, padding="same", use_bias=False),
                layers.BatchNormalization(momentum=MOMENTUM),
                layers.ReLU(),
            ]
        network.append(layers.MaxPooling2D())
    head = [layers.Flatten(), layers.Dropout(0.3), layers.Dense(EMBEDDING_SIZE, use_bias=False)]
    head += [layers.BatchNormalization(momentum=MOMENTUM), layers.ReLU(), layers.Dropout(0.3)]
    return keras.Sequential([*network, *head, layers.Dense(len(labels), activation="softmax")])
