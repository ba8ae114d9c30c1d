"""The loop that `collect.py` and `realtime.py` share: frames of a source to a session, its view to a window."""

from __future__ import annotations

import logging
import time
from collections import deque
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign.capture.stream import LatestFrames, in_order

if TYPE_CHECKING:
    from handsign.capture.source import Frame, Source
    from handsign.display.video import VideoFile
    from handsign.display.window import Window
    from handsign.landmarks.layout import Layout
    from handsign.live.session import Session
    from handsign.types import Extract

log = logging.getLogger("handsign")


@dataclass
class Pace:
    """How fast a loop runs.

    Frames a second over the last 30 frames; the delay from a frame's arrival to its being shown (median and 95th
    percentile over the last 300 frames); how many frames were dropped.
    """

    _ends: deque[float] = field(default_factory=lambda: deque(maxlen=30))
    delays: deque[float] = field(default_factory=lambda: deque(maxlen=300))
    dropped: int = 0

    def frame(self, frame: Frame, ended: float) -> None:
        """A frame was shown at `ended` (seconds of time.perf_counter)."""
        self._ends.append(ended)
        self.dropped += frame.skipped
        if frame.arrived:
            self.delays.append(ended - frame.arrived)

    def __str__(self) -> str:
        elapsed = self._ends[-1] - self._ends[0] if len(self._ends) > 1 else 0.0
        text = f"{(len(self._ends) - 1) / elapsed if elapsed else 0:.1f} fps"
        if self.delays:
            middle, late = np.quantile(self.delays, (0.5, 0.95)) * 1000
            text += f"   delay {middle:.0f} ms, p95 {late:.0f} ms   {self.dropped} dropped"
        return text


@dataclass(frozen=True)
class Screen:
    """Where a session is shown.

    window   on the screen; None for none
    video    a file; None for none
    columns  of a sample, drawn over the picture; None for samples that are no landmarks
    """

    window: Window | None = None
    video: VideoFile | None = None
    columns: Layout | None = None


def play(
    session: Session,
    source: Source,
    extract: Extract | None = None,
    screen: Screen | None = None,
    pace: Pace | None = None,
) -> None:
    """Give a session every frame of a source, and show it, until one of them ends.

    `extract` turns frames into samples; None where the source knows them. A window mirrors a camera; it shows a file at
    its own speed, or as fast as the machine can. What the session says is logged as well.
    """
    with closing(with_samples(source, extract)) as frames:
        _play(session, source, frames, screen or Screen(), pace or Pace())


def _play(session: Session, source: Source, frames: Any, screen: Screen, pace: Pace) -> None:
    shown, message, start = None, "", time.perf_counter()
    for frame in frames:
        if frame is not None:
            session.update(frame)
            shown = frame
        if isinstance(frames, LatestFrames):
            frames.keep_all = session.keep_all
        if shown is not None and (screen.window or screen.video):
            _show(session, source, shown, screen, str(pace), new=frame is not None)
        now = time.perf_counter()
        if frame is not None:
            pace.frame(frame, now)
        if screen.window:
            early = shown.time - (now - start) if shown and not source.live else 0.0
            start -= min(early, 0.0)  # a machine that cannot keep up plays slower, not in jumps
            key = screen.window.key(max(1, int(1000 * max(early, source.wait))))
            if key:
                session.press(key)
        if session.message != message:
            message = session.message
            log.info("%s", message)
        if session.done:
            break


def _show(session: Session, source: Source, frame: Frame, screen: Screen, footer: str, new: bool) -> None:
    from handsign.display.overlay import paint

    view = replace(session.view(), footer=footer)
    image, mirror = session.picture(frame.image), source.mirror and session.mirrored
    picture = paint(image, session.sample, screen.columns, view, mirror)
    if screen.video and new:
        screen.video.write(picture)
    if screen.window:
        screen.window.show(picture)


def with_samples(source: Source, extract: Extract | None) -> Any:
    """The frames of a source with their samples: the latest ones of a camera, else all of them."""
    if extract is None:
        return source
    return LatestFrames(source, extract) if source.live else in_order(source, extract)
