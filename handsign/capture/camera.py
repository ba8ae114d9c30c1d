"""A camera as a source."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import cv2

from handsign.capture.source import Frame, Source, is_url, quiet_opencv
from handsign.errors import InputError

log = logging.getLogger("handsign")


class Camera(Source):
    """A camera by index or device path, or a stream by URL. If it stops giving frames it is reopened, which is logged.

    The name of a stream is its URL without user, password and query, so that takes and messages contain no secret.

    Raises:
        InputError: it cannot be opened, or gives no frame for longer than `patience` seconds.
    """

    live = True

    def __init__(
        self, device: str = "0", size: tuple[int, int] = (640, 480), rate: float = 30.0, patience: float = 10.0
    ) -> None:
        self._device = int(device) if device.isdecimal() else device
        self._requested = (*size, rate)
        self._patience = patience
        self._url = is_url(device)
        self.name = re.sub(r"(?<=://)[^/?#]*@|[?#].*", "", device) if self._url else f"camera {device}"
        capture = self._open()
        if capture is None:
            raise InputError(f"{self.name} {self._reason()}")
        self._capture = capture
        self.size = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        self.rate = capture.get(cv2.CAP_PROP_FPS) or rate

    def _open(self) -> cv2.VideoCapture | None:
        device = isinstance(self._device, int) or (not self._url and Path(self._device).is_char_device())
        with quiet_opencv():  # a file or an address goes to FFmpeg only, as in `Video`
            capture = cv2.VideoCapture(self._device, cv2.CAP_ANY if device else cv2.CAP_FFMPEG)
        if not capture.isOpened():
            return None
        width, height, rate = self._requested
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        capture.set(cv2.CAP_PROP_FPS, rate)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # a buffered frame would be an old one
        return capture

    def _reason(self) -> str:
        """Why it cannot be opened and what the user can do about it."""
        if self._url:
            return "cannot be opened; check the address"
        return f"{self._device_reason()}; see 'python realtime.py doctor'"

    def _device_reason(self) -> str:
        path = Path(f"/dev/video{self._device}" if isinstance(self._device, int) else self._device)
        if os.name == "posix" and Path("/dev").is_dir() and os.uname().sysname == "Linux":
            if not path.exists():
                return f"is not there ({path} does not exist); plug it in or choose another with --camera"
            if not os.access(path, os.R_OK):
                return f"may not be read; allow it with 'sudo usermod -aG video $USER' and log in again ({path})"
        return "cannot be opened; close other programs that use it, or choose another with --camera"

    def __iter__(self) -> Iterator[Frame | None]:
        start, lost = time.perf_counter(), None  # time.monotonic() returns equal times on Windows
        while True:
            ok, image = self._capture.read()
            now = time.perf_counter() - start
            if ok:
                if lost is not None:
                    log.warning("%s is back after %.1f s", self.name, now - lost)
                lost = None
                yield Frame(image, now)
                continue
            if lost is None:
                lost = now
                log.warning("%s gives no picture; waiting %.0f s for it", self.name, self._patience)
            elif now - lost > self._patience:
                raise InputError(f"{self.name} went away and did not come back within {self._patience:.0f} s")
            yield None
            self._capture.release()
            time.sleep(0.1)
            self._capture = self._open() or self._capture

    def close(self) -> None:
        """Release the device."""
        self._capture.release()
