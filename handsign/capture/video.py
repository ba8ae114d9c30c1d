"""Video files and folders of images as sources."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from handsign.capture.source import Frame, Source, quiet_opencv
from handsign.data.stills import IMAGE_SUFFIXES, is_still, read_still
from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.types import Array

VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg"})

log = logging.getLogger("handsign")


class Video(Source):
    """Every frame of a video file, with the times that the file states.

    Raises:
        InputError: the file cannot be opened or read.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        if not path.is_file():
            raise InputError(f"{path} is not there; give the path of a video file")
        if _starts_as_still(path):
            raise InputError(f"{path} is a picture and no video; give the folder that it is in")
        with quiet_opencv():  # FFmpeg only: OpenCV's other readers of files give them to its picture decoders
            self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
            ok, self._first = self._capture.read()
        if not ok:
            raise InputError(f"{path} cannot be read as a video; convert it to MP4 (H.264), for example with ffmpeg")
        self.size = (self._first.shape[1], self._first.shape[0])
        self.rate = self._capture.get(cv2.CAP_PROP_FPS) or 30.0
        self.frames = max(int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0) or None

    def __iter__(self) -> Iterator[Frame]:
        image, time = self._first, 0.0
        while True:
            yield Frame(image, time)
            ok, image = self._capture.read()
            if not ok:
                return
            stated = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            time = stated if stated > time else time + 1 / self.rate  # times must increase

    def close(self) -> None:
        """Release the file."""
        self._capture.release()


class Images(Source):
    """The images of a folder in the order of their names, `rate` per second; unreadable ones are logged and skipped.

    Raises:
        InputError: the folder holds no readable image.
    """

    def __init__(self, folder: Path, rate: float = 30.0) -> None:
        self.name, self.rate = folder.name, rate
        self._paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
        self.frames = len(self._paths)
        first = next((image for path in self._paths if (image := _read(path, logging.DEBUG)) is not None), None)
        if first is None:
            raise InputError(f"{folder} holds no readable image")
        self.size = (first.shape[1], first.shape[0])

    def __iter__(self) -> Iterator[Frame]:
        for i, path in enumerate(self._paths):
            image = _read(path, logging.WARNING)
            if image is not None:
                yield Frame(image, i / self.rate)


def _read(path: Path, level: int) -> Array | None:
    """An image (H, W, 3) uint8 BGR; None if it cannot be read, which is logged."""
    try:
        return read_still(path)
    except InputError as error:
        log.log(level, "%s %s; skipped", path, error)
        return None


def _starts_as_still(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return is_still(file.read(12))
    except OSError:
        return False
