"""Landmarks by our Holistic beside `mediapipe.solutions.Holistic`: `python benchmarks/extraction.py [VIDEO ...]`.

Both take the same frames in turn, five times, after a few that are not counted; ours with a few frames in flight.
With `--fast` it is our Holistic beside itself with the lite hand model: what that gains and how far its hands are off.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from handsign.capture.source import Frame  # noqa: E402
from handsign.capture.stream import in_order  # noqa: E402
from handsign.capture.video import Video  # noqa: E402
from handsign.landmarks.detector import FastHolistic, Holistic, import_mediapipe  # noqa: E402
from handsign.landmarks.holistic import HOLISTIC  # noqa: E402

if TYPE_CHECKING:
    from handsign.types import Extract

Array = np.ndarray[Any, Any]
VIDEOS = [ROOT / "../shared/data/video" / name for name in ("webcam_hand.mp4", "thumb_up.mp4")]
FRAMES = 100
"""Of a video, so that they fit into memory: nothing is decoded while the clock runs."""
WARM = 5


@contextmanager
def solution() -> Iterator[Extract]:
    """MediaPipe's own Holistic as an extractor, with the tutorial's settings and its way to the 1662 values."""
    import_mediapipe()
    from mediapipe.python.solutions.holistic import Holistic as Solution

    def extract(frame: Array) -> Array:
        found = model.process(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
        parts = ((getattr(found, f"{part.name}_landmarks"), part) for part in HOLISTIC.parts)
        return np.concatenate(
            [
                np.array([[getattr(p, f) for f in part.fields] for p in marks.landmark]).ravel()
                if marks
                else np.zeros(part.size)
                for marks, part in parts
            ]
        ).astype(np.float32)

    with Solution(min_detection_confidence=0.5, min_tracking_confidence=0.5) as model:
        yield extract


def timed(opened: Callable[[], AbstractContextManager[Extract]], frames: Sequence[Array]) -> tuple[Array, float, float]:
    """Samples (T, 1662), and wall and CPU seconds a frame, warmed up."""
    with opened() as extract:
        warm = [extract(frame) for frame in frames[:WARM]]
        wall, cpu = time.perf_counter(), time.process_time()
        rest = [frame.sample for frame in in_order((Frame(image, 0.0) for image in frames[WARM:]), extract)]
        took = time.perf_counter() - wall, time.process_time() - cpu
    return np.array(warm + rest), took[0] / len(rest), took[1] / len(rest)


def first(video: Path) -> list[Array]:
    """The first frames of a video."""
    with Video(video) as source:
        return [frame.image for frame in islice(source, FRAMES)]


def compare(video: Path, runs: int = 5) -> dict[str, float]:
    """Ours against MediaPipe's own on the first frames of a video; every ratio is the median of interleaved runs.

    extraction is frames a second, ours / theirs; cpu is CPU seconds a frame, ours / theirs (`cpu_ms`: ours).
    """
    frames = first(video)
    pairs = [(timed(Holistic, frames), timed(solution, frames)) for _ in range(runs)]
    return {
        "extraction": statistics.median(theirs[1] / ours[1] for ours, theirs in pairs),
        "cpu": statistics.median(ours[2] / theirs[2] for ours, theirs in pairs),
        "extraction_max_difference": max(float(np.abs(ours[0] - theirs[0]).max()) for ours, theirs in pairs),
        "cpu_ms": 1000 * statistics.median(ours[2] for ours, _ in pairs),
        "fps": statistics.median(1 / ours[1] for ours, _ in pairs),
        "frames": len(frames),
    }


def compare_fast(video: Path, runs: int = 5) -> dict[str, float]:
    """`--fast` against exact on the first frames of a video; every ratio is the median of interleaved runs.

    fps and cpu are frames a second and CPU seconds a frame, fast / exact. error_px and error_px_95 are the median and
    the 95th percentile of how far a hand's landmark is from where it is otherwise, in pixels of the video, over the
    hands that both find, if any; hands and hands_exact are how many each finds.
    """
    frames = first(video)
    pairs = [(timed(FastHolistic, frames), timed(Holistic, frames)) for _ in range(runs)]
    (fast, *_), (exact, *_) = pairs[0]
    size, found, errors = frames[0].shape[1::-1], np.zeros(2, int), np.zeros(0)
    for side in ("left_hand", "right_hand"):
        present = np.array([HOLISTIC.present(samples, side) for samples in (fast, exact)])
        found += present.sum(axis=1)
        one, other = (HOLISTIC.view(samples, side)[present.all(axis=0), :, :2] for samples in (fast, exact))
        errors = np.append(errors, np.linalg.norm((one - other) * size, axis=-1))
    quantiles = np.quantile(errors, (0.5, 0.95)).tolist() if len(errors) else ()
    return {
        "fps": statistics.median(theirs[1] / ours[1] for ours, theirs in pairs),
        "cpu": statistics.median(ours[2] / theirs[2] for ours, theirs in pairs),
        **dict(zip(("error_px", "error_px_95"), quantiles, strict=False)),
        "hands": int(found[0]),
        "hands_exact": int(found[1]),
        "frames": len(frames),
    }


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:] if argument != "--fast"] or VIDEOS
    measure = compare_fast if "--fast" in sys.argv else compare
    for path in paths:
        print(path.name, json.dumps({name: round(value, 3) for name, value in measure(path).items()}))
