"""Identification of people by how they move: the image of a pointer's or fingertip's path in, the person out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from handsign.capture.sensor import Sensor
from handsign.data.format import Format
from handsign.landmarks.detector import FastHolistic, Holistic
from handsign.landmarks.holistic import HOLISTIC, fingertip
from handsign.learn.network import Network
from handsign.tasks import Task
from handsign.tasks.signer import balabit, motion_image
from handsign.tasks.signer.identification import SignerObjective, SignerWindowing
from handsign.tasks.signer.networks import vgg
from handsign.tasks.signer.verification import SignerEvaluator

if TYPE_CHECKING:
    from handsign.types import Array


HEIGHT = 0.75
"""Height of a camera's image in image widths, assumed for all keypoints, which do not carry the image's size."""

FRAME = 1 / 30
"""Interval of fingertip samples in seconds, live; `timed` replaces it in takes."""

HIDDEN = 0.4
"""Largest share of a window, at its beginning, that augmentation replaces by padding: recordings may be short."""


def fingertip_path(keypoints: Array) -> Array:
    """Holistic keypoints (..., T, columns) -> the path of an index fingertip (..., T, 4) float32.

    Frames without a fingertip get its last known position; those before the first one, the first.
    """
    where = fingertip(HOLISTIC.widen(keypoints))
    found = where.any(axis=-1)
    number = np.where(found, np.arange(found.shape[-1]), -1)
    first = np.argmax(found, axis=-1)[..., None]
    held = np.maximum(np.maximum.accumulate(number, axis=-1), first)
    where = np.take_along_axis(where, held[..., None], axis=-2) * np.array([1.0, HEIGHT])
    rest = np.broadcast_to([0.0, FRAME], (*where.shape[:-1], 2))
    return np.concatenate([where, rest], axis=-1).astype(np.float32)


class Fingertips(Holistic):
    """Images -> samples (4,) float32 of the path of an index fingertip; without one, the last sample is repeated."""

    name = "mediapipe-holistic index fingertip"
    _last = np.array([0.5, 0.5 * HEIGHT, 0.0, FRAME], np.float32)

    def receive(self, wait: bool = True) -> Array | None:
        """The sample of the oldest frame sent."""
        keypoints = super().receive(wait)
        if keypoints is None:
            return None
        sample = fingertip_path(keypoints[None])[0]
        if sample[:2].any():
            self._last = sample
        return self._last


class FastFingertips(Fingertips, FastHolistic):
    """The same with the lighter hand model."""

    name = "mediapipe-holistic-fast index fingertip"


def shortened(windows: Array, y: Array, rest: Array, rest_y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Windows (n, T, 4) float32, half of them padded at the beginning as those of shorter recordings: see `runs`."""
    begins = (rng.uniform(0, HIDDEN, len(windows)) * windows.shape[1] * rng.integers(0, 2, len(windows))).astype(int)
    index = np.maximum(np.arange(windows.shape[1]), begins[:, None])
    return np.take_along_axis(windows, index[..., None], axis=1), y


TASK = Task(
    examples=("path",),
    sensor=Sensor(Fingertips, FastFingertips),
    format=Format(
        "signer",
        (4,),
        adapt=fingertip_path,
        readers={"": balabit.read, ".csv": balabit.read},
        data="pointers",
        model="signer.h5",
    ),
    windowing=SignerWindowing(length=200, rate=30.0),
    networks={
        "vgg": Network(
            vgg,
            SignerObjective(),
            encode=motion_image.render,
            augment=shortened,
            figure=motion_image.preview,
            config={"weight_decay": 0.1, "batch": 64},
        )
    },
    evaluator=SignerEvaluator(),
)
