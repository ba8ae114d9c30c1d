"""Write a video file."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import cv2

from handsign.errors import InputError
from handsign.files import TEMPORARY

if TYPE_CHECKING:
    from handsign.types import Array


class VideoFile:
    """An MP4 file of images at `rate` per second (> 0); a context manager.

    The file has a temporary name until the block ends, by an exception as well: the images written so far are kept.
    Without any image no file is written.

    Raises:
        InputError: the folder does not exist, the name does not end in .mp4, or OpenCV cannot write the file.
    """

    def __init__(self, path: Path | str, rate: float) -> None:
        self._path, self._rate = Path(path), rate
        self._temporary = self._path.with_name(f".{self._path.stem}.{os.getpid()}{TEMPORARY}{self._path.suffix}")
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        if not self._path.parent.is_dir():
            raise InputError(f"{self._path} cannot be written: there is no folder {self._path.parent}")
        if self._path.suffix.lower() != ".mp4":
            raise InputError(f"{self._path} cannot be written: give a name that ends in .mp4")

    def write(self, image: Array) -> None:
        """Append an image (H, W, 3) uint8 BGR. The first one sets the size; the others are resized to it.

        Raises:
            InputError: OpenCV cannot write the file.
        """
        if self._writer is None:
            self._size = (image.shape[1], image.shape[0])
            self._writer = cv2.VideoWriter(
                str(self._temporary), cv2.VideoWriter.fourcc(*"mp4v"), self._rate, self._size
            )
        if not self._writer.isOpened():
            raise InputError(f"{self._path} cannot be written: check that the folder can be written to")
        same_size = image.shape[1::-1] == self._size
        self._writer.write(image if same_size else cv2.resize(image, self._size))

    def __enter__(self) -> VideoFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._writer is None:
            return
        opened = self._writer.isOpened()
        self._writer.release()
        if opened:
            self._temporary.replace(self._path)
        else:
            self._temporary.unlink(missing_ok=True)
