"""Bring takes from elsewhere."""

from __future__ import annotations

import argparse
import hashlib
from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
from tqdm import tqdm

from handsign import tasks
from handsign.cli.options import print_contents
from handsign.data.readers import read
from handsign.data.take import Take
from handsign.errors import InputError


def _rescaled(take: Take, canvas: Sequence[int] | None) -> Take:
    """A take of points over a canvas of (width, height) pixels, if one is given, in place of its own extent."""
    if canvas is None or take.info.frame_size is None:
        return take
    if take.samples.shape[1:] != (2,):
        raise InputError("--canvas is for points; the size of a picture is part of its keypoints")
    width, height = canvas
    samples = np.clip(take.samples * np.divide(take.info.frame_size, (width, height)), 0, 1).astype(np.float32)
    info = msgspec.structs.replace(take.info, frame_size=(width, height))
    return Take(samples, take.times, info, take.name)


def import_takes(args: argparse.Namespace) -> None:
    """`collect.py import`: copy takes of any readable layout into the data folder, each of them once."""
    if args.path.resolve().is_relative_to(args.data.resolve()):
        raise InputError(f"{args.path} lies in the data folder; takes of every layout are read there as they are")
    task = tasks.load(args.task)
    store = task.format.store(args.data)
    known, damaged, count, skipped = store.sources(), [], Counter[str](), 0
    for found in tqdm(read(args.path, task.format, task.windowing.duration), "importing", unit=" takes", disable=None):
        if not isinstance(found, Take):
            damaged.append(found)
            continue
        found = _rescaled(found, args.canvas)
        own = found.info
        name = f"{args.path.resolve().name}/{found.name}" if args.path.is_dir() else found.name
        source = f"{name}@{hashlib.sha256(found.samples.tobytes()).hexdigest()[:12]}"  # everybody has a MP_Data/hello/0
        info = msgspec.structs.replace(
            own, action=args.action or own.action, signer=own.signer or args.signer or "", source=source
        )
        if (info.action, info.source) in known:
            skipped += 1
            continue
        store.add(Take(found.samples, found.times, info))
        count[info.action] += 1
    print(f"{args.data}: {', '.join(f'{n} new takes of {a}' for a, n in count.items()) or 'nothing new'}")
    if skipped:
        print(f"{skipped} takes were there already")
    for damage in damaged:
        print(f"left out: {damage.name}: {damage.reason}")
    print_contents(store)
    if not count and not skipped:
        raise InputError(f"{args.path} holds no usable take of {task.name}")
