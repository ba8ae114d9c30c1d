"""Who is it? A pointer's or a fingertip's path, drawn as a picture, in; the person who moved it out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign import balabit, measures, motion
from handsign.holistic import FastHolistic, Holistic
from handsign.identify import Identify
from handsign.keypoints import HOLISTIC
from handsign.paths import fingertip
from handsign.task import Task

if TYPE_CHECKING:
    import keras

Array = np.ndarray[Any, Any]
HEIGHT = 0.75
"""Of a camera's picture in its widths, where the keypoints do not tell."""
FRAME = 1 / 30
"""Seconds between samples, live."""
WIDTHS = (12, 24, 48, 64)
EMBEDDING = 64
MOMENTUM = 0.9
HIDDEN = 0.4
"""The most of a window that training hides at its beginning: recordings may be short."""


def tips(keypoints: Array) -> Array:
    """Holistic keypoints (..., T, columns) -> an index fingertip's path (..., T, 4); unseen it stays where it was."""
    where = fingertip(HOLISTIC.widen(keypoints))
    seen = where.any(axis=-1)
    number = np.where(seen, np.arange(seen.shape[-1]), -1)
    first = np.argmax(seen, axis=-1)[..., None]
    held = np.maximum(np.maximum.accumulate(number, axis=-1), first)
    where = np.take_along_axis(where, held[..., None], axis=-2) * np.array([1.0, HEIGHT])
    rest = np.broadcast_to([0.0, FRAME], (*where.shape[:-1], 2))
    return np.concatenate([where, rest], axis=-1).astype(np.float32)


class Fingertips(Holistic):
    """Pictures -> a sample (4,) float32 of the path of an index fingertip; out of sight it stays where it was."""

    name = "mediapipe-holistic index fingertip"
    _last = np.array([0.5, 0.5 * HEIGHT, 0.0, FRAME], np.float32)

    def receive(self, wait: bool = True) -> Array | None:
        """The sample of the oldest frame sent."""
        keypoints = super().receive(wait)
        if keypoints is None:
            return None
        sample = tips(keypoints[None])[0]
        if sample[:2].any():
            self._last = sample
        return self._last


class FastFingertips(Fingertips, FastHolistic):
    """The same with the lighter hand model."""

    name = "mediapipe-holistic-fast index fingertip"


def vgg(shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
    """Pictures (n, size, size, 3) in 0..255 -> probabilities (n, labels): blocks of convolutions, each half the size.

    After Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015, with batch
    normalisation (Ioffe and Szegedy, 2015), and narrow enough to be trained on two cores. The layer before the last is
    what a person is enrolled with (`handsign.enrolment`).
    """
    import keras
    from keras import layers

    network = [keras.Input(shape), layers.Rescaling(1 / 255)]
    for block, width in enumerate(WIDTHS):
        for _ in range(1 if block == 0 else 2):
            network += [
                layers.Conv2D(width, 3, padding="same", use_bias=False),
                layers.BatchNormalization(momentum=MOMENTUM),
                layers.ReLU(),
            ]
        network.append(layers.MaxPooling2D())
    head = [layers.Flatten(), layers.Dropout(0.3), layers.Dense(EMBEDDING, use_bias=False)]
    head += [layers.BatchNormalization(momentum=MOMENTUM), layers.ReLU(), layers.Dropout(0.3)]
    return keras.Sequential([*network, *head, layers.Dense(len(labels), activation="softmax")])


def shortened(windows: Array, y: Array, rest: Array, rest_y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Windows (n, T, 4) as shorter recordings would give them: a sample stands for all before it (`identify.runs`)."""
    begins = (rng.uniform(0, HIDDEN, len(windows)) * windows.shape[1] * rng.integers(0, 2, len(windows))).astype(int)
    index = np.maximum(np.arange(windows.shape[1]), begins[:, None])
    return np.take_along_axis(windows, index[..., None], axis=1), y


TASK = Task(
    name="signer",
    sample=(4,),
    window=200,
    rate=30.0,
    sense=Fingertips,
    fast=FastFingertips,
    build=vgg,
    encode=motion.picture,
    augment=shortened,
    pictures=motion.sheet,
    measures={"actions": measures.actions, "pieces": measures.pieces},
    goal=Identify(),
    actions=("path",),
    adapt=tips,
    readers={"": balabit.read, ".csv": balabit.read},
    training={"weight_decay": 0.1, "batch": 64},
    data="pointers",
    model="signer.h5",
)
