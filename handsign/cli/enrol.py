"""`realtime.py enrol` and `realtime.py verify`, for tasks whose package has an `enrolment` module."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from handsign import tasks
from handsign.cli.options import name
from handsign.errors import InputError


def _enroller(args: argparse.Namespace) -> tuple[Any, float]:
    """The task's `Enroller`, and the score that a claim needs."""
    module = tasks.part(args.task, "enrolment")
    if module is None:
        raise InputError(f"{args.task} does not ask who somebody is; give --task")
    return module.Enroller(tasks.load(args.task), args.model), module.LEVEL if args.level is None else args.level


def enrol(args: argparse.Namespace) -> None:
    """Remember somebody by the recordings at `args.path`; the cohort is those of --data."""
    enroller, _ = _enroller(args)
    people = enroller.enrol(args.signer, args.path, args.data)
    names, count = sorted(set(people.names.tolist())), int((people.names == args.signer).sum())
    print(f"{args.signer} is enrolled from {count} recordings in {enroller.path}: {', '.join(names)}")


def verify(args: argparse.Namespace) -> None:
    """Is each recording at `args.path` by `args.signer`?"""
    enroller, level = _enroller(args)
    for take, score in enroller.verify(args.signer, args.path):
        print(f"{take.name}: {'accepted' if score >= level else 'rejected'} as {args.signer} ({score:+.2f})")


def parser(base: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the options of both to those that every script has."""
    base.usage = "%(prog)s enrol|verify RECORDINGS --signer NAME --task TASK [options]"
    base.add_argument("path", type=Path, metavar="RECORDINGS", help="a file or folder of them")
    base.add_argument(
        "--signer", type=name, required=True, metavar="NAME", help="who is enrolled, or is said to have moved"
    )
    base.add_argument("--level", type=float, help="score that a claim needs, in standard deviations (default: 2.0)")
    return base
