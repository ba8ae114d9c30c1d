"""Frames of a source with their samples: every frame in order (`in_order`), or the latest ones (`LatestFrames`)."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from handsign.capture.source import Frame
    from handsign.types import Array, Extract


IN_FLIGHT = 3
"""Frames in the extractor at once: one for each of the two halves of Holistic, which run in parallel, and one more."""

LIVE_IN_FLIGHT = 2
"""The same for a live source, where a frame that waits adds to the delay."""

MAX_QUEUED = 150
"""Frames that are queued at most while none may be dropped."""


@runtime_checkable
class Pipelined(Protocol):
    """An extractor that accepts frames before it has returned the samples of earlier ones; samples keep the order."""

    @property
    def in_flight(self) -> int:
        """The number of frames that were sent and whose samples were not received."""
        ...

    def send(self, frame: Array, time: float | None = None) -> None:
        """Hand over a frame (H, W, 3) uint8 BGR without waiting; `time` in seconds if its true time matters."""
        ...

    def receive(self, wait: bool = True) -> Array | None:
        """The sample (*sample,) of the oldest frame in flight; None if it is not ready and `wait` is False."""
        ...

    def __call__(self, frame: Array) -> Array:
        """Send one frame and receive its sample, with none in flight."""
        ...


class _Synchronous:
    """Any callable as a `Pipelined` extractor: it runs when its sample is requested."""

    def __init__(self, extract: Extract) -> None:
        self._extract = extract
        self._frames: deque[Array] = deque()

    @property
    def in_flight(self) -> int:
        return len(self._frames)

    def send(self, frame: Array, time: float | None = None) -> None:
        self._frames.append(frame)

    def receive(self, wait: bool = True) -> Array:
        return self._extract(self._frames.popleft())

    def __call__(self, frame: Array) -> Array:
        return self._extract(frame)


def pipelined(extract: Extract) -> Pipelined:
    """The extractor itself if it is pipelined, otherwise a wrapper with the same interface."""
    return extract if isinstance(extract, Pipelined) else _Synchronous(extract)


def in_order(source: Iterable[Frame | None], extract: Extract, in_flight: int = IN_FLIGHT) -> Iterator[Frame | None]:
    """Every frame of a source, in order, with its sample; the source is read only as frames are requested.

    Up to `in_flight` frames are in the extractor at once. A caller that stops early leaves frames in it, and must not
    use the extractor again.

    >>> import numpy as np
    >>> from handsign.capture.source import Frame
    >>> source = [Frame(np.full((2, 2, 3), i, np.uint8), time=i / 30) for i in range(3)]
    >>> [float(frame.sample) for frame in in_order(source, np.mean)]
    [0.0, 1.0, 2.0]
    """
    extractor = pipelined(extract)
    sent: deque[Frame] = deque()
    for frame in source:
        if frame is None:
            yield None
            continue
        extractor.send(frame.image)
        sent.append(frame)
        if len(sent) >= in_flight:
            yield replace(sent.popleft(), sample=extractor.receive())
    while sent:
        yield replace(sent.popleft(), sample=extractor.receive())


class LatestFrames:
    """The latest frames of a live source with their samples; the next frames are read meanwhile. Iterate once.

    A thread reads the source. A frame is sent to the extractor at once while fewer than `in_flight` are in it.
    Otherwise it waits for room, and is dropped if a newer frame arrives first; `Frame.skipped` counts the frames
    dropped before a frame. While `keep_all` is True no frame is dropped: up to `MAX_QUEUED` are queued, after which
    the source has to wait.

    An error of the source is raised by the iteration, after the frames that came before it. Call `close` before the
    source is closed.
    """

    def __init__(self, source: Iterable[Frame | None], extract: Extract, in_flight: int = LIVE_IN_FLIGHT) -> None:
        self.keep_all = False
        self._source, self._extractor, self._in_flight = source, pipelined(extract), in_flight
        self._changed = threading.Condition()
        self._queued: deque[Frame] = deque()
        self._sent: deque[Frame] = deque()
        self._nothing = self._ended = self._closed = False
        self._error: Exception | None = None
        self._reader = threading.Thread(target=self._read, name="source", daemon=True)

    def __iter__(self) -> Iterator[Frame | None]:
        self._reader.start()
        while self._wait():
            yield self._next()
        if self._error:
            raise self._error

    def close(self) -> None:
        """Stop reading the source."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._reader.is_alive():
            self._reader.join(2.0)  # a camera that hangs must not block the exit

    def _wait(self) -> bool:
        """Wait for the next item; False if the source has ended and nothing is left."""
        with self._changed:
            self._changed.wait_for(lambda: self._sent or self._nothing or self._ended)
            return bool(self._sent or self._nothing)

    def _next(self) -> Frame | None:
        if not self._sent:
            self._nothing = False
            return None
        sample = self._extractor.receive()
        with self._changed:
            frame = self._sent.popleft()
            self._send_queued()
            self._changed.notify_all()
        return replace(frame, sample=sample)

    def _read(self) -> None:
        try:
            for frame in self._source:
                with self._changed:
                    if self._closed:
                        return
                    if frame is None:
                        self._nothing = True
                    else:
                        self._queue(frame)
                    self._changed.notify_all()
        except Exception as error:  # of any kind: the iteration raises it in the consumer's thread
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _queue(self, frame: Frame) -> None:
        arrived = time.perf_counter()
        self._changed.wait_for(lambda: len(self._queued) < MAX_QUEUED or not self.keep_all or self._closed)
        while self._queued and not self.keep_all:
            frame = replace(frame, skipped=frame.skipped + self._queued.popleft().skipped + 1)
        self._queued.append(replace(frame, arrived=arrived))
        self._send_queued()

    def _send_queued(self) -> None:
        while self._queued and len(self._sent) < self._in_flight:
            self._extractor.send(self._queued[0].image)
            self._sent.append(self._queued.popleft())
