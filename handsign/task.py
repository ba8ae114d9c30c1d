"""A system as data. The core never names one: a task is a file in `handsign/tasks` that defines `TASK`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handsign import tasks
from handsign.errors import InputError
from handsign.takes import Store

if TYPE_CHECKING:
    import argparse

    import keras
    import numpy as np
    from matplotlib.figure import Figure

    from handsign.bundle import Bundle
    from handsign.dataset import Dataset, Split
    from handsign.goals import Goal
    from handsign.keypoints import Layout
    from handsign.takes import Damage, Take

    Array = np.ndarray[Any, Any]
    Sense = Callable[[Array], Array]


@dataclass(frozen=True)
class Task:
    """One system as data: what it watches, for how long, and what it asks.

    name     what --task calls it
    sample   shape of one sample
    window   how many samples the model sees at once
    rate     samples a second, where the recordings do not say otherwise
    sense    opens the extractor: () -> context manager of (frame (H, W, 3) uint8 BGR -> sample (*sample,) float32)
    fast     opens a faster extractor of almost the same samples, for --fast; None if there is none
    build    ((window, *sample) shape of x, labels, options) -> keras.Model, (N, *x) -> (N, *y)
    finish   the network as it was trained -> the same function as it is saved
    goal     the question asked of a window
    actions  what collect.py records when it is not told
    encode   window (window, *sample) -> x, in training and live
    augment  (windows, y, as many of rest or none, their y, rng) -> (windows, y), in training only
    layout   what the columns of a sample mean; None for samples that are not landmarks
    adapt    samples (T, ...) from elsewhere -> (T, *sample)
    gate     window (window, *sample) -> whether anything could be going on in it; live, the model is asked only then
    trigger  threshold, hold, rearm, release, quiet, stand or every of its models, where not as in `bundle.BundleInfo`
    quality  samples (T, *sample) of a take -> shares of its frames, by what was looked for; a zero offers it for redo
    sheet    (windows, labels, rng) -> Figure: what `augment` makes of a few windows, for the report
    variants other networks for the same samples: name -> the fields that are different then, or what makes them of
             the task as it is, so that several go together
    untrained what recognises without having been trained: name, as a model -> a new `bundle.Bundle`
    readers  file suffix -> reader of takes in a format that only this task knows; that of "/" is given whole folders
    store    folder -> the `takes.Store` that its takes are recorded into
    measures what whole recordings are told apart by, beside the network: name -> (samples (T, *sample) -> (n, numbers))
    pictures (windows, titles) -> Figure: what the model is shown, for people
    training other defaults of `training.Options`
    data     where its takes are and `model`, its trained model, when nobody says otherwise
    dataset  (path, split or None, seed) -> its Dataset where its data are no takes; None where they are
    live     what realtime.py does with its options, where that is not recognising
    """

    name: str
    sample: tuple[int, ...]
    window: int
    rate: float
    sense: Callable[[], AbstractContextManager[Sense]]
    build: Callable[..., keras.Model]
    goal: Goal
    fast: Callable[[], AbstractContextManager[Sense]] | None = None
    actions: tuple[str, ...] = ()
    encode: Callable[[Array], Array] = field(default=lambda window: window)
    finish: Callable[[keras.Model], keras.Model] = field(default=lambda model: model)
    augment: Callable[[Array, Array, Array, Array, np.random.Generator], tuple[Array, Array]] | None = None
    layout: Layout | None = None
    adapt: Callable[[Array], Array] = field(default=lambda samples: samples)
    gate: Callable[[Array], bool] = field(default=lambda window: True)
    trigger: Mapping[str, Any] = field(default_factory=dict)
    quality: Callable[[Array], Mapping[str, float]] = field(default=lambda samples: {})
    sheet: Callable[[Array, Sequence[str], np.random.Generator], Figure] | None = None
    variants: Mapping[str, Mapping[str, Any] | Callable[[Task], Mapping[str, Any]]] = field(default_factory=dict)
    untrained: Mapping[str, Callable[[], Bundle]] = field(default_factory=dict)
    readers: Mapping[str, Callable[[Path], Iterable[Take | Damage]]] = field(default_factory=dict)
    store: Callable[[Path], Store] = Store
    measures: Mapping[str, Callable[[Array], Array]] = field(default_factory=dict)
    pictures: Callable[[Array, Sequence[str]], Figure] | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    dataset: Callable[[Path, Split | None, int], Dataset | None] | None = None
    data: str = "MP_Data"
    model: str = "action.h5"
    live: Callable[[argparse.Namespace], None] | None = None

    def variant(self, name: str) -> Task:
        """The same task with another network.

        Raises:
            InputError: it has none of that name, or one that is not trained.
        """
        if name in self.untrained:
            raise InputError(f"{name} needs no training: run realtime.py --task {self.name} --model {name}")
        if name not in self.variants:
            raise InputError(
                f"{self.name} has no network {name!r}; it has: {', '.join(self.variants) or 'only its own'}"
            )
        different = self.variants[name]
        return replace(self, **(different(self) if callable(different) else different))

    @property
    def groups(self) -> Sequence[slice]:
        """The columns that are missing together."""
        return tuple(self.layout.slices.values()) if self.layout else ()


def names() -> list[str]:
    """The tasks there are: the files of `handsign/tasks`."""
    return sorted(module.name for module in pkgutil.iter_modules(tasks.__path__))


def load(name: str, fast: bool = False) -> Task:
    """Import one task by its name; `fast` with its faster extractor for `sense`.

    Raises:
        InputError: there is no such task, or it has no faster extractor.
    """
    if name not in names():
        raise InputError(f"there is no task {name!r}; there are: {', '.join(names())}")
    task = importlib.import_module(f"{tasks.__name__}.{name}").TASK
    assert isinstance(task, Task), f"{name}.TASK is a {type(task).__name__}"
    if fast and task.fast is None:
        raise InputError(f"{name} has no faster extractor; leave out --fast")
    return replace(task, sense=task.fast) if fast and task.fast else task
