"""A task and a dataset small enough to train on in a test."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np

from handsign.dataset import Dataset, Split
from handsign.goals import Classify
from handsign.keypoints import Layout, Part
from handsign.task import Task

LABELS = ["down", "still", "up"]


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


def make_task(**changes: Any) -> Task:
    fields = {
        "name": "tiny",
        "sample": (6,),
        "window": 5,
        "rate": 10.0,
        "sense": nullcontext,
        "build": build,
        "goal": Classify(),
        "layout": Layout((Part("a", 1), Part("b", 1))),
    }
    return Task(**{**fields, **changes})


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
