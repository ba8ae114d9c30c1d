"""A session in front of a source: the loop that `collect.py` and `realtime.py` share, and live recognition."""

from __future__ import annotations

import argparse
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec
import numpy as np

from handsign import task as tasks
from handsign.errors import InputError
from handsign.goals import is_rest
from handsign.sense import Newest, in_turn
from handsign.session import Event, Recognising, Session, Trigger
from handsign.sources import Camera, Frame, Source, open_source

if TYPE_CHECKING:
    from handsign.bundle import Bundle, BundleInfo
    from handsign.screen import VideoFile, Window
    from handsign.task import Array, Sense, Task


@dataclass
class Pace:
    """How fast a loop runs: frames a second over the last second or so, the delay from a picture's arrival to its
    being shown (median and 95th percentile over the last ten seconds or so), and how many were dropped.
    """

    _ends: deque[float] = field(default_factory=lambda: deque(maxlen=30))
    delays: deque[float] = field(default_factory=lambda: deque(maxlen=300))
    dropped: int = 0

    def frame(self, frame: Frame, ended: float) -> None:
        """A frame was shown at `ended` (seconds of time.perf_counter)."""
        self._ends.append(ended)
        self.dropped += frame.skipped
        if frame.arrived:
            self.delays.append(ended - frame.arrived)

    def __str__(self) -> str:
        elapsed = self._ends[-1] - self._ends[0] if len(self._ends) > 1 else 0.0
        told = f"{(len(self._ends) - 1) / elapsed if elapsed else 0:.1f} fps"
        if self.delays:
            middle, late = np.quantile(self.delays, (0.5, 0.95)) * 1000
            told += f"   delay {middle:.0f} ms, p95 {late:.0f} ms   {self.dropped} dropped"
        return told


def play(
    session: Session,
    source: Source,
    window: Window | None = None,
    video: VideoFile | None = None,
    pace: Pace | None = None,
) -> None:
    """Show a session every frame of a source, and its picture to the window and the video, until one of them ends.

    A window mirrors a camera, as a mirror would; it shows a file at its own speed, or as fast as the machine can.
    What the session has to say goes to the terminal as well.
    """
    with closing(sensed(source, session.sense)) as frames:
        _play(session, source, frames, window, video, pace or Pace())


def _play(
    session: Session, source: Source, frames: Any, window: Window | None, video: VideoFile | None, pace: Pace
) -> None:
    from handsign.screen import paint

    shown, told, start = None, "", time.perf_counter()
    for frame in frames:
        if frame is not None:
            session.see(frame)
            shown = frame
        if isinstance(frames, Newest):
            frames.keep = session.keeps
        if shown is not None and (window or video):
            view = replace(session.view(), footer=str(pace))
            image, mirror = session.picture(shown.image), source.mirror and session.mirrored
            picture = paint(image, session.sample, session.task.layout, view, mirror)
            if video and frame is not None:
                video.write(picture)
            if window:
                window.show(picture)
        now = time.perf_counter()
        if frame is not None:
            pace.frame(frame, now)
        if window:
            early = shown.time - (now - start) if shown and not source.live else 0.0
            start -= min(early, 0.0)  # a machine that cannot keep up plays slower, not in jumps
            key = window.key(max(1, int(1000 * max(early, source.wait))))
            if key:
                session.press(key)
        if session.message != told:
            told = session.message
            print(told, flush=True)
        if session.done:
            break


def sensed(source: Source, sense: Sense) -> Any:
    """The frames of a source with their samples: the newest ones of a camera, else all of them."""
    if source.knows_samples:
        return source
    return Newest(source, sense) if source.live else in_turn(source, sense)


def open_window(args: argparse.Namespace, title: str) -> AbstractContextManager[Window | None]:
    """A window, or none with --headless."""
    from handsign.screen import Window

    return nullcontext() if args.headless else Window(title)


def open_live(args: argparse.Namespace, task: Task) -> Source:
    """The source that the options name: --source, or the camera."""
    if args.source:
        return open_source(args.source, task)
    return Camera(args.camera or "0", (args.width, args.height), args.fps)


def open_sense(task: Task, source: Source) -> AbstractContextManager[Any]:
    """The task's extractor, or none where the source knows the samples already."""
    return nullcontext() if source.knows_samples else task.sense()


class EventLog:
    """Tells events as they come: a line on the terminal, a JSON line in a file."""

    def __init__(self, file: IO[str] | None) -> None:
        self._file = file

    def __call__(self, event: Event) -> None:
        print(f"{event.t:8.2f} s  {event.label}  {event.probability:.0%}", flush=True)
        if self._file:
            self._file.write(msgspec.json.encode(event).decode() + "\n")
            self._file.flush()  # who reads along sees a sign when it is made


def recogniser(
    task: Task,
    sense: Sense,
    predict: Callable[[Array], Array],
    info: BundleInfo,
    tell: Callable[[Event], None] = lambda event: None,
) -> Recognising:
    """Live recognition with the labels, the window and the levels of a model."""
    levels = info.threshold, info.hold, info.rearm, info.release, info.quiet, info.stand
    trigger = Trigger(info.labels, *levels)
    return Recognising(task, sense, predict, info.labels, info.window, info.rate, trigger, tell, info.every)


def open_model(args: argparse.Namespace, task: Task) -> Bundle:
    """The model that the options name, at the levels that they name.

    Raises:
        InputError: as `Bundle.load`.
    """
    from handsign.bundle import Bundle

    untrained = task.untrained.get(str(args.model))
    bundle = untrained() if untrained else Bundle.load(args.model, task, args.labels)
    levels = {name: getattr(args, name) for name in ("threshold", "hold", "rearm", "release", "every")}
    info = msgspec.structs.replace(bundle.info, **{name: v for name, v in levels.items() if v is not None})
    if info.every and args.every is None and not (args.source or untrained):
        info = msgspec.structs.replace(info, every=min(info.every, 2 * _look(bundle)))
    return replace(bundle, info=info)


def _look(bundle: Bundle) -> float:
    """Seconds that the model takes to be asked once."""
    window = np.zeros((1, bundle.info.window, *bundle.info.sample), np.float32)
    bundle.predict(window)
    start = time.perf_counter()
    bundle.predict(window)
    return time.perf_counter() - start


def open_outputs(args: argparse.Namespace, info: BundleInfo, stack: ExitStack) -> list[Callable[[Event], None]]:
    """What else is told of every event: what acts, what speaks.

    Raises:
        InputError: something that this takes is missing.
    """
    outputs: list[Callable[[Event], None]] = []
    if bool(args.act) != bool(args.map) or (args.dry_run and not args.act):
        raise InputError("acting takes --act keys, http, osc or command, and --map FILE, which says what is done")
    if args.act:
        from handsign.acting import acting

        announced = [label for label in (*info.labels, info.stand) if label and not is_rest(label)]
        outputs.append(acting(args.map, args.act, announced, args.dry_run, stack.enter_context))
    if args.speak:
        from handsign.acting import Behind
        from handsign.voice import VOICES, first, give

        voice = first(VOICES, "--speak")
        say = stack.enter_context(Behind(lambda text: give(voice, text)))
        outputs.append(lambda event: None if event.label == info.stand else say(event.label))
    return outputs


def give_keys(session: Recognising, outputs: Sequence[Callable[[Event], None]]) -> None:
    """The keys for what there is besides recognising: one that copies the sentence, one that turns acting off."""
    from handsign import acting, voice

    voice.attach(session)
    for output in outputs:
        if isinstance(output, acting.Acting):
            acting.attach(session, output)


def recognise(args: argparse.Namespace) -> None:
    """`realtime.py`: recognise live until the source ends or somebody quits."""
    from handsign.screen import VideoFile

    task = tasks.load(args.task, args.fast)
    bundle = open_model(args, task)
    if args.no_gate:
        task = replace(task, gate=lambda window: True)
    with ExitStack() as stack:
        outputs = open_outputs(args, bundle.info, stack)
        source = stack.enter_context(open_live(args, task))
        video = stack.enter_context(VideoFile(args.output, source.rate)) if args.output else None
        log = EventLog(stack.enter_context(_open_text(args.events)) if args.events else None)
        window = stack.enter_context(open_window(args, f"handsign: {task.name}"))
        sense = stack.enter_context(open_sense(task, source))
        session = recogniser(task, sense, bundle.predict, bundle.info, lambda event: _tell_all([log, *outputs], event))
        give_keys(session, outputs)
        play(session, source, window, video)
    _tell_end(args, source, session)


def _tell_all(tells: Sequence[Callable[[Event], None]], event: Event) -> None:
    for tell in tells:
        tell(event)


def _tell_end(args: argparse.Namespace, source: Source, session: Recognising) -> None:
    if source.truth:
        print(f"{source.name} signed: {', '.join(f'{start:.1f} s {what}' for what, start, _ in source.truth)}")
    count = Counter(event.label for event in session.events)
    ended = "stopped" if session.done else f"{source.name} ended"
    print(f"{ended}: {', '.join(f'{n} x {label}' for label, n in count.most_common()) or 'nothing recognised'}")
    for path in (args.output, args.events):
        if path:
            print(f"written: {path}")


def _open_text(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); name another file") from error
