"""Hand signs: a window of 30 holistic frames in, a probability for each recorded sign out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from handsign.bundle.info import TriggerConfig
from handsign.capture.sensor import Sensor
from handsign.data.format import Format
from handsign.data.windowing import ClassificationWindowing
from handsign.evaluate.classification import ClassificationEvaluator
from handsign.landmarks.detector import FastHolistic, Holistic
from handsign.landmarks.holistic import HOLISTIC
from handsign.learn.network import Network
from handsign.learn.objective import ClassificationObjective
from handsign.tasks import Task
from handsign.tasks.sign.gate import gate
from handsign.tasks.sign.networks import conv, lstm
from handsign.tasks.sign.normalise import normaliser
from handsign.tasks.sign.pose_files import read_pose

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from handsign.types import Array


def quality(samples: Array) -> dict[str, float]:
    """Shares of the frames (T, 1662) in which a person and at least one hand were found."""
    hands = HOLISTIC.present(samples, "left_hand") | HOLISTIC.present(samples, "right_hand")
    return {"person": float(HOLISTIC.present(samples, "pose").mean()), "hand": float(hands.mean())}


def body_centred_lstm(shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
    """The tutorial's LSTMs behind a `normaliser`, on 152 features a frame: raw windows (n, *shape) -> (n, labels)."""
    return lstm(shape, labels, normaliser(shape[0], pad=False), "tanh")


def pad_to_raw_width(model: keras.Model) -> keras.Model:
    """The same function as a trained `body_centred_lstm`, with the weights' shapes of the tutorial's network.

    It has 596,675 parameters for three labels. The `normaliser` pads its features with zeros to the width of a raw
    sample, and the first LSTM's kernel is padded with zeros. Training the padded network would give the same function
    in twice the time, as the inputs of the added weights are always zero.
    """
    shape, labels = model.input_shape[1:], [""] * model.output_shape[-1]
    padded = lstm(shape, labels, normaliser(shape[0]), "tanh")
    for new, old in zip(padded.layers[1:], model.layers[1:], strict=True):
        weights = old.get_weights()
        missing = new.get_weights()[0].shape[0] - weights[0].shape[0]
        new.set_weights([np.pad(weights[0], ((0, missing), (0, 0))), *weights[1:]])
    return padded


def body_centred_conv(shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
    """`conv` behind a `normaliser`: raw windows (n, *shape) -> (n, labels). It generalises better to new people."""
    return conv(shape, labels, normaliser(shape[0], pad=False))


AUGMENTED = HOLISTIC.pick("pose", "left_hand", "right_hand")
"""The parts that a `normaliser` uses. Augmenting the face too would take 1.5 times as long."""


def augmented(windows: Array, y: Array, rest: Array, rest_y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Augmentation of windows (n, T, 1662) with `augment.blend` and `augment.augment`; the face becomes zeros."""
    from handsign.tasks.sign import augment

    windows, rest = (HOLISTIC.narrow(samples, *AUGMENTED.slices) for samples in (windows, rest))
    windows, y = augment.blend(windows, y, rest, rest_y, rng, AUGMENTED)
    return HOLISTIC.widen(np.stack([augment.augment(window, rng, AUGMENTED) for window in windows])), y


def preview(windows: Array, labels: Sequence[str], rng: np.random.Generator) -> Figure:
    """`preview.draw_preview`."""
    from handsign.tasks.sign.preview import draw_preview

    return draw_preview(windows, labels, rng)


LSTM = Network(
    body_centred_lstm,
    ClassificationObjective(),
    augment=augmented,
    to_export=pad_to_raw_width,
    preview=preview,
    trigger=TriggerConfig(threshold=0.93),
)

TASK = Task(
    examples=("hello", "thanks", "iloveyou"),
    sensor=Sensor(Holistic, FastHolistic, quality),
    format=Format("sign", (HOLISTIC.size,), columns=HOLISTIC, adapt=HOLISTIC.widen, readers={".pose": read_pose}),
    windowing=ClassificationWindowing(length=30, rate=30.0),
    networks={
        "lstm": LSTM,
        "raw": Network(lstm, ClassificationObjective(), trigger=LSTM.trigger),
        "conv": replace(
            LSTM, build=body_centred_conv, to_export=lambda model: model, trigger=TriggerConfig(threshold=0.97)
        ),
    },
    evaluator=ClassificationEvaluator(),
    gate=gate,
)
