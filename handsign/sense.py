"""Frames of a source with their samples: one after another (`in_turn`), or always the newest there are (`Newest`)."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from handsign.sources import Frame
    from handsign.task import Sense

Array = np.ndarray[Any, Any]
AHEAD = 3
"""Frames on the way at once: one for each of the two halves of Holistic that run side by side, one to go on with."""
LIVE_AHEAD = 2
"""The same where a frame that waits is a frame that is late."""
KEPT = 150
"""Frames that wait at most where none is to be dropped."""


@runtime_checkable
class Pipelined(Protocol):
    """A sense that takes the next frame before it has given the sample of the last; samples come in order."""

    @property
    def in_flight(self) -> int:
        """How many frames were sent whose samples were not received."""

    def send(self, frame: Array, time: float | None = None) -> None:
        """Hand over a frame (H, W, 3) uint8 BGR without waiting; `time` in seconds if its true time matters."""

    def receive(self, wait: bool = True) -> Array | None:
        """The sample of the oldest frame sent; None if it is not ready and `wait` is not set."""

    def __call__(self, frame: Array) -> Array:
        """Send and receive one frame, with none in flight."""


class _Waiting:
    """Any callable as a `Pipelined` sense: it works when it is asked for the sample."""

    def __init__(self, sense: Sense) -> None:
        self._sense = sense
        self._frames: deque[Array] = deque()

    @property
    def in_flight(self) -> int:
        return len(self._frames)

    def send(self, frame: Array, time: float | None = None) -> None:
        self._frames.append(frame)

    def receive(self, wait: bool = True) -> Array:
        return self._sense(self._frames.popleft())

    def __call__(self, frame: Array) -> Array:
        return self._sense(frame)


def pipelined(sense: Sense) -> Pipelined:
    """The sense itself if it works on several frames at once, or as if it did."""
    return sense if isinstance(sense, Pipelined) else _Waiting(sense)


def in_turn(source: Iterable[Frame | None], sense: Sense, ahead: int = AHEAD) -> Iterator[Frame | None]:
    """All frames of a source that waits for whoever asks, in order, with their samples; `ahead` on the way at once.

    Whoever stops early leaves frames in flight: the sense is not to be used any more then.
    """
    lane = pipelined(sense)
    sent: deque[Frame] = deque()
    for frame in source:
        if frame is None:
            yield None
            continue
        lane.send(frame.image)
        sent.append(frame)
        if len(sent) >= ahead:
            yield replace(sent.popleft(), sample=lane.receive())
    while sent:
        yield replace(sent.popleft(), sample=lane.receive())


class Newest:
    """Frames of a live source with their samples, while the next ones are being read. To be iterated over once.

    A thread reads the source. Its frame goes to the sense at once while fewer than `ahead` are on the way; otherwise it
    waits until there is room, and is dropped if another one comes before. While `keep` is set none is: up to `KEPT`
    wait in line, and then the source waits, too. `Frame.skipped` tells how many were dropped before a frame.

    What goes wrong in the source is raised here, behind the frames that came before. `close` before the source is.
    """

    def __init__(self, source: Iterable[Frame | None], sense: Sense, ahead: int = LIVE_AHEAD) -> None:
        self.keep = False
        self._source, self._lane, self._ahead = source, pipelined(sense), ahead
        self._changed = threading.Condition()
        self._line: deque[Frame] = deque()
        self._sent: deque[Frame] = deque()
        self._nothing = self._ended = self._stopped = False
        self._error: Exception | None = None
        self._reader = threading.Thread(target=self._read, name="source", daemon=True)

    def __iter__(self) -> Iterator[Frame | None]:
        self._reader.start()
        while self._wait():
            yield self._next()
        if self._error:
            raise self._error

    def close(self) -> None:
        """Read no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._reader.is_alive():
            self._reader.join(2.0)  # a camera that hangs is not waited for

    def _wait(self) -> bool:
        """Wait until there is something to give; whether there is, or ever will be."""
        with self._changed:
            self._changed.wait_for(lambda: self._sent or self._nothing or self._ended)
            return bool(self._sent or self._nothing)

    def _next(self) -> Frame | None:
        if not self._sent:
            self._nothing = False
            return None
        sample = self._lane.receive()
        with self._changed:
            frame = self._sent.popleft()
            self._feed()
            self._changed.notify_all()
        return replace(frame, sample=sample)

    def _read(self) -> None:
        try:
            for frame in self._source:
                with self._changed:
                    if self._stopped:
                        return
                    if frame is None:
                        self._nothing = True
                    else:
                        self._queue(frame)
                    self._changed.notify_all()
        except Exception as error:  # of any kind: it is raised where somebody waits for the frame
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _queue(self, frame: Frame) -> None:
        arrived = time.perf_counter()
        self._changed.wait_for(lambda: len(self._line) < KEPT or not self.keep or self._stopped)
        while self._line and not self.keep:
            frame = replace(frame, skipped=frame.skipped + self._line.popleft().skipped + 1)
        self._line.append(replace(frame, arrived=arrived))
        self._feed()

    def _feed(self) -> None:
        while self._line and len(self._sent) < self._ahead:
            self._lane.send(self._line[0].image)
            self._sent.append(self._line.popleft())
