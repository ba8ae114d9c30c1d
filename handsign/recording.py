"""What `collect.py` does: record with a camera, take videos apart, bring takes from elsewhere."""

from __future__ import annotations

import argparse
import hashlib
import signal
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing
from itertools import islice
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from tqdm import tqdm

from handsign import task as tasks
from handsign.errors import InputError
from handsign.goals import NOTHING, is_rest
from handsign.live import open_live, open_sense, open_window, play
from handsign.sense import in_turn
from handsign.session import Plan, Recording
from handsign.sources import VIDEO_SUFFIXES, Video
from handsign.takes import Store, Take, TakeInfo, checked, read

if TYPE_CHECKING:
    from handsign.task import Task

Array = np.ndarray[Any, Any]


def record(args: argparse.Namespace) -> None:
    """`collect.py`: from a camera (or the practice signer) take by take, or from videos all at once."""
    if args.length < 2:
        raise InputError(f"a take of {args.length} frame is no movement; give --length at least 2")
    task = tasks.load(args.task, args.fast)
    store = task.store(args.data)
    if args.source and not args.source.startswith("practice"):
        take_apart(args, task, store)
        return
    actions = args.actions or task.actions
    if not actions:
        raise InputError(f"{task.name} has no actions of its own; name them with --actions")
    rest = None if args.no_rest or any(map(is_rest, actions)) else NOTHING
    plan = Plan(list(dict.fromkeys(actions)), args.sequences, args.length, args.pause, rest, args.every)
    with ExitStack() as stack:
        source = stack.enter_context(open_live(args, task))
        info = TakeInfo(
            action="",
            signer=args.signer,
            session=time.strftime("%Y-%m-%dT%H:%M:%S"),
            source=source.name,
            frame_size=source.size,
            rate=source.rate,
            extractor=source.name if source.knows_samples else extractor(task),
        )
        window = stack.enter_context(open_window(args, f"handsign: recording {task.name}"))
        sense = stack.enter_context(open_sense(task, source))
        session = Recording(task, sense, plan, store, info, source.cue)
        if not session.done:
            play(session, source, window)
    counts = [f"{action} {len(store.paths(action, args.signer))} of {plan.sequences}" for action in plan.actions]
    if rest:
        counts.append(f"{rest} {len(store.paths(rest, args.signer))}, from the pauses")
    print(f"{args.data}: {', '.join(counts)}")
    _tell_contents(store)


def _tell_contents(store: Store) -> None:
    if told := store.contents():
        print(told)


def extractor(task: Task) -> str:
    """The name of what turns frames into a task's samples."""
    return str(getattr(task.sense, "name", task.sense.__name__))


def take_apart(args: argparse.Namespace, task: Task, store: Store) -> None:
    """Every frame of every video becomes part of a take; videos that are there already are skipped."""
    root = Path(args.source).resolve()
    clips, known, new = find_clips(root, args.actions), store.sources(), []
    for action, path in clips:
        name = path.relative_to(root.parent if root.is_file() else root).as_posix()
        source = f"{name}@{path.stat().st_size}"  # every folder has a hello/1.mp4
        if (action, f"{source}#0") not in known:
            new.append((action, path, source))
    unreadable, count = [], Counter[str]()
    with closing(_taken_apart([path for _, path, _ in new], args, task)) as found:
        for (action, path, source), takes in zip(bar := tqdm(new, "videos", disable=None), found, strict=True):
            bar.set_postfix_str(path.name)
            if isinstance(takes, InputError):
                unreadable.append(takes)
                continue
            for take in reversed(takes):  # where the one that starts at 0 is there, all of them are
                own = {"action": action, "signer": args.signer, "source": f"{source}#{take.name}"}
                if (action, own["source"]) not in known:
                    store.add(Take(take.samples, take.times, msgspec.structs.replace(take.info, **own)))
                    count[action] += 1
    print(f"{args.data}: {', '.join(f'{n} new takes of {a}' for a, n in count.items()) or 'nothing new'}")
    for error in unreadable:
        print(f"left out: {error}")
    _tell_contents(store)
    if len(unreadable) == len(clips):
        raise InputError(f"none of the {len(clips)} videos at {args.source} could be read")


def _taken_apart(paths: Sequence[Path], args: argparse.Namespace, task: Task) -> Iterator[list[Take] | InputError]:
    """The takes of each video, or why there are none, in the order of the videos, by `args.workers` processes."""
    length = None if args.window == "whole" else args.length
    workers = min(args.workers, len(paths))
    if workers < 2:
        yield from (_takes_or_error(path, task, length, args.every) for path in paths)
        return
    pool, waiting = ProcessPoolExecutor(workers, get_context("spawn"), _leave_ctrl_c_alone), deque[Future[Any]]()
    try:
        for path in paths:
            waiting.append(pool.submit(_by_name, path, args.task, args.fast, length, args.every))
            if len(waiting) >= 2 * workers:  # results that wait for one before them take memory
                yield waiting[0].result()
                waiting.popleft()
        while waiting:
            yield waiting[0].result()
            waiting.popleft()
    except BrokenProcessPool as error:
        raise InputError(
            "a process that takes a video apart has died, maybe for want of memory; what is stored stays, "
            "the same command with --workers 1 goes on"
        ) from error
    finally:
        if waiting:  # nobody asks for the rest
            for process in active_children():
                process.terminate()
        pool.shutdown(cancel_futures=True)


def _leave_ctrl_c_alone() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it as well, and ends this process


def _by_name(path: Path, name: str, fast: bool, length: int | None, every: int) -> list[Take] | InputError:
    """In another process, where a task has to be loaded again: it is made of functions."""
    return _takes_or_error(path, tasks.load(name, fast), length, every)


def _takes_or_error(path: Path, task: Task, length: int | None, every: int) -> list[Take] | InputError:
    try:
        return list(clip_takes(path, task, length, every))
    except InputError as error:
        return error


def find_clips(root: Path, actions: Iterable[str] | None) -> list[tuple[str, Path]]:
    """(action, video) for a video or a folder of them; the folder that a video lies in is its action.

    A single name in `actions` is the action of a lone video or of a folder without subfolders; otherwise `actions`
    are the only ones taken.

    Raises:
        InputError: nothing is there, or no video of an action.
    """
    if not root.exists():
        raise InputError(f"{root} is not there; --source takes a video, a folder of videos or 'practice'")
    paths = [root] if root.is_file() else sorted(filter(_is_video, root.rglob("*")))
    clips = [(path.parent.name, path) for path in paths]
    wanted = list(actions or [])
    if len(wanted) == 1 and all(path.parent == root or path == root for path in paths):
        clips = [(wanted[0], path) for path in paths]
    elif wanted:
        clips = [(action, path) for action, path in clips if action in wanted]
    missing = sorted(set(wanted) - {action for action, _ in clips})
    if missing or not clips:
        what = f"of {missing[0]!r} " if missing else ""
        raise InputError(
            f"{root} holds no video {what}(one folder an action, with {', '.join(sorted(VIDEO_SUFFIXES))})"
        )
    return clips


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file() and not path.name.startswith(".")


def clip_takes(path: Path, task: Task, length: int | None, every: int = 1) -> Iterator[Take]:
    """Every n-th frame of a video as takes of `length`, or as one whole take; a rest of under half a take is left out.

    Nothing is yielded before the whole video is read. `Take.name` is the number of the first frame.
    """
    with Video(path) as video, task.sense() as sense:
        frames = [(frame.time, frame.sample) for frame in in_turn(islice(video, 0, None, every), sense) if frame]
        info = TakeInfo(action="", frame_size=video.size, rate=video.rate, extractor=extractor(task))
    for first in range(0, len(frames), length or len(frames)):
        piece = frames[first : first + (length or len(frames))]
        if len(piece) * 2 < (length or 0) and first:
            continue
        times = np.array([at for at, _ in piece])
        take = checked(Take(np.stack([s for _, s in piece]), times - times[0], info, str(first)), task)
        if not isinstance(take, Take):
            raise InputError(f"{path}: {take.reason}")
        yield take


def _over(take: Take, canvas: Sequence[int] | None) -> Take:
    """A take of points over a canvas of (width, height) pixels, where one was told, instead of over its own extent."""
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
    store = task.store(args.data)
    known, damaged, count, skipped = store.sources(), [], Counter[str](), 0
    for found in tqdm(read(args.path, task), "importing", unit=" takes", disable=None):
        if not isinstance(found, Take):
            damaged.append(found)
            continue
        found = _over(found, args.canvas)
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
    _tell_contents(store)
    if not count and not skipped:
        raise InputError(f"{args.path} holds no usable take of {task.name}")
