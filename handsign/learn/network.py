"""A network of a task: how it is built, what it is shown, and how it is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign.bundle.info import TriggerConfig

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from handsign.bundle.bundle import Bundle
    from handsign.data.dataset import Dataset
    from handsign.learn.objective import Objective
    from handsign.types import Array

Augment = Callable[["Array", "Array", "Array", "Array", np.random.Generator], tuple["Array", "Array"]]
"""(windows, y, as many windows of rest or none, their y, rng) -> (windows, y)."""


def _unchanged(window: Array) -> Array:
    return window


def _as_trained(model: keras.Model) -> keras.Model:
    return model


@dataclass(frozen=True)
class Network:
    """A network, what is learned, and the defaults of its training.

    build       (shape of x, labels) -> keras.Model, (n, *x) -> (n, *y)
    objective   what training minimises, and how a prediction is read
    encode      window (window, *sample) -> x, in training and live; the same for all networks of a task
    augment     changes the windows of a batch, in training only; None for no augmentation
    to_export   the trained network -> the same function as it is saved
    preview     (windows, labels, rng) -> Figure of what `augment` makes of a few windows, for the report
    figure      (windows, titles) -> Figure of windows as the model is shown them
    config      other defaults of `TrainConfig`
    trigger     levels at which its predictions become events
    ready_made  a model that needs no training; None for networks that are trained
    """

    build: Callable[..., keras.Model]
    objective: Objective
    encode: Callable[[Array], Array] = _unchanged
    augment: Augment | None = None
    to_export: Callable[[keras.Model], keras.Model] = _as_trained
    preview: Callable[[Array, Sequence[str], np.random.Generator], Figure] | None = None
    figure: Callable[[Array, Sequence[str]], Figure] | None = None
    config: Mapping[str, Any] = field(default_factory=dict)
    trigger: TriggerConfig = field(default_factory=TriggerConfig)
    ready_made: Callable[[], Bundle] | None = None

    def encode_all(self, windows: Array) -> Array:
        """Windows (n, window, *sample) -> x (n, *x) as the model takes it."""
        if not len(windows) or self.encode(first := windows[0]) is first:  # nothing to encode: spare the memory
            return windows
        return np.stack([self.encode(window) for window in windows])

    def rows(self, data: Dataset, part: str) -> tuple[Array, Array]:
        """(x, y) of a part of the data, as the model takes it."""
        windows, y = data.rows(part)
        return self.encode_all(windows), y
