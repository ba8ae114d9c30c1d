"""Load a trained model, and recognise with it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import msgspec
import numpy as np

from handsign import tasks
from handsign.api import arguments
from handsign.bundle.info import TriggerConfig
from handsign.bundle.replacing import finish_replacing
from handsign.bundle.runtime import info_of_model
from handsign.capture.stream import pipelined
from handsign.errors import InputError
from handsign.learn.objective import ForecastObjective
from handsign.live.loop import with_samples

if TYPE_CHECKING:
    from handsign.api.arguments import AnySource
    from handsign.bundle.bundle import Bundle
    from handsign.bundle.info import BundleInfo
    from handsign.capture.source import Frame
    from handsign.display.view import View
    from handsign.landmarks.layout import Layout
    from handsign.live.recogniser import Recogniser
    from handsign.live.trigger import Event
    from handsign.tasks import Task
    from handsign.types import Array, Extract


class Levels(TypedDict, total=False):
    """When probabilities become an event, instead of what the model says: see `TriggerConfig`."""

    threshold: float
    min_consecutive: int
    refractory: float
    release: float
    rest_threshold: float | None
    idle_event: str
    min_interval: float


@dataclass(frozen=True, eq=False)
class Result:
    """What is known about one frame.

    image          (H, W, 3) uint8 BGR
    time           seconds since the source started
    keypoints      the frame's sample (*sample,) float32
    probabilities  label -> probability for the window that ends with the frame; None until a window is full
    event          what the frame completed; None if nothing
    """

    image: Array = field(repr=False)
    time: float
    keypoints: Array = field(repr=False)
    probabilities: dict[str, float] | None
    event: Event | None
    _view: View = field(repr=False)
    _columns: Layout | None = field(repr=False)


class Model:
    """A trained model and its task; made by `load`.

    >>> import handsign
    >>> path = handsign.load("trajectory.onnx")
    >>> path.forecast(np.linspace([0.2, 0.5], [0.35, 0.5], path.window), steps=3).shape
    (3, 2)
    """

    def __init__(self, task: Task, bundle: Bundle) -> None:
        self._task, self._bundle, self._network = task, bundle, task.network()

    def __repr__(self) -> str:
        return f"<Model {self.task}: {len(self.labels)} labels, {self.window} samples at {self.rate:g} per second>"

    @property
    def task(self) -> str:
        """The name of the task."""
        return self._task.name

    @property
    def info(self) -> BundleInfo:
        """All that the model's file says about it."""
        return self._bundle.info

    @property
    def labels(self) -> list[str]:
        """The labels, in the order of the model's outputs."""
        return list(self.info.labels)

    @property
    def window(self) -> int:
        """Samples in a window."""
        return self.info.window

    @property
    def rate(self) -> float:
        """Samples per second in a window."""
        return self.info.rate

    def predict(self, window: Array) -> dict[str, float]:
        """A window (window, *sample), `rate` samples per second -> label -> probability.

        Raises:
            InputError: the window has another shape, or the model forecasts.
        """
        self._must_classify()
        encoded = self._network.encode(arguments.array(window, (self.window, *self.info.sample), "a window"))
        return self._named(self._network.objective.answer(self._bundle.predict, encoded))

    def forecast(self, window: Array, steps: int | None = None) -> Array:
        """The samples (steps, *sample) float32 that follow a window (window, *sample).

        `steps` is by default as many as the task forecasts.

        Raises:
            InputError: the window has another shape, there are no steps, or the model does not forecast.
        """
        objective, shape = self._network.objective, (self.window, *self.info.sample)
        if not isinstance(objective, ForecastObjective):
            raise InputError(f"a model of {self.task} does not forecast; use predict")
        if steps is not None and steps < 1:
            raise InputError(f"a forecast has at least 1 step, not {steps}")
        return objective.ahead(self._bundle.predict, arguments.array(window, shape, "a window"), steps)

    def recogniser(self, **levels: Unpack[Levels]) -> LiveRecogniser:
        """Recognition of your own frames or keypoints, which you give it one by one.

        Raises:
            InputError: the model forecasts, or there is no such level.
        """
        self._must_classify()
        trigger = arguments.record(TriggerConfig, msgspec.structs.asdict(self.info.trigger), levels)
        info = msgspec.structs.replace(self.info, trigger=trigger)
        return LiveRecogniser(self, self._task.recogniser(replace(self._bundle, info=info)))

    def stream(self, source: AnySource = 0, **levels: Unpack[Levels]) -> Generator[Result, None, None]:
        """A `Result` for every frame of a source; of a camera or a URL for the latest frames.

        source  the index of a camera; the path of a video, of a folder of pictures or of takes; the URL of a live
                stream; `practice[:SEED[:SIGNS]]`, the drawn practice signer; or an iterable of (seconds, image)

        The source is opened for the first result. It is closed, with all threads, at its end, or when the generator is
        closed, as it is after a `break` out of a loop over it.

        Raises:
            InputError: the model forecasts, there is no such level, or the source cannot be opened or read.
        """
        return _results(self._task, source, self.recogniser(**levels))

    def watch(self, source: AnySource = 0, **levels: Unpack[Levels]) -> Generator[Event, None, None]:
        """The events of a source; otherwise as `stream`."""
        return _events(self.stream(source, **levels))

    def _named(self, probabilities: Array) -> dict[str, float]:
        return dict(zip(self.info.labels, map(float, probabilities), strict=True))

    def _must_classify(self) -> None:
        if isinstance(self._network.objective, ForecastObjective):
            able = [n for n in tasks.names() if not isinstance(tasks.load(n).network().objective, ForecastObjective)]
            raise InputError(
                f"a model of {self.task} forecasts; use forecast. {', '.join(able)} have labels and events"
            )


class LiveRecogniser:
    """Recognises your own frames or keypoints, one after another. Close it, or use it as a context manager.

    result  of the last frame; after `update_keypoints` its image is empty, (0, 0, 3). None before the first

    >>> import handsign
    >>> recogniser = handsign.load("action.onnx").recogniser(threshold=0.9)
    >>> events = [recogniser.update_keypoints(np.zeros(1662), i / 30) for i in range(30)]
    >>> recogniser.result.probabilities["-"]  # nobody is there
    1.0
    """

    def __init__(self, model: Model, session: Recogniser) -> None:
        self._model, self._session, self._stack = model, session, ExitStack()
        self._extract: Extract | None = None
        self.result: Result | None = None

    def update(self, image: Array, time: float) -> Event | None:
        """Take an image (H, W, 3) uint8 BGR at `time` seconds, which increase; returns the event that it completes.

        Raises:
            InputError: the image has another shape or dtype, or the time is no number.
        """
        frame = arguments.frame(image, time)
        if self._extract is None:
            self._extract = self._stack.enter_context(self._model._task.sensor.open())
        return self._take(replace(frame, sample=pipelined(self._extract)(image))).event

    def update_keypoints(self, sample: Array, time: float) -> Event | None:
        """Take a sample (*sample,) at `time` seconds, otherwise as `update`; of the task `sign` 1662 keypoints.

        Raises:
            InputError: the sample has another shape, or the time is no number.
        """
        sample = arguments.array(sample, self._model.info.sample, "a sample")
        return self._take(replace(arguments.frame(np.zeros((0, 0, 3), np.uint8), time), sample=sample)).event

    def _take(self, frame: Frame) -> Result:
        """The result of a frame that has its sample."""
        session, sample = self._session, frame.sample
        assert sample is not None
        found = session.update(frame)
        named = None if found is None else self._model._named(found)
        view, columns = replace(session.view(), keys=()), self._model._task.format.columns
        self.result = Result(frame.image, frame.time, sample, named, session.event, view, columns)
        return self.result

    def close(self) -> None:
        """Close the extractor. A later `update` opens another one."""
        self._stack.close()
        self._extract = None

    def __enter__(self) -> LiveRecogniser:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def load(
    path: str | Path, labels: Sequence[str] | None = None, task: str | None = None, *, fast: bool = False
) -> Model:
    """Load a model: a bundle (`.onnx`), an `.h5` with its bundle beside it, or a bare Keras `.h5`.

    labels  of a bare `.h5`, in the order of its outputs
    task    of a bare `.h5`; a bundle says it itself
    fast    use the task's faster, less exact extractor, if the takes were recorded with it

    Raises:
        InputError: there is no such model, it cannot be used, or the task has no faster extractor.
    """
    path = Path(path)
    finish_replacing(path)
    if task is None:
        if path.is_file() and not path.with_suffix(".onnx").exists():
            raise InputError(f"{path} does not say what it is for; give its task and labels")
        task = info_of_model(path).task
    chosen = tasks.load(task, fast)
    return Model(chosen, chosen.load_model(path, labels))


def annotate(image: Array, result: Result, mirror: bool = False) -> Array:
    """A copy of an image (H, W, 3) uint8 BGR with a result's landmarks, probabilities and last events drawn on it.

    mirror  flip the image and the landmarks, but not the text

    Raises:
        InputError: the image has another shape or dtype.
    """
    from handsign.display.overlay import paint

    return paint(arguments.frame(image, 0.0).image, result.keypoints, result._columns, result._view, mirror)


def _results(task: Task, source: AnySource, recogniser: LiveRecogniser) -> Generator[Result, None, None]:
    with ExitStack() as stack:
        opened = stack.enter_context(arguments.open_source(source, task))
        extract = stack.enter_context(task.sensor.open_for(opened))
        for frame in stack.enter_context(closing(with_samples(opened, extract))):
            if frame is not None:
                yield recogniser._take(frame)


def _events(results: Generator[Result, None, None]) -> Generator[Event, None, None]:
    with closing(results):
        yield from (result.event for result in results if result.event)
