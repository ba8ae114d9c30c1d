"""Ours beside the tutorial's loop, over the same real video: `make bench`, or `python benchmarks/live.py --only STAGE`.

The two take turns, each time in a new process of its own where its memory or its start counts, and what is told is the
ratio of the medians. A run of all stages is written to `benchmarks/results/live.json`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import chain, cycle, islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import held_out
import numpy as np

from handsign.capture.source import Frame, Source
from handsign.capture.video import Video
from handsign.cli import options as cli
from handsign.errors import InputError

Array = np.ndarray[Any, Any]
ROOT = held_out.ROOT
VIDEOS = ("webcam_hand.mp4", "thumb_up.mp4")
SIZE = (1280, 720)
WARM = 35
"""Frames of a video that are not counted: the models start in them, and the window of 30 fills."""
COPIES = 2
"""How often each video lies in the folder that is taken apart."""
LIVE = ("--threshold", "0", "--min-consecutive", "1", "--headless")  # the first prediction is printed as an event
KEYS = ("loop", "extraction", "extraction_max_difference", "classification", "drawing", "startup")


@dataclass
class Clock:
    """Seconds and CPU seconds of this process at every frame that was done."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def tick(self, _: Any = None) -> None:
        """A frame is done."""
        self.wall.append(time.perf_counter())
        self.cpu.append(time.process_time())

    write = tick  # in place of a video file, for `play`

    def spent(self) -> tuple[int, float, float]:
        """Frames after the first `WARM`, the seconds and the CPU seconds they took."""
        counted = max(len(self.wall) - WARM, 1)
        return counted, self.wall[-1] - self.wall[-counted - 1], self.cpu[-1] - self.cpu[-counted - 1]


def apart(function: Callable[..., Any], *args: Any) -> Any:
    """What a function gives in a new process, so that neither memory nor imports are shared."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def peak() -> float:
    """The most memory that this process has had, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def resident() -> float:
    """The memory that this process has now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def recognise(source: Source, extract: Any, video: Any, pace: Any = None) -> None:
    """Recognition in a source with the model that lies in the project, every frame drawn and given to `video`."""
    from handsign import tasks
    from handsign.live.loop import Screen, play

    sign = tasks.load("sign")
    session = sign.recogniser(sign.load_model(ROOT / "action.h5"))
    play(session, source, extract, Screen(video=video, columns=sign.format.columns), pace)


def our_loop(videos: Sequence[Path]) -> dict[str, float]:
    """Our whole loop over videos, every frame drawn: frames a second, CPU ms a frame, peak MB."""
    from handsign import tasks

    clocks = []
    for path in videos:
        clocks.append(Clock())
        with Video(path) as video, tasks.load("sign").sensor.open() as extract:
            recognise(video, extract, clocks[-1])
    return _summary(clocks)


def tutorial_loop(videos: Sequence[Path]) -> dict[str, float]:
    """The tutorial's, likewise."""
    import tutorial_loop as tutorial

    model, clocks = tutorial.network(), []
    for path in videos:
        clocks.append(Clock())
        tutorial.run(path, model, clocks[-1].tick)
    return _summary(clocks)


def _summary(clocks: Sequence[Clock]) -> dict[str, float]:
    frames, wall, cpu = (sum(column) for column in zip(*(clock.spent() for clock in clocks), strict=True))
    return {"fps": frames / wall, "cpu_ms": 1000 * cpu / frames, "peak_mb": peak()}


def loop(args: argparse.Namespace) -> dict[str, Any]:
    """Whole loop: frames a second, CPU seconds a frame, peak memory."""
    runs = [(apart(our_loop, args.videos), apart(tutorial_loop, args.videos)) for _ in range(args.runs)]
    ours, theirs = (
        {key: statistics.median(run[key] for run in column) for key in runs[0][0]} for column in zip(*runs, strict=True)
    )
    return {
        "loop": ours["fps"] / theirs["fps"],
        "cpu_a_frame": ours["cpu_ms"] / theirs["cpu_ms"],
        "peak_memory": ours["peak_mb"] / theirs["peak_mb"],
        "ours": ours,
        "tutorial": theirs,
    }


def extraction(args: argparse.Namespace) -> dict[str, Any]:
    """Extraction alone, against `solutions.Holistic`; and what --fast gains on it, and costs."""
    found = {video.name: apart(_extraction, video, args.runs) for video in args.videos}
    fast = {video.name: apart(_fast, video, args.runs) for video in args.videos}
    return {
        "extraction": statistics.median(one["extraction"] for one in found.values()),
        "extraction_cpu": statistics.median(one["cpu"] for one in found.values()),
        "extraction_max_difference": max(one["extraction_max_difference"] for one in found.values()),
        "videos": found,
        "fast": fast,
    }


def _extraction(video: Path, runs: int) -> dict[str, float]:
    from extraction import compare

    return compare(video, runs)


def _fast(video: Path, runs: int) -> dict[str, float]:
    from extraction import compare_fast

    return compare_fast(video, runs)


def everything(seed: int = 1) -> Array:
    """A sample (1662,) of the practice signer with all 543 landmarks visible and in the picture."""
    from handsign.capture.practice import PracticeSigner
    from handsign.landmarks.holistic import HOLISTIC

    with PracticeSigner(seed) as source:
        sample = next(islice(source, 60, None)).sample.copy()
    for part in HOLISTIC.parts:
        points = HOLISTIC.view(sample, part.name)
        points[:, :2] = points[:, :2].clip(0.02, 0.98)
        points[:, 3:] = 1  # visibility
    return sample


def as_found(sample: Array) -> Any:
    """A sample (1662,) as the result of MediaPipe's Holistic."""
    from mediapipe.framework.formats.landmark_pb2 import NormalizedLandmark, NormalizedLandmarkList

    from handsign.landmarks.holistic import HOLISTIC

    found = {}
    for part in HOLISTIC.parts:
        points = [dict(zip(part.fields, map(float, row), strict=True)) for row in HOLISTIC.view(sample, part.name)]
        found[f"{part.name}_landmarks"] = NormalizedLandmarkList(landmark=[NormalizedLandmark(**p) for p in points])
    return SimpleNamespace(**found)


def drawing(args: argparse.Namespace) -> dict[str, Any]:
    """Drawing all 543 landmarks; beside it, ours with text, bars and the copy of the picture."""
    return apart(_drawing, args.runs)


def _drawing(runs: int) -> dict[str, Any]:
    import tutorial_loop as tutorial

    from handsign.display.landmarks import draw_landmarks
    from handsign.display.overlay import paint
    from handsign.display.view import View
    from handsign.landmarks.holistic import HOLISTIC

    sample, rng = everything(), np.random.default_rng(0)
    found, image = as_found(sample), rng.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
    shares = [[(f"label {i}", share) for i, share in enumerate(row)] for row in rng.random((40, 14)).tolist()]
    views = cycle(View(title="sign", scores=row, threshold=0.8, sentence=("hello", "thanks")) for row in shares)
    ms = in_turn(
        runs,
        40,
        tutorial=lambda: tutorial.draw(image, found),
        ours=lambda: draw_landmarks(image, sample, HOLISTIC),
        ours_with_bars=lambda: paint(image, sample, HOLISTIC, next(views)),
    )
    return {"drawing": ms["tutorial"] / ms["ours"], "ms": ms}


def in_turn(runs: int, times: int, **calls: Callable[[], Any]) -> dict[str, float]:
    """Milliseconds of each call: the median over runs, which take turns, of the median over `times` in a row."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for name, call in chain.from_iterable(calls.items() for _ in range(runs)):
        call()
        clock = Clock()
        clock.tick()
        for _ in range(times):
            call()
            clock.tick()
        found[name].append(1000 * statistics.median(np.diff(clock.wall)))
    return {name: float(statistics.median(values)) for name, values in found.items()}


def classification(args: argparse.Namespace) -> dict[str, Any]:
    """A raw window in, probabilities out: Keras' `predict` of the model that lies in the project, and ours."""
    return apart(_classification, args.runs)


def _classification(runs: int) -> dict[str, Any]:
    import tutorial_loop as tutorial

    from handsign import tasks
    from handsign.bundle.h5 import load_h5

    ours, theirs, model = tasks.load("sign").load_model(ROOT / "action.h5"), tutorial.network(), None
    model = load_h5(ROOT / "action.h5")
    window = np.tile(everything(), (30, 1)) + np.random.default_rng(0).normal(0, 0.01, (30, 1662)).astype(np.float32)
    ms = in_turn(
        runs,
        20,
        keras=lambda: model.predict(window[None], verbose=0),
        tutorial=lambda: theirs.predict(window[None], verbose=0),
        ours=lambda: ours.predict(window),
    )
    difference = float(np.abs(ours.predict(window) - model.predict(window[None], verbose=0)[0]).max())
    return {"classification": ms["keras"] / ms["ours"], "difference": difference, "ms": ms}


def startup(args: argparse.Namespace) -> dict[str, Any]:
    """From typing the command to the first prediction, and to the help."""
    from handsign.bundle.runtime import info_of_model

    labels = info_of_model(ROOT / "action.h5").labels
    names = [f"output-{i}" for i in range(len(labels))]  # a label for rest would never be printed
    video = args.videos[0]
    runs = [
        (
            seconds("realtime.py", "--source", video, *LIVE, "--no-gate", "--labels", *names),
            seconds("benchmarks/tutorial_loop.py", video),
            seconds("realtime.py", "--help"),
        )
        for _ in range(args.runs)
    ]
    ours, theirs, told = (statistics.median(column) for column in zip(*runs, strict=True))
    return {"startup": theirs / ours, "seconds": {"ours": ours, "tutorial": theirs, "help": told}}


def seconds(*command: str | Path) -> float:
    """Seconds until a program prints its first line; it is ended then."""
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    ) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        took = time.perf_counter() - start
        program.kill()
    if not line:
        raise InputError(f"nothing was printed by {' '.join(map(str, command))}")
    return took


class Endless(Source):
    """The frames of a few pictures over and over, `count` of them; with samples, nothing is extracted."""

    def __init__(self, pictures: Sequence[Array], count: int, samples: Sequence[Array] = ()) -> None:
        self._pictures, self._count, self._samples = pictures, count, samples
        self.knows_samples = bool(samples)

    def __iter__(self) -> Iterator[Frame]:
        for i in range(self._count):
            sample = self._samples[i % len(self._samples)] if self._samples else None
            yield Frame(self._pictures[i % len(self._pictures)], i / 30, sample)


def memory(args: argparse.Namespace) -> dict[str, Any]:
    """Memory that a long run takes on, in MB: the loop with known samples, and with extraction over fewer frames."""
    fewer = max(args.frames // 20, 2)
    return {
        "frames": args.frames,
        "grown_mb": apart(_grown, args.frames, args.videos[0], False),
        "frames_extracted": fewer,
        "grown_extracting_mb": apart(_grown, fewer, args.videos[0], True),
    }


def _grown(count: int, path: Path, extracting: bool) -> float:
    """How much the highest memory of the last half of the frames is above that of the first, but for a tenth."""
    from handsign import tasks

    with Video(path) as video:
        pictures = [frame.image for frame in islice(video, 30)]
    base = everything()
    samples = [base + np.float32(0.01 * np.sin(i)) * (base != 0) for i in range(30)]
    seen: list[float] = []
    meter = SimpleNamespace(write=lambda _: seen.append(resident()))
    with tasks.load("sign").sensor.open() if extracting else nullcontext() as extract:
        recognise(Endless(pictures, count, () if extracting else samples), extract, meter)
    half = len(seen) // 2
    return max(seen[half:]) - max(seen[len(seen) // 10 : half])


class Paced(Endless):
    """The same as a camera that gives `rate` pictures a second, whoever looks."""

    live = True

    def __iter__(self) -> Iterator[Frame]:
        start = time.perf_counter()
        for frame in super().__iter__():
            time.sleep(max(0.0, start + frame.time - time.perf_counter()))
            yield frame


def delay(args: argparse.Namespace) -> dict[str, Any]:
    """A camera of 30 pictures a second: ms from a picture's arrival to its being shown, and the share dropped."""
    return {path.name: apart(_delay, path) for path in args.videos}


def _delay(path: Path, count: int = 300) -> dict[str, float]:
    from handsign import tasks
    from handsign.live.loop import Pace

    with Video(path) as video:
        pictures = [frame.image for frame in islice(video, 100)]
    pictures += pictures[::-1]  # nobody jumps
    pace = Pace()
    with tasks.load("sign").sensor.open() as extract:
        recognise(Paced(pictures, count), extract, SimpleNamespace(write=lambda _: None), pace)
    middle, late = np.quantile(list(pace.delays)[WARM:], (0.5, 0.95)) * 1000
    return {"p50_ms": float(middle), "p95_ms": float(late), "dropped": pace.dropped / count}


def folder(args: argparse.Namespace) -> dict[str, Any]:
    """Frames a second of a folder of videos: `collect.py` with all cores, and one plain `solutions.Holistic`."""
    with tempfile.TemporaryDirectory() as work:
        videos = [Path(work, "videos", f"word{i}", video.name) for i in range(COPIES) for video in args.videos]
        for path, video in zip(videos, cycle(args.videos), strict=False):
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(video, path)
        runs = [(_collected(Path(work)), apart(_plain, videos)) for _ in range(args.runs)]
    ours, theirs = (statistics.median(column) for column in zip(*runs, strict=True))
    return {"folder": theirs / ours, "seconds": {"ours": ours, "plain": theirs}, "cores": os.cpu_count()}


def _collected(work: Path) -> float:
    start = time.perf_counter()
    data = work / "data"
    command = [sys.executable, "collect.py", "--source", work / "videos", "--data", data, "--window", "whole"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    took = time.perf_counter() - start
    shutil.rmtree(data)
    return took


def _plain(videos: Sequence[Path]) -> float:
    start = time.perf_counter()
    import tutorial_loop as tutorial

    for path in videos:
        with tutorial.extractor() as finder:
            for image in tutorial.frames(path):
                tutorial.keypoints(tutorial.detect(image, finder))
    return time.perf_counter() - start


STAGES: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    stage.__name__: stage for stage in (loop, extraction, drawing, classification, startup, delay, memory, folder)
}


def find_videos(work: Path) -> list[Path]:
    """The real videos; where shared data is missing, a photo that matplotlib ships, panned."""
    found = [held_out.SHARED / "video" / name for name in VIDEOS]
    if all(path.exists() for path in found):
        return found
    import cv2
    from matplotlib.cbook import get_sample_data

    with get_sample_data("grace_hopper.jpg") as file:
        photo = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)
    path = work / "grace_hopper.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30, (480, 480))
    for i in range(90):
        at = round(16 + 16 * np.sin(i / 15))
        writer.write(np.ascontiguousarray(photo[at : at + 480, 32 - at : 512 - at]))
    writer.release()
    return [path]


def table(results: dict[str, Any]) -> str:
    """What was found, one thing a line: ratios, and what they are made of."""

    def told(value: Any) -> str:
        if isinstance(value, dict):
            return "  ".join(f"{key} {told(inner)}" for key, inner in value.items())
        return f"{value:.4g}" if isinstance(value, float) else str(value)

    lines = ((stage, name, told(value)) for stage, found in results.items() for name, value in found.items())
    return "\n".join(f"{stage:15} {name:26} {value}" for stage, name, value in lines)


def options() -> argparse.ArgumentParser:
    """What can be asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=cli.positive, default=5, help="of each, in turn (default: 5)")
    parser.add_argument("--only", nargs="+", choices=list(STAGES), help="these stages; nothing is written then")
    parser.add_argument("--frames", type=cli.positive, default=20_000, help="of the memory check (default: 20000)")
    parser.add_argument(
        "--videos", type=Path, nargs="+", help="others than those of ../shared/data; nothing is written"
    )
    return parser


def main() -> None:
    """Run the stages, print the table, and write a whole run."""
    args = options().parse_args()
    whole = not args.only and not args.videos
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "GLOG_minloglevel": "2"}  # of the processes started here
    with tempfile.TemporaryDirectory() as work:
        args.videos = [path.resolve() for path in args.videos or find_videos(Path(work))]
        results = {name: STAGES[name](args) for name in args.only or STAGES}
    print(table(results))
    if whole:
        found = {key: value for stage in results.values() for key, value in stage.items()}
        facts = {**held_out.machine(), "runs": args.runs, "videos": [path.name for path in args.videos]}
        target = ROOT / "benchmarks/results/live.json"
        held_out.write({**{key: found[key] for key in KEYS}, **facts, "stages": results}, target)
        print(f"written: {target}")


if __name__ == "__main__":
    cli.run(main)
