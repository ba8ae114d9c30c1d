"""Strikes: the last image, or the last few, in; punch, kick or other out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from handsign.bundle.bundle import Bundle
from handsign.bundle.info import BundleInfo, TriggerConfig
from handsign.capture.sensor import Sensor
from handsign.data.format import Format
from handsign.errors import InputError
from handsign.learn.network import Network
from handsign.tasks import Task
from handsign.tasks.strike import images, silhouette
from handsign.tasks.strike.evaluator import PictureEvaluator
from handsign.tasks.strike.networks import PictureObjective, variant
from handsign.tasks.strike.windowing import PictureWindowing

SAMPLE = (images.HEIGHT, images.WIDTH, 3)

log = logging.getLogger("handsign")


def silhouette_model() -> Bundle:
    """The silhouette classifier as a model, without training; its first images have to show the room without people."""
    log.info(
        "the first two seconds show the background: step out of the picture, then come in and stand still for a moment"
    )
    trigger = TriggerConfig(threshold=0.5, min_consecutive=2, refractory=0.5, idle_event="stand", min_interval=0.1)
    labels: list[str] = list(silhouette.ACTIONS)
    info = BundleInfo(task="strike", labels=labels, window=1, rate=images.RATE, sample=SAMPLE, trigger=trigger)
    return Bundle(info, silhouette.predictor(), 1 + len(SAMPLE))


def no_training(shape: tuple[int, ...], labels: Sequence[str]) -> Any:
    """The silhouette has no network.

    Raises:
        InputError: always.
    """
    raise InputError("the silhouette needs no training: run realtime.py --task strike --model silhouette")


TASK = Task(
    examples=("punch", "kick", "other"),
    sensor=Sensor(images.small_pictures),
    format=Format(
        "strike", SAMPLE, readers={"/": images.read}, store=images.ImageStore, data="strikes", model="strike.h5"
    ),
    windowing=PictureWindowing(length=1, rate=images.RATE),
    networks={
        "lite0": PictureObjective().network(),
        "binary": variant(binary=True),
        "original": variant(original=True),
        "mobilenet": variant(backbone="mobilenet"),
        "lstm": variant(cell="LSTM"),
        "silhouette": Network(no_training, PictureObjective(), ready_made=silhouette_model),
    },
    evaluator=PictureEvaluator(),
)
