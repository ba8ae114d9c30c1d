"""What every source of frames has in common."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

import cv2

if TYPE_CHECKING:
    from typing import Self

    from handsign.types import Array


@dataclass(frozen=True)
class Frame:
    """One image of a source and, where it is known, the sample extracted from it.

    image    (H, W, 3) uint8 BGR
    time     seconds since the source started
    sample   (*sample,) float32; None if it was not extracted yet
    skipped  number of frames dropped between the previous frame and this one
    arrived  when the frame was read, in seconds of time.perf_counter; 0 if that was not measured
    """

    image: Array
    time: float
    sample: Array | None = None
    skipped: int = 0
    arrived: float = 0.0


class Source:
    """Yields frames in the order of their times; a context manager. None means "no frame yet, but handle the keys".

    name           how messages name the source
    size           width and height of the image, in pixels
    rate           frames per second
    live           frames arrive in real time and are lost if they are not read
    knows_samples  the frames carry their samples, so that no extractor is needed
    frames         number of frames; None if unknown
    wait           seconds for which a window handles keys and mouse between two frames
    """

    name: str = "source"
    size: tuple[int, int] = (640, 480)
    rate: float = 30.0
    live: bool = False
    knows_samples: bool = False
    frames: int | None = None
    wait: float = 0.001

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame | None]:
        raise NotImplementedError

    @property
    def mirror(self) -> bool:
        """Whether the image is shown mirrored, as a camera's is."""
        return self.live

    @property
    def truth(self) -> Sequence[tuple[str, float, float]]:
        """(action, start, end) in seconds of what was done in the frames so far, where the source knows it."""
        return ()

    def close(self) -> None:
        """Release what the source opened."""

    def move(self, x: float, y: float) -> None:
        """The mouse is at pixel (x, y) of the picture; sources that do not follow it do nothing."""

    def cue(self, action: str) -> None:
        """Tell a source that can act what to do next; other sources ignore it."""


def is_url(spec: str) -> bool:
    """Whether a source is the address of a stream, such as `rtsp://host/path`, and no file, not even `C://clips`."""
    return re.match(r"[a-z][a-z0-9+.-]+://", spec, re.IGNORECASE) is not None


@contextmanager
def quiet_opencv() -> Iterator[None]:
    """Suppress OpenCV's own log lines, which it writes when a camera or video cannot be opened."""
    level = cv2.getLogLevel()
    cv2.setLogLevel(0)
    try:
        yield
    finally:
        cv2.setLogLevel(level)
