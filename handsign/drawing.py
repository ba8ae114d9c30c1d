"""Draw, train and see what comes next: the window of a task that forecasts a point, all of it by keys."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign import task as tasks
from handsign.bundle import Bundle
from handsign.errors import InputError
from handsign.live import open_live, open_sense, open_window, play
from handsign.paths import CANVAS
from handsign.recording import extractor
from handsign.screen import VideoFile
from handsign.session import Line, Session, View
from handsign.sources import Pointer
from handsign.takes import Store, Take, TakeInfo
from handsign.windows import resample

if TYPE_CHECKING:
    from handsign.goals import Forecast
    from handsign.sources import Frame
    from handsign.task import Sense, Task

Array = np.ndarray[Any, Any]
IDLE, RECORDING, TRAINING, PREDICTING = "idle", "recording", "training", "predicting"
ENDS = {RECORDING: "r saves it, i drops it", TRAINING: "i gives it up", PREDICTING: "p or i ends it"}
AWAY = 0.5
"""Seconds without a point after which what came before does not belong to what comes now."""


class Training:
    """A training in a process of its own, which the window does not wait for.

    `command` is to print every epoch as `train.py --progress` does, and its last line says why it failed.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.share, self.told, self._last = 0.0, "starting", "it was ended"
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, name="training", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                try:
                    now = json.loads(line)
                    self.share, self.told = now["epoch"] / now["epochs"], f"epoch {now['epoch']} of {now['epochs']}"
                except (ValueError, TypeError, KeyError):
                    self._last = line.strip() or self._last

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None and not self._reader.is_alive()

    @property
    def failed(self) -> str:
        """Why it failed, or nothing."""
        return "" if self._process.returncode == 0 else self._last

    def stop(self) -> None:
        """Give it up; the model stays as it was."""
        self._process.terminate()
        self._process.wait()
        self._reader.join()


class Drawing(Session):
    """One point and what becomes of it: idle, recording a take, training, or predicting, and never two of them.

    start  begins a training
    load   the model as it is now: (predict (n, window, 2) -> (n, 2), how many samples a second, its fan (3, steps))
    save   keeps a take of samples (T, 2) at times (T,), and says where
    """

    def __init__(
        self,
        task: Task,
        sense: Sense,
        start: Callable[[], Training],
        load: Callable[[], tuple[Callable[[Array], Array], float, Array]],
        save: Callable[[Array, Array], Path],
    ) -> None:
        super().__init__(task, sense)
        self._start, self._load, self._save = start, load, save
        self.state = IDLE
        self.training: Training | None = None
        self.seen, self.said = np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
        self._model: tuple[Callable[[Array], Array], float, Array] | None = None
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

    def take_in(self, sample: Array, frame: Frame) -> Array | None:
        """A point (2,), or zeros for none: part of the take, or of the window that is asked about."""
        if self.state == TRAINING:
            self._look()
        if self.state == RECORDING:
            self._take.append((frame.time, np.array(sample, np.float32)))
        recent = self._recent
        if recent and not 0 < frame.time - recent[-1][0] <= AWAY:
            recent.clear()
        if sample.any():
            recent.append((frame.time, np.array(sample, np.float32)))
            if self.state == PREDICTING:
                self._ask(frame.time)
        return self.said if len(self.said) else None

    def _ask(self, now: float) -> None:
        """What comes after the window that ends now, if points of so long are there."""
        assert self._model is not None
        predict, rate, _ = self._model
        at = now + np.arange(1 - self.task.window, 1) / rate
        while len(self._recent) > 1 and self._recent[1][0] <= at[0]:
            self._recent.popleft()
        if self._recent[0][0] > at[0] + 1e-6:
            return
        samples = np.stack([sample for _, sample in self._recent])
        self.seen = resample(samples, np.array([when for when, _ in self._recent]), at)
        goal: Forecast = self.task.goal
        self.said = goal.ahead(predict, self.task.encode(self.seen))

    def _look(self) -> None:
        """How far the training is."""
        assert self.training is not None
        if self.training.over:
            failed, self.training, self.state = self.training.failed, None, IDLE
            self.message = f"training failed: {failed}" if failed else "trained: p predicts"

    def _refused(self, key: str, does: str) -> bool:
        """Whether something else is going on, and say so."""
        if self.state != IDLE:
            self.message = f"{key} {does}, but it is {self.state}: {ENDS[self.state]}"
        return self.state != IDLE

    def _record(self) -> None:
        if self.state == RECORDING:
            self._finish()
        elif not self._refused("r", "records"):
            self._clear()
            self._take, self.state, self.message = [], RECORDING, "recording: move; r saves it, i drops it"

    def _finish(self) -> None:
        take, self.state = self._take, IDLE
        points = sum(bool(sample.any()) for _, sample in take)
        if points <= self.task.window:
            self.message = f"{points} points are too few to learn from, nothing was saved; r records again"
            return
        times, samples = np.array([at for at, _ in take]), np.stack([sample for _, sample in take])
        self.message = f"{points} points saved as {self._save(samples, times - times[0])}; t trains"

    def _train(self) -> None:
        if self._refused("t", "trains"):
            return
        try:
            self.training, self.state, self.message = self._start(), TRAINING, "training on all recordings"
        except InputError as error:
            self.message = str(error)

    def _predict(self) -> None:
        if self.state == PREDICTING:
            self._idle()
        elif not self._refused("p", "predicts"):
            try:
                self._model, self.state = self._load(), PREDICTING
                self.message = "predicting: the last points amber, what comes blue; p or i ends it"
            except InputError as error:
                self.message = str(error)

    def _clear(self) -> None:
        if self.state == RECORDING:
            self.message = f"c clears, but it is recording: {ENDS[RECORDING]}"
            return
        self._take, self.seen, self.said = [], self.seen[:0], self.said[:0]
        self._recent.clear()
        self.message = "cleared"

    def _idle(self) -> None:
        was, self.state = self.state, IDLE
        self._give_up()
        self.message = {IDLE: "idle already", RECORDING: "the recording was dropped"}.get(was, f"no longer {was}")
        self._take = [] if was == RECORDING else self._take

    def _give_up(self) -> None:
        if self.training:
            self.training.stop()
            self.training = None

    def quit(self) -> None:
        """End the session, and the training with it."""
        self._give_up()
        super().quit()

    def view(self) -> View:
        """The take red, the last points amber, those predicted blue, the fan around them."""
        lines, fan = [], []
        if self._take:
            lines.append(Line(np.stack([sample for _, sample in self._take]), "red"))
        if len(self.said) and self._model is not None:
            fan = [(self.said, radii) for radii in self._model[2][::-1]]
            lines += [Line(self.seen, "amber", dots=True), Line(self.said, "blue", dots=True)]
        told = f": {self.training.told}" if self.training else ""
        return View(
            title=self.task.name,
            state=self.state + told,
            recording=self.state == RECORDING,
            progress=self.training.share if self.training else None,
            message=self.message,
            help=self.help,
            keys=super().view().keys,
            lines=lines,
            fan=fan,
        )


def draw(args: argparse.Namespace) -> None:
    """`realtime.py` of such a task: the pointer over a window, or the fingertip that `--camera` or `--source` sees."""
    task = tasks.load(args.task, args.fast)
    pointer = None if args.camera or args.source else Pointer(CANVAS)
    if pointer and args.headless:
        raise InputError("a pointer needs a window to be over; leave out --headless, or give --source or --camera")
    with ExitStack() as stack:
        source = stack.enter_context(pointer or open_live(args, task))
        video = stack.enter_context(VideoFile(args.output, source.rate)) if args.output else None
        window = stack.enter_context(open_window(args, f"handsign: {task.name}"))
        if pointer and window:
            window.listen(pointer.move)
        sense = stack.enter_context(open_sense(task, source))
        info = TakeInfo(
            action=task.actions[0],
            signer="me",
            session=time.strftime("%Y-%m-%dT%H:%M:%S"),
            source=source.name,
            frame_size=source.size,
            rate=source.rate,
            extractor=source.name if source.knows_samples else extractor(task),
        )
        session = Drawing(
            task, sense, partial(_start, args), partial(_load, args, task), lambda *take: _save(args.data, info, *take)
        )
        if args.headless:  # nobody presses a key
            session.press("p")
            if session.state != PREDICTING:
                raise InputError(session.message)
        play(session, source, window, video)
        ended = "stopped" if session.done else f"{source.name} ended"
        session.quit()
    print(ended)
    if args.output:
        print(f"written: {args.output}")


def _save(folder: Path, info: TakeInfo, samples: Array, times: Array) -> Path:
    return Store(folder).add(Take(samples, times, info))


def _load(args: argparse.Namespace, task: Task) -> tuple[Callable[[Array], Array], float, Array]:
    bundle = Bundle.load(args.model, task, args.labels)
    return bundle.predict, bundle.info.rate, np.array(bundle.info.fan, np.float32).reshape(-1, task.goal.steps)


def _start(args: argparse.Namespace) -> Training:
    """Train on all takes of the folder, on top of the model if there is one."""
    if not args.data.is_dir() or not any(args.data.rglob("*.npz")):
        raise InputError(f"there is no recording in {args.data} yet: r records one")
    script = Path(__file__).parent.parent / "train.py"
    options = ["--task", args.task, "--data", args.data, "--model", args.model, "--progress"]
    options += ["--continue"] if args.model.with_suffix(".onnx").exists() else []
    return Training([sys.executable, *map(str, (script, *options))])
