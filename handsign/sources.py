"""Where frames come from: a camera, a video, a folder of pictures, recorded takes, the practice signer."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from handsign.errors import InputError
from handsign.keypoints import HOLISTIC

if TYPE_CHECKING:
    from handsign.task import Task

Array = np.ndarray[Any, Any]
VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg"})
IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})


@dataclass(frozen=True)
class Frame:
    """One picture (H, W, 3) uint8 BGR at `time` seconds, and its sample where it is known.

    skipped  how many pictures between the last one and this were dropped
    arrived  when it came, in seconds of time.perf_counter; 0 where nobody looked at the clock
    """

    image: Array
    time: float
    sample: Array | None = None
    skipped: int = 0
    arrived: float = 0.0


class Source:
    """Frames in the order of their times; a context manager. None stands for 'nothing yet, look at the keys'.

    A source that knows what is done in it lists it in `truth`, as (action, start, end) in seconds, as it goes. A window
    looks at keys and mouse for `wait` seconds between two frames.
    """

    name = "source"
    size = (640, 480)
    rate = 30.0
    live = False
    knows_samples = False
    frames: int | None = None
    wait = 0.001
    truth: Sequence[tuple[str, float, float]] = ()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame | None]:
        raise NotImplementedError

    @property
    def mirror(self) -> bool:
        """A camera is shown like a mirror."""
        return self.live

    def close(self) -> None:
        """Give back what was opened."""

    def cue(self, action: str) -> None:
        """Tell a source that can act what to do next; the others do nothing."""


class Camera(Source):
    """A camera by index or device path. One that goes away is waited for; its frames then go on.

    Raises:
        InputError: it cannot be opened, or stays away for longer than `patience` seconds.
    """

    live = True

    def __init__(
        self,
        device: str = "0",
        size: tuple[int, int] = (640, 480),
        rate: float = 30.0,
        patience: float = 10.0,
        tell: Callable[[str], None] = print,
    ) -> None:
        self._device = int(device) if device.isdecimal() else device
        self._wanted = (*size, rate)
        self._patience = patience
        self._tell = tell
        self.name = f"camera {device}"
        capture = self._open()
        if capture is None:
            raise InputError(f"{self.name} {self._reason()}; see 'python realtime.py doctor'")
        self._capture = capture
        self.size = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        self.rate = capture.get(cv2.CAP_PROP_FPS) or rate

    def _open(self) -> cv2.VideoCapture | None:
        with quiet_opencv():
            capture = cv2.VideoCapture(self._device)
        if not capture.isOpened():
            return None
        width, height, rate = self._wanted
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        capture.set(cv2.CAP_PROP_FPS, rate)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # an old frame is worth less than none
        return capture

    def _reason(self) -> str:
        path = Path(f"/dev/video{self._device}" if isinstance(self._device, int) else self._device)
        if os.name == "posix" and Path("/dev").is_dir() and os.uname().sysname == "Linux":
            if not path.exists():
                return f"is not there ({path} does not exist); plug it in or choose another with --camera"
            if not os.access(path, os.R_OK):
                return f"may not be read; allow it with 'sudo usermod -aG video $USER' and log in again ({path})"
        return "cannot be opened; close other programs that use it, or choose another with --camera"

    def __iter__(self) -> Iterator[Frame | None]:
        start, lost = time.perf_counter(), None  # monotonic() repeats itself on Windows
        while True:
            ok, image = self._capture.read()
            now = time.perf_counter() - start
            if ok:
                if lost is not None:
                    self._tell(f"{self.name} is back after {now - lost:.1f} s")
                lost = None
                yield Frame(image, now)
                continue
            if lost is None:
                lost = now
                self._tell(f"{self.name} gives no picture; waiting {self._patience:.0f} s for it")
            elif now - lost > self._patience:
                raise InputError(f"{self.name} went away and did not come back within {self._patience:.0f} s")
            yield None
            self._capture.release()
            time.sleep(0.1)
            self._capture = self._open() or self._capture

    def close(self) -> None:
        """Release the device."""
        self._capture.release()


class Video(Source):
    """A video file, every frame of it, with the times the file gives them.

    Raises:
        InputError: it cannot be opened or read.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        if not path.is_file():
            raise InputError(f"{path} is not there; give the path of a video file")
        with quiet_opencv():
            self._capture = cv2.VideoCapture(str(path))
            ok, self._first = self._capture.read()
        if not ok:
            raise InputError(f"{path} cannot be read as a video; convert it to MP4 (H.264), for example with ffmpeg")
        self.size = (self._first.shape[1], self._first.shape[0])
        self.rate = self._capture.get(cv2.CAP_PROP_FPS) or 30.0
        self.frames = max(int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0) or None

    def __iter__(self) -> Iterator[Frame]:
        image, at = self._first, 0.0
        while True:
            yield Frame(image, at)
            ok, image = self._capture.read()
            if not ok:
                return
            told = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            at = told if told > at else at + 1 / self.rate

    def close(self) -> None:
        """Release the file."""
        self._capture.release()


class Images(Source):
    """The pictures of a folder in the order of their names, `rate` of them a second; unreadable ones are told."""

    def __init__(self, folder: Path, rate: float = 30.0, tell: Callable[[str], None] = print) -> None:
        self.name, self.rate, self._tell = folder.name, rate, tell
        self._paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
        self.frames = len(self._paths)
        first = next((image for image in map(cv2.imread, map(str, self._paths)) if image is not None), None)
        if first is None:
            raise InputError(f"{folder} holds no readable picture")
        self.size = (first.shape[1], first.shape[0])

    def __iter__(self) -> Iterator[Frame]:
        for i, path in enumerate(self._paths):
            image = cv2.imread(str(path))
            if image is None:
                self._tell(f"{path} cannot be read as a picture; left out")
            else:
                yield Frame(image, i / self.rate)


class Pointer(Source):
    """Where the mouse is over a window, as samples (2,) float32 in 0..1; zeros until it has been there.

    `move` is to be called with every movement. Between two of them the point is in between, at the time of the frame,
    which is `LATE` seconds ago so that the later one is known already: movements and frames have their own clocks, and
    a point of another moment would be another speed.
    """

    LATE = 0.02
    name = "pointer"
    live = knows_samples = True
    mirror = False
    wait = 0.008

    def __init__(self, size: tuple[int, int], clock: Callable[[], float] = time.perf_counter) -> None:
        self.size, self.rate = size, 60.0
        self._clock, self._image = clock, np.full((size[1], size[0], 3), 24, np.uint8)
        self._moves: deque[tuple[float, float, float]] = deque(maxlen=1000)

    def move(self, x: float, y: float) -> None:
        """The mouse is at pixel (x, y) of the picture."""
        width, height = self.size
        self._moves.append((self._clock(), min(max(x / (width - 1), 0), 1), min(max(y / (height - 1), 0), 1)))

    def __iter__(self) -> Iterator[Frame]:
        start = self._clock()
        while True:
            at = self._clock() - self.LATE
            yield Frame(self._image, at - start, self._sample(at))

    def _sample(self, at: float) -> Array:
        if not self._moves:
            return np.zeros(2, np.float32)
        while len(self._moves) > 1 and self._moves[1][0] <= at:
            self._moves.popleft()
        known = np.array(self._moves)
        return np.array([np.interp(at, known[:, 0], known[:, i]) for i in (1, 2)], np.float32)


class Replay(Source):
    """Recorded takes one after another, as if they were seen now, on an empty picture.

    Raises:
        InputError: there is no take to replay.
    """

    knows_samples = True

    def __init__(self, path: Path, task: Task) -> None:
        from handsign.takes import Take, read

        self.name, self.rate = path.name, task.rate
        self._takes = [take for take in read(path, task) if isinstance(take, Take)]
        if not self._takes:
            raise InputError(f"{path} holds no take of {task.name} that could be replayed")
        self.frames = sum(len(take.times) for take in self._takes)
        self.size = self._takes[0].info.frame_size or self.size

    def __iter__(self) -> Iterator[Frame]:
        blank = np.full((self.size[1], self.size[0], 3), 32, np.uint8)
        start = 0.0
        for take in self._takes:
            times = start + take.times - take.times[0]
            for sample, at in zip(take.samples, times, strict=True):
                yield Frame(blank, float(at), sample)
            start = float(times[-1]) + 1 / self.rate


def open_source(spec: str, task: Task) -> Source:
    """A source by what the user wrote: a video, a folder of pictures, takes, or `practice[:seed[:signs]]`.

    Raises:
        InputError: nothing is there, or it is none of these.
    """
    if spec == "practice" or spec.startswith("practice:"):
        from handsign.practice import PracticeSigner

        if task.adapt(np.zeros((1, HOLISTIC.size), np.float32)).shape[1:] != task.sample:
            raise InputError(f"the practice signer moves landmarks, which {task.name} does not look at; give a video")
        numbers = spec.split(":")[1:]
        if not all(n.isdecimal() for n in numbers) or len(numbers) > 2:
            raise InputError(f"{spec!r} is not practice, practice:SEED or practice:SEED:SIGNS")
        seed, signs = (int(numbers[0]) if numbers else 0), (int(numbers[1]) if len(numbers) > 1 else None)
        return PracticeSigner(seed, signs, adapt=task.adapt)
    path = Path(spec)
    if not path.exists():
        raise InputError(f"{path} is not there; --source takes a video, a folder or 'practice'")
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return Video(path)
    if path.is_dir() and any(p.suffix.lower() in IMAGE_SUFFIXES for p in path.iterdir()):
        return Images(path)
    return Replay(path, task)


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """OpenCV writes lines of its own when a camera or video does not open; ours are enough."""
    level = cv2.getLogLevel()
    cv2.setLogLevel(0)
    try:
        yield
    finally:
        cv2.setLogLevel(level)
