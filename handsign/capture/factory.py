"""Open a source by what the user wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from handsign.errors import InputError
from handsign.reading import exists

if TYPE_CHECKING:
    from handsign.capture.source import Source
    from handsign.data.format import Format
    from handsign.data.windowing import Windowing

PRACTICE = "practice"


@dataclass(frozen=True)
class CameraConfig:
    """How a camera is opened.

    device  index, path or URL; None: the user named none, and the first is opened
    size    (width, height) in pixels; rate: frames a second, both as asked of the camera
    """

    device: str | None = None
    size: tuple[int, int] = (640, 480)
    rate: float = 30.0


def open_camera_or_source(spec: str | None, camera: CameraConfig, form: Format, windowing: Windowing) -> Source:
    """The source that `spec` names (see `open_source`), or the camera.

    Raises:
        InputError: it cannot be opened.
    """
    if spec:
        return open_source(spec, form, windowing)
    from handsign.capture.camera import Camera

    return Camera(camera.device or "0", camera.size, camera.rate)


def open_source(spec: str, form: Format, windowing: Windowing) -> Source:
    """A source by what the user wrote: a video, a folder of pictures, takes, a URL, or `practice[:SEED[:SIGNS]]`.

    What a URL streams is treated as a camera: frames that come while one is processed are dropped.
    `form` and `windowing` are those of the task whose samples the source is to give.

    Raises:
        InputError: nothing is there, or it is none of these.
    """
    if is_practice(spec):
        return _open_practice(spec, form)
    from handsign.capture.source import is_url

    if is_url(spec):
        from handsign.capture.camera import Camera

        return Camera(spec)
    from handsign.capture.video import VIDEO_SUFFIXES, Images, Video
    from handsign.data.stills import IMAGE_SUFFIXES

    path = Path(spec)
    if not exists(path):
        raise InputError(f"{spec[:200]} is not there; --source takes a video, a folder, a URL or 'practice'")
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return Video(path)
    if path.is_dir() and any(p.suffix.lower() in IMAGE_SUFFIXES for p in path.iterdir()):
        return Images(path)
    from handsign.capture.replay import Replay

    return Replay(path, form, windowing.rate, windowing.duration)


def is_practice(spec: str) -> bool:
    """Whether a source is the practice signer."""
    return spec.partition(":")[0] == PRACTICE


def _open_practice(spec: str, form: Format) -> Source:
    import numpy as np

    from handsign.capture.practice import PracticeSigner
    from handsign.landmarks.holistic import HOLISTIC

    if form.adapt(np.zeros((1, HOLISTIC.size), np.float32)).shape[1:] != form.shape:
        raise InputError(f"the practice signer moves landmarks, which {form.name} does not look at; give a video")
    numbers = spec.split(":")[1:]
    if not all(n.isdecimal() and len(n) < 10 for n in numbers) or len(numbers) > 2:
        raise InputError(f"{spec!r} is not practice, practice:SEED or practice:SEED:SIGNS")
    seed, signs = (int(numbers[0]) if numbers else 0), (int(numbers[1]) if len(numbers) > 1 else None)
    return PracticeSigner(seed, signs, adapt=form.adapt)
