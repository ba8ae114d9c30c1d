"""Record takes with a camera or the practice signer, or take videos apart."""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from handsign import tasks
from handsign.capture.factory import is_practice, open_camera_or_source
from handsign.cli import options as cli
from handsign.data.take import NOTHING, TakeInfo, is_rest
from handsign.errors import InputError
from handsign.live.loop import Screen, play
from handsign.live.recorder import Plan, Recorder

if TYPE_CHECKING:
    from handsign.data.store import Store
    from handsign.tasks import Task


def record(args: argparse.Namespace) -> None:
    """`collect.py`: from a camera (or the practice signer) take by take, or from videos all at once."""
    if args.length < 2:
        raise InputError(f"a take of {args.length} frame is no movement; give --length at least 2")
    task = tasks.load(args.task, args.fast)
    store = task.format.store(args.data)
    if args.source and not is_practice(args.source):
        from handsign.cli.extract import extract_takes

        extract_takes(args, task, store)
        return
    plan = _plan(args, task)
    _record(args, task, store, plan)
    counts = [f"{action} {len(store.paths(action, args.signer))} of {plan.sequences}" for action in plan.actions]
    if plan.rest:
        counts.append(f"{plan.rest} {len(store.paths(plan.rest, args.signer))}, from the pauses")
    print(f"{args.data}: {', '.join(counts)}")
    cli.print_contents(store)


def _plan(args: argparse.Namespace, task: Task) -> Plan:
    actions = args.actions or task.examples
    if not actions:
        raise InputError(f"{task.name} has no actions of its own; name them with --actions")
    rest = None if args.no_rest or any(map(is_rest, actions)) else NOTHING
    return Plan(list(dict.fromkeys(actions)), args.sequences, args.length, args.pause, rest, args.every)


def _record(args: argparse.Namespace, task: Task, store: Store, plan: Plan) -> None:
    with ExitStack() as stack:
        camera = cli.camera(args)
        source = stack.enter_context(open_camera_or_source(args.source, camera, task.format, task.windowing))
        info = TakeInfo(
            action="",
            signer=args.signer,
            session=time.strftime("%Y-%m-%dT%H:%M:%S"),
            source=source.name,
            frame_size=source.size,
            rate=source.rate,
            extractor=task.sensor.name_for(source),
        )
        window = stack.enter_context(cli.open_window(f"handsign: recording {task.name}", args.headless))
        extract = stack.enter_context(task.sensor.open_for(source))
        session = Recorder(plan, store, info, task.sensor.quality, source.cue)
        if not session.done:
            play(session, source, extract, Screen(window, columns=task.format.columns))
