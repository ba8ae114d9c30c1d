"""What the overlay shows beside the landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handsign.types import Array


@dataclass(frozen=True)
class Line:
    """A polyline over the image.

    points  (n, 2): x and y relative to the image's width and height; (0, 0) is a gap
    colour  "red", "amber" or "blue"
    dots    draw a dot at each point
    """

    points: Array
    colour: str
    dots: bool = False


@dataclass(frozen=True)
class View:
    """What the overlay shows beside the landmarks.

    state                 of the session, at the top; "REC" replaces it while `recording`
    countdown             seconds until the recording starts
    progress              0..1
    keys                  (key, what it does)
    help                  show the keys in large letters
    scores                (label, probability), a bar each
    threshold             probability marked on each bar
    leader                label whose bar is highlighted
    sentence              the labels recognised so far
    lines                 polylines
    prediction_intervals  around a forecast path, the widest first: points (n, 2) as in `Line`, radii (n,) relative
                          to the image's width
    """

    title: str = ""
    state: str = "idle"
    recording: bool = False
    countdown: float | None = None
    progress: float | None = None
    message: str = ""
    keys: Sequence[tuple[str, str]] = ()
    help: bool = False
    scores: Sequence[tuple[str, float]] = ()
    threshold: float | None = None
    leader: str | None = None
    sentence: Sequence[str] = ()
    footer: str = ""
    lines: Sequence[Line] = ()
    prediction_intervals: Sequence[tuple[Array, Array]] = ()
