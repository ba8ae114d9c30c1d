"""The session of realtime.py that records paths, trains on them and forecasts, controlled by keys."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import handsign
from handsign.capture.pointer import Pointer
from handsign.data.take import Take, TakeInfo
from handsign.data.windows import resample
from handsign.display.view import Line, View
from handsign.errors import InputError
from handsign.learn.objective import ForecastObjective
from handsign.live.config import LiveView
from handsign.live.session import Session
from handsign.live.training_process import TrainingProcess
from handsign.reading import below
from handsign.tasks.trajectory.synthetic import CANVAS

if TYPE_CHECKING:
    from handsign.capture.source import Frame, Source
    from handsign.live.config import LiveConfig
    from handsign.tasks import Task
    from handsign.types import Array, Predict

IDLE, RECORDING, TRAINING, PREDICTING = "idle", "recording", "training", "predicting"

ENDS = {RECORDING: "r saves it, i drops it", TRAINING: "i gives it up", PREDICTING: "p or i ends it"}

MAX_GAP = 0.5
"""Seconds without a point after which earlier points do not belong to later ones."""


@dataclass(frozen=True)
class Forecaster:
    """A model that forecasts points.

    predict    windows (n, length, 2) -> the next point (n, 2)
    rate       samples a second in a window
    intervals  (3, steps), the radii of its 50, 80 and 95 % prediction intervals after each step, in canvas widths
    """

    predict: Predict
    rate: float
    intervals: Array


class Drawing(Session):
    """Records, trains on or forecasts the path of a point, only one of these at a time.

    length     samples in a window
    objective  of the model
    start      starts a training
    load       loads the model
    save       writes a take of samples (T, 2) at times (T,) in seconds, and returns its path

    context   (length, 2) float32, the window of the last forecast; empty, (0, 2), before the first one
    forecast  (steps, 2) float32, the predicted points; empty, (0, 2), before the first one
    """

    def __init__(
        self,
        length: int,
        objective: ForecastObjective,
        start: Callable[[], TrainingProcess],
        load: Callable[[], Forecaster],
        save: Callable[[Array, Array], Path],
    ) -> None:
        super().__init__()
        self._length, self._objective = length, objective
        self._start, self._load, self._save = start, load, save
        self.state = IDLE
        self.training: TrainingProcess | None = None
        self.context, self.forecast = np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
        self._model: Forecaster | None = None
        self._take: list[tuple[float, Array]] = []
        self._recent: deque[tuple[float, Array]] = deque()
        self.message = "r records, t trains, p predicts, h shows all keys"
        self.commands = {
            "r": ("record, save", self._record),
            "t": ("train", self._train),
            "p": ("predict", self._predict),
            "c": ("clear", self._clear),
            "i": ("idle", self._idle),
        }

    def on_sample(self, sample: Array, frame: Frame) -> Array | None:
        """Add a point (2,), zeros for none, to the take or the window; returns the forecast (steps, 2), if any."""
        if self.state == TRAINING:
            self._check_training()
        if self.state == RECORDING:
            self._take.append((frame.time, np.array(sample, np.float32)))
        recent = self._recent
        if recent and not 0 < frame.time - recent[-1][0] <= MAX_GAP:
            recent.clear()
        if sample.any():
            recent.append((frame.time, np.array(sample, np.float32)))
            if self.state == PREDICTING:
                self._predict_from(frame.time)
        return self.forecast if len(self.forecast) else None

    def _predict_from(self, now: float) -> None:
        """Forecast from the window that ends at `now` seconds, if there are points for all of it."""
        assert self._model is not None
        at = now + np.arange(1 - self._length, 1) / self._model.rate
        while len(self._recent) > 1 and self._recent[1][0] <= at[0]:
            self._recent.popleft()
        if self._recent[0][0] > at[0] + 1e-6:
            return
        samples = np.stack([sample for _, sample in self._recent])
        self.context = resample(samples, np.array([when for when, _ in self._recent]), at)
        self.forecast = self._objective.ahead(self._model.predict, self.context)

    def _check_training(self) -> None:
        """Return to idle when the training has finished."""
        assert self.training is not None
        if self.training.finished:
            failed, self.training, self.state = self.training.error, None, IDLE
            self.message = f"training failed: {failed}" if failed else "trained: p predicts"

    def _is_busy(self, key: str, action: str) -> bool:
        """Whether the session is not idle; the message then says why `key` did nothing."""
        if self.state != IDLE:
            self.message = f"{key} {action}, but it is {self.state}: {ENDS[self.state]}"
        return self.state != IDLE

    def _record(self) -> None:
        if self.state == RECORDING:
            self._save_take()
        elif not self._is_busy("r", "records"):
            self._clear()
            self._take, self.state, self.message = [], RECORDING, "recording: move; r saves it, i drops it"

    def _save_take(self) -> None:
        take, self.state = self._take, IDLE
        points = sum(bool(sample.any()) for _, sample in take)
        if points <= self._length:
            self.message = f"{points} points are too few to learn from, nothing was saved; r records again"
            return
        times, samples = np.array([at for at, _ in take]), np.stack([sample for _, sample in take])
        self.message = f"{points} points saved as {self._save(samples, times - times[0])}; t trains"

    def _train(self) -> None:
        if self._is_busy("t", "trains"):
            return
        try:
            self.training, self.state, self.message = self._start(), TRAINING, "training on all recordings"
        except InputError as error:
            self.message = str(error)

    def _predict(self) -> None:
        if self.state == PREDICTING:
            self._idle()
        elif not self._is_busy("p", "predicts"):
            try:
                self._model, self.state = self._load(), PREDICTING
                self.message = "predicting: the last points amber, what comes blue; p or i ends it"
            except InputError as error:
                self.message = str(error)

    def _clear(self) -> None:
        if self.state == RECORDING:
            self.message = f"c clears, but it is recording: {ENDS[RECORDING]}"
            return
        self._take, self.context, self.forecast = [], self.context[:0], self.forecast[:0]
        self._recent.clear()
        self.message = "cleared"

    def _idle(self) -> None:
        previous, self.state = self.state, IDLE
        self._stop_training()
        self.message = {IDLE: "idle already", RECORDING: "the recording was dropped"}.get(
            previous, f"no longer {previous}"
        )
        self._take = [] if previous == RECORDING else self._take

    def _stop_training(self) -> None:
        if self.training:
            self.training.stop()
            self.training = None

    def quit(self) -> None:
        """End the session, and the training with it."""
        self._stop_training()
        super().quit()

    def view(self) -> View:
        """The take in red, the context in amber, the forecast in blue with its prediction intervals."""
        lines, bands = [], []
        if self._take:
            lines.append(Line(np.stack([sample for _, sample in self._take]), "red"))
        if len(self.forecast) and self._model is not None:
            bands = [(self.forecast, radii) for radii in self._model.intervals[::-1]]
            lines += [Line(self.context, "amber", dots=True), Line(self.forecast, "blue", dots=True)]
        progress = f": {self.training.status}" if self.training else ""
        return View(
            title="trajectory",
            state=self.state + progress,
            recording=self.state == RECORDING,
            progress=self.training.progress if self.training else None,
            message=self.message,
            help=self.help,
            keys=super().view().keys,
            lines=lines,
            prediction_intervals=bands,
        )


def open_drawing(task: Task, config: LiveConfig) -> LiveView:
    """The live view: of the pointer over a window, or of the fingertip in a camera or source.

    Raises:
        InputError: there is neither a window nor a camera or source.
    """
    pointer = config.source is None and config.camera.device is None
    if pointer and config.headless:
        raise InputError("a pointer needs a window to be over; leave out --headless, or give --source or --camera")

    def open_session(source: Source, extractor: str) -> Drawing:
        info = TakeInfo(
            action=task.examples[0],
            signer="me",
            session=time.strftime("%Y-%m-%dT%H:%M:%S"),
            source=source.name,
            frame_size=source.size,
            rate=source.rate,
            extractor=extractor,
        )
        session = Drawing(
            task.windowing.length,
            _objective(task),
            lambda: _start_training(task, config),
            lambda: _load(task, config),
            lambda samples, times: task.format.store(config.data).add(Take(samples, times, info)),
        )
        if config.headless:  # no window, so no keys
            session.press("p")
            if session.state != PREDICTING:
                raise InputError(session.message)
        return session

    return LiveView(open_session, task.sensor, task.format.columns, (lambda: Pointer(CANVAS)) if pointer else None)


def _objective(task: Task) -> ForecastObjective:
    objective = task.network().objective
    assert isinstance(objective, ForecastObjective)
    return objective


def _load(task: Task, config: LiveConfig) -> Forecaster:
    bundle = task.load_model(config.model, config.labels)
    intervals = np.array(bundle.info.prediction_intervals, np.float32).reshape(-1, _objective(task).steps)
    return Forecaster(bundle.predict, bundle.info.rate, intervals)


def _start_training(task: Task, config: LiveConfig) -> TrainingProcess:
    """Start train.py on all takes of `config.data`, continuing from the model if there is one."""
    if not config.data.is_dir() or not any(path.suffix == ".npz" for path in below(config.data)):
        raise InputError(f"there is no recording in {config.data} yet: r records one")
    options = ["--task", task.name, "--data", config.data, "--model", config.model, "--progress"]
    options += ["--continue"] if config.model.with_suffix(".onnx").exists() else []
    root = str(Path(handsign.__file__).parent.parent)  # also where the package is not installed
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}
    return TrainingProcess([sys.executable, "-m", "handsign", "train", *map(str, options)], environment)
