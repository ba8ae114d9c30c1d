"""A task: what is watched, and what is predicted. The core names none: a task is a file or a package in this folder.

A task's module defines `TASK`, from the parts that the stages use: see `Task`, `classification` and `forecasting`.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from handsign.bundle.bundle import Bundle, Interface
from handsign.capture.sensor import Sensor
from handsign.data.format import Format
from handsign.data.windowing import ClassificationWindowing, ForecastWindowing
from handsign.errors import InputError
from handsign.evaluate.classification import ClassificationEvaluator
from handsign.learn.network import Network
from handsign.learn.objective import ClassificationObjective, ForecastObjective

if TYPE_CHECKING:
    from handsign.data.windowing import Windowing
    from handsign.evaluate.evaluator import Evaluator
    from handsign.live.config import LiveConfig, LiveView
    from handsign.live.recogniser import Recogniser
    from handsign.live.trigger import Event
    from handsign.types import Array, Extract

Variant = Network | Callable[[Network], Network]
"""A network, or what makes it of another one, so that several can be combined."""


def _open(window: Array) -> bool:
    return True


@dataclass(frozen=True)
class Task:
    """One system, as the parts that the stages use.

    examples   labels that collect.py records when none are named
    sensor     frame -> sample
    format     what samples look like, and where takes are
    windowing  takes -> windows with targets
    networks   the networks by name, the first of them the default
    evaluator  how good a model is
    gate       window (length, *sample) -> whether anything can be going on in it; live, the model is asked only then
    session    what realtime.py shows in place of recognition; None for recognition
    """

    examples: tuple[str, ...]
    sensor: Sensor
    format: Format
    windowing: Windowing
    networks: Mapping[str, Variant]
    evaluator: Evaluator
    gate: Callable[[Array], bool] = _open
    session: Callable[[Task, LiveConfig], LiveView | None] | None = None

    @property
    def name(self) -> str:
        """The name of its module."""
        return self.format.name

    def network(self, *names: str) -> Network:
        """The default network, or the named one; further names change it.

        Raises:
            InputError: it has none of that name, or that one is not trained.
        """
        first = next(iter(self.networks.values()))
        assert isinstance(first, Network), f"the first network of {self.name} depends on another"
        network = first
        for name in names:
            if name not in self.networks:
                raise InputError(f"{self.name} has no network {name!r}; it has: {', '.join(self.networks)}")
            chosen = self.networks[name]
            network = chosen if isinstance(chosen, Network) else chosen(network)
            if network.ready_made:
                raise InputError(f"{name} needs no training: run realtime.py --task {self.name} --model {name}")
        return network

    def interface(self, network: Network | None = None) -> Interface:
        """What its models are given."""
        network = network or self.network()
        length, rate = self.windowing.length, self.windowing.rate
        return Interface(self.format, network.encode, length, rate, network.trigger)

    def load_model(self, path: Path, labels: Sequence[str] | None = None) -> Bundle:
        """Open a model of the task, or one that is named like a network that needs no training.

        Raises:
            InputError: as `Bundle.load`.
        """
        chosen = self.networks.get(str(path))
        if isinstance(chosen, Network) and chosen.ready_made:
            return chosen.ready_made()
        return Bundle.load(path, self.interface(), labels)

    def recogniser(self, bundle: Bundle, on_event: Callable[[Event], None] = lambda event: None) -> Recogniser:
        """Live recognition with a model of the task."""
        from handsign.live.recogniser import Recogniser

        network = self.network()

        def predict(window: Array) -> Array:
            return network.objective.answer(bundle.predict, network.encode(window))

        return Recogniser(bundle.info, predict, self.format.groups, self.gate, on_event)

    def fast(self) -> Task:
        """The task with its faster extractor.

        Raises:
            InputError: it has none.
        """
        if self.sensor.open_fast is None:
            raise InputError(f"{self.name} has no faster extractor; leave out --fast")
        return replace(self, sensor=replace(self.sensor, open=self.sensor.open_fast))

    def with_shape(self, window: int | None = None, sample: tuple[int, ...] | None = None) -> Task:
        """The task with windows of another length, or samples of another shape; None leaves what it is."""
        windowing = replace(self.windowing, length=window or self.windowing.length)
        return replace(self, windowing=windowing, format=replace(self.format, shape=sample or self.format.shape))


def classification(
    name: str,
    sensor: Callable[[], AbstractContextManager[Extract]] | Sensor,
    build: Callable[..., Any],
    *,
    sample: tuple[int, ...],
    window: int,
    rate: float,
    examples: Sequence[str] = (),
    **network: Any,
) -> Task:
    """A task that asks which of the recorded labels a window shows; `network` are further fields of `Network`."""
    return Task(
        examples=tuple(examples),
        sensor=sensor if isinstance(sensor, Sensor) else Sensor(sensor),
        format=Format(name, sample),
        windowing=ClassificationWindowing(length=window, rate=rate),
        networks={"default": Network(build, ClassificationObjective(), **network)},
        evaluator=ClassificationEvaluator(),
    )


def forecasting(
    name: str,
    sensor: Callable[[], AbstractContextManager[Extract]] | Sensor,
    build: Callable[..., Any],
    *,
    sample: tuple[int, ...],
    window: int,
    rate: float,
    names: Sequence[str],
    examples: Sequence[str] = (),
    steps: int = 128,
    **network: Any,
) -> Task:
    """A task that asks which samples follow a window; `names` are those of a sample's last axis."""
    from handsign.evaluate.forecasting import ForecastEvaluator

    objective = ForecastObjective(steps=steps)
    return Task(
        examples=tuple(examples),
        sensor=sensor if isinstance(sensor, Sensor) else Sensor(sensor),
        format=Format(name, sample),
        windowing=ForecastWindowing(length=window, rate=rate, names=tuple(names)),
        networks={"default": Network(build, objective, **network)},
        evaluator=ForecastEvaluator(objective),
    )


def names() -> list[str]:
    """The names of the tasks: the modules and packages in this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def _module(name: str) -> ModuleType:
    if name not in names():
        raise InputError(f"there is no task {name!r}; there are: {', '.join(names())}")
    return importlib.import_module(f"{__name__}.{name}")


def load(name: str, fast: bool = False) -> Task:
    """A task by its name; `fast` with its faster extractor.

    Raises:
        InputError: there is no such task, or it has no faster extractor.
    """
    task = _module(name).TASK
    assert isinstance(task, Task), f"{name}.TASK is a {type(task).__name__}"
    return task.fast() if fast else task


def part(name: str, module: str) -> ModuleType | None:
    """A module of a task's package that not every task has, such as `enrolment`; None where there is none."""
    package = _module(name)
    if not hasattr(package, "__path__") or importlib.util.find_spec(f"{package.__name__}.{module}") is None:
        return None
    return importlib.import_module(f"{package.__name__}.{module}")
