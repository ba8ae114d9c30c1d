"""A task and a dataset small enough to train on in a test."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign.capture.sensor import Sensor
from handsign.data.dataset import Dataset
from handsign.data.format import Format
from handsign.data.split import Split
from handsign.data.windowing import ClassificationWindowing
from handsign.evaluate.classification import ClassificationEvaluator
from handsign.landmarks.layout import Layout, Part
from handsign.learn.config import TrainConfig
from handsign.learn.network import Network
from handsign.learn.objective import ClassificationObjective
from handsign.tasks import Task

if TYPE_CHECKING:
    from handsign.learn.training import TrainResult

LABELS = ["down", "still", "up"]

QUICK = TrainConfig(epochs=4, batch=8, learning_rate=0.02, logs=None)


def build(shape: tuple[int, ...], labels: list[str]) -> Any:
    """A network with dropout, whose random state has to survive a resume."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input(shape),
            layers.LSTM(8),
            layers.Dropout(0.3),
            layers.Dense(len(labels), activation="softmax"),
        ]
    )


def make_network(**changes: Any) -> Network:
    """The network of the tiny task, with other fields."""
    return replace(Network(build, ClassificationObjective()), **changes)


def make_task(network: Network | None = None, **changes: Any) -> Task:
    """A task with two parts of three columns, and windows of five samples; with other fields."""
    task = Task(
        examples=(),
        sensor=Sensor(nullcontext),
        format=Format("tiny", (6,), columns=Layout((Part("a", 1), Part("b", 1)))),
        windowing=ClassificationWindowing(length=5, rate=10.0),
        networks={"tiny": network or make_network()},
        evaluator=ClassificationEvaluator(),
    )
    return replace(task, **changes)


def make_data(signers: tuple[str, ...] = ("ann",), labels: list[str] = LABELS, noise: float = 0.1) -> Dataset:
    """Forty-five windows that rise, stay or fall; nine for testing, nine for validation."""
    rng, n = np.random.default_rng(0), 45
    label = np.arange(n) % len(labels)
    slope = np.linspace(-1, 1, len(labels))[label]
    X = slope[:, None, None] * np.linspace(0, 1, 5)[:, None] + rng.normal(0, noise, (n, 5, 6))
    part = np.repeat(["test", "val", "train"], [9, 9, 27])
    return Dataset(
        "tiny",
        X.astype(np.float32),
        np.eye(len(labels), dtype=np.float32)[label],
        list(labels),
        part,
        np.array([f"{labels[i]}/{k}" for k, i in enumerate(label)]),
        np.array([signers[k % len(signers)] for k in range(n)]),
        np.full(n, "one"),
        rate=10.0,
        split=Split(),
    )


def risen(x: np.ndarray) -> np.ndarray:
    """Probabilities (n, 3) of `LABELS` for windows x (n, 5, 6), by hand: has the window gone up?"""
    slope = (x[:, -1] - x[:, 0]).mean(axis=1)
    scores = np.stack([-slope, 0.5 - abs(slope), slope], axis=1)
    return np.exp(4 * scores) / np.exp(4 * scores).sum(axis=1, keepdims=True)


def weights(trained: TrainResult) -> np.ndarray:
    """All weights of a trained network in one row (n,)."""
    return np.concatenate([w.ravel() for w in trained.model.get_weights()])
