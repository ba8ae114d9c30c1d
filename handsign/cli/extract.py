"""Take videos apart into takes."""

from __future__ import annotations

import argparse
import signal
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from itertools import islice
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from tqdm import tqdm

from handsign import tasks
from handsign.capture.stream import in_order
from handsign.capture.video import VIDEO_SUFFIXES, Video
from handsign.cli.options import print_contents
from handsign.data.take import Take, TakeInfo
from handsign.errors import InputError
from handsign.reading import below, exists

if TYPE_CHECKING:
    from handsign.data.store import Store
    from handsign.tasks import Task


def extract_takes(args: argparse.Namespace, task: Task, store: Store) -> None:
    """Every frame of every video becomes part of a take; videos that are there already are skipped."""
    root = Path(args.source).resolve()
    clips, known, new = find_clips(root, args.actions), store.sources(), []
    for action, path in clips:
        name = path.relative_to(root.parent if root.is_file() else root).as_posix()
        source = f"{name}@{path.stat().st_size}"  # every folder has a hello/1.mp4
        if (action, f"{source}#0") not in known:
            new.append((action, path, source))
    unreadable, count = [], Counter[str]()
    with closing(_extracted([path for _, path, _ in new], args, task)) as found:
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
    print_contents(store)
    if len(unreadable) == len(clips):
        raise InputError(f"none of the {len(clips)} videos at {args.source} could be read")


def _extracted(
    paths: Sequence[Path], args: argparse.Namespace, task: Task
) -> Generator[list[Take] | InputError, None, None]:
    """The takes of each video, or why there are none, in the order of the videos, by `args.workers` processes."""
    length = None if args.window == "whole" else args.length
    workers = min(args.workers, len(paths))
    if workers < 2:
        yield from (_takes_or_error(path, task, length, args.every) for path in paths)
        return
    pool, waiting = ProcessPoolExecutor(workers, get_context("spawn"), _ignore_ctrl_c), deque[Future[Any]]()
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
        if waiting:  # the caller stopped early
            for process in active_children():
                process.terminate()
        pool.shutdown(cancel_futures=True)


def _ignore_ctrl_c() -> None:
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
    if not exists(root):
        raise InputError(f"{root} is not there; --source takes a video, a folder of videos or 'practice'")
    paths = [root] if root.is_file() else sorted(filter(_is_video, below(root)))
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
    with Video(path) as video, task.sensor.open() as extract:
        frames = [(frame.time, frame.sample) for frame in in_order(islice(video, 0, None, every), extract) if frame]
        info = TakeInfo(action="", frame_size=video.size, rate=video.rate, extractor=task.sensor.name)
    for first in range(0, len(frames), length or len(frames)):
        piece = frames[first : first + (length or len(frames))]
        if len(piece) * 2 < (length or 0) and first:
            continue
        times = np.array([at for at, _ in piece])
        take = task.format.checked(
            Take(np.stack([sample for _, sample in piece if sample is not None]), times - times[0], info, str(first))
        )
        if not isinstance(take, Take):
            raise InputError(f"{path}: {take.reason}")
        yield take
