"""Recognise live, or show what a task shows in place of that."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from handsign.cli import options as cli
from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.bundle.bundle import Bundle
    from handsign.bundle.info import BundleInfo
    from handsign.capture.source import Source
    from handsign.live.config import LiveConfig, LiveView
    from handsign.live.recogniser import Recogniser
    from handsign.live.session import Session
    from handsign.live.trigger import Event
    from handsign.tasks import Task

LEVELS = ("threshold", "min_consecutive", "refractory", "release", "min_interval")
"""The options that override the levels of a model's `TriggerConfig`."""


def show(args: argparse.Namespace) -> None:
    """Recognise, or what the task shows in place of that, until the source ends or the user quits."""
    from handsign import tasks

    task = tasks.load(args.task, args.fast)
    config = live_config(args)
    with ExitStack() as stack:
        view = task.session(task, config) if task.session else _recognition(args, task, config, stack)
        if view is not None:
            _show(view, task, config, stack)
    for path in (args.output, args.events) if task.session is None else (args.output,):
        if path and view is not None:
            print(f"written: {path}")


def live_config(args: argparse.Namespace) -> LiveConfig:
    """What the options say, as a record."""
    from handsign.live.config import LiveConfig

    labels = tuple(args.labels) if args.labels else None
    return LiveConfig(args.data, args.model, labels, args.source, cli.camera(args), args.headless, args.output)


def _show(view: LiveView, task: Task, config: LiveConfig, stack: ExitStack) -> None:
    from handsign.capture.factory import open_camera_or_source
    from handsign.display.video import VideoFile
    from handsign.live.loop import Screen, play

    if view.source:
        source = stack.enter_context(view.source())
    else:
        source = stack.enter_context(open_camera_or_source(config.source, config.camera, task.format, task.windowing))
    video = stack.enter_context(VideoFile(config.output, source.rate)) if config.output else None
    window = stack.enter_context(cli.open_window(f"handsign: {task.name}", config.headless))
    if window:
        window.set_mouse_callback(source.move)
    extract = stack.enter_context(view.sensor.open_for(source))
    session = view.open(source, view.sensor.name_for(source))
    play(session, source, extract, Screen(window, video, view.columns))
    _print_end(session, source)


def _print_end(session: Session, source: Source) -> None:
    if source.truth:
        print(f"{source.name} signed: {', '.join(f'{start:.1f} s {what}' for what, start, _ in source.truth)}")
    print(session.summary(source))
    session.quit()


def _recognition(args: argparse.Namespace, task: Task, config: LiveConfig, stack: ExitStack) -> LiveView:
    """Recognition with the options' model, levels and outputs."""
    from handsign.live.config import LiveView

    bundle = open_model(args, task)
    outputs = open_outputs(args, bundle.info, stack)
    log = EventLog(stack.enter_context(_open_text(args.events)) if args.events else None)
    if args.no_gate:
        task = replace(task, gate=lambda window: True)

    def open_session(source: Source, extractor: str) -> Recogniser:
        session = task.recogniser(bundle, lambda event: _call_all([log, *outputs], event))
        _add_keys(session, outputs)
        return session

    return LiveView(open_session, task.sensor, task.format.columns)


def open_model(args: argparse.Namespace, task: Task) -> Bundle:
    """The model that the options name, at the levels that they name.

    Raises:
        InputError: as `Bundle.load`.
    """
    bundle = task.load_model(args.model, args.labels)
    given = {name: value for name in LEVELS if (value := getattr(args, name)) is not None}
    trigger = msgspec.structs.replace(bundle.info.trigger, **given)
    trained = str(args.model) not in task.networks
    if trigger.min_interval and args.min_interval is None and not args.source and trained:
        interval = min(trigger.min_interval, 2 * _seconds_per_prediction(bundle))
        trigger = msgspec.structs.replace(trigger, min_interval=interval)
    return replace(bundle, info=msgspec.structs.replace(bundle.info, trigger=trigger))


def _seconds_per_prediction(bundle: Bundle) -> float:
    """Seconds that one prediction of a model takes here."""
    import numpy as np

    window = np.zeros((1, bundle.info.window, *bundle.info.sample), np.float32)
    bundle.predict(window)
    start = time.perf_counter()
    bundle.predict(window)
    return time.perf_counter() - start


class EventLog:
    """Prints events as they come, and writes them to a file as JSON lines."""

    def __init__(self, file: IO[str] | None) -> None:
        self._file = file

    def __call__(self, event: Event) -> None:
        print(f"{event.time:8.2f} s  {event.label}  {event.probability:.0%}", flush=True)
        if self._file:
            self._file.write(msgspec.json.encode(event).decode() + "\n")
            self._file.flush()  # a reader gets each event at once


def open_outputs(args: argparse.Namespace, info: BundleInfo, stack: ExitStack) -> list[Callable[[Event], None]]:
    """What else is called with every event: actions, speech.

    Raises:
        InputError: something that this takes is missing.
    """
    outputs: list[Callable[[Event], None]] = []
    if bool(args.act) != bool(args.map) or (args.dry_run and not args.act):
        raise InputError("acting takes --act keys, http, osc or command, and --map FILE, which says what is done")
    idle = info.trigger.idle_event
    if args.act:
        from handsign.data.take import is_rest
        from handsign.live.actions import open_actions

        announced = [label for label in (*info.labels, idle) if label and not is_rest(label)]
        outputs.append(open_actions(args.map, args.act, announced, args.dry_run, stack.enter_context))
    if args.speak:
        from handsign.live.speech import VOICES, find_program, send_text
        from handsign.live.worker import BackgroundWorker

        voice = find_program(VOICES, "--speak")
        say = stack.enter_context(BackgroundWorker(lambda text: send_text(voice, text)))
        outputs.append(lambda event: None if event.label == idle else say(event.label))
    return outputs


def _add_keys(session: Recogniser, outputs: Sequence[Callable[[Event], None]]) -> None:
    """Add the key that copies the sentence, and the one that turns actions off."""
    from handsign.live import actions, speech

    speech.add_copy_key(session)
    for output in outputs:
        if isinstance(output, actions.EventActions):
            actions.add_toggle_key(session, output)


def _call_all(callbacks: Sequence[Callable[[Event], Any]], event: Event) -> None:
    for callback in callbacks:
        callback(event)


def _open_text(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); name another file") from error
