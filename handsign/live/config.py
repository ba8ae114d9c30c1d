"""What realtime.py was asked for, and what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from handsign.capture.factory import CameraConfig

if TYPE_CHECKING:
    from handsign.capture.sensor import Sensor
    from handsign.capture.source import Source
    from handsign.landmarks.layout import Layout
    from handsign.live.session import Session


@dataclass(frozen=True)
class LiveConfig:
    """What the options of realtime.py say.

    data      where takes are, and are recorded
    model     the trained model; labels: of a bare `.h5`, in its order
    source    a video, a folder, takes, a film or the practice signer; None for the camera
    camera    how the camera is opened
    headless  no window
    output    a video file of what the window shows
    """

    data: Path
    model: Path
    labels: tuple[str, ...] | None = None
    source: str | None = None
    camera: CameraConfig = field(default_factory=CameraConfig)
    headless: bool = False
    output: Path | None = None


@dataclass(frozen=True)
class LiveView:
    """A session in front of a source, ready to be opened.

    open     (source, the name of its extractor) -> the session
    sensor   what turns the source's frames into samples
    columns  of a sample, for the overlay; None for samples that are no landmarks
    source   opens a source of its own; None: the one that the options name
    """

    open: Callable[[Source, str], Session]
    sensor: Sensor
    columns: Layout | None = None
    source: Callable[[], Source] | None = None
