"""Check what a program gives the API: sources, images, times, arrays, options."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np

from handsign.capture.factory import CameraConfig, open_camera_or_source
from handsign.capture.source import Frame, Source
from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.tasks import Task
    from handsign.types import Array

    AnySource = int | str | Path | Iterable[tuple[float, Array]]

LIMITS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("threshold", "release", "rest_threshold"), (0.0, 1.0)),
    **dict.fromkeys(("min_consecutive", "epochs", "batch", "patience"), (1.0, math.inf)),
    **dict.fromkeys(("refractory", "min_interval", "learning_rate"), (0.0, math.inf)),
}
"""The lowest and the highest value of an option."""

R = TypeVar("R")


def frame(image: Array, time: float) -> Frame:
    """A frame of the caller's, checked."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.shape[2:] != (3,):
        what = f"{image.shape} {image.dtype}" if isinstance(image, np.ndarray) else type(image).__name__
        raise InputError(f"an image is (H, W, 3) uint8 BGR, not {what}")
    if not isinstance(time, int | float | np.number) or not math.isfinite(time):
        raise InputError(f"a time is in seconds, not {time!r}")
    return Frame(image, float(time))


class _Frames(Source):
    """The caller's (seconds, image) pairs as a source; what gives them is left open."""

    name = "frames"

    def __init__(self, frames: Iterable[tuple[float, Array]]) -> None:
        self._frames = frames

    def __iter__(self) -> Iterator[Frame]:
        for pair in self._frames:
            if not isinstance(pair, Sequence) or len(pair) != 2:
                raise InputError(f"frames are pairs (seconds, image), not {type(pair).__name__}")
            time, image = pair
            yield frame(image, time)


def open_source(source: AnySource, task: Task) -> Source:
    """A source of the caller's, checked: see `Model.stream`."""
    if isinstance(source, int | str | Path):
        text = str(source)
        camera = isinstance(source, int) or Path(text).is_char_device()
        spec, config = (None, CameraConfig(text)) if camera else (text, CameraConfig())
        return open_camera_or_source(spec, config, task.format, task.windowing)
    if not isinstance(source, Iterable):
        raise InputError(f"a source is an index, a path, a URL or (seconds, image) pairs, not {type(source).__name__}")
    return _Frames(source)


def array(values: Array, shape: tuple[int, ...], name: str) -> Array:
    """Values of the caller's as float32, checked."""
    try:
        found = np.asarray(values, np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} is numbers of shape {tuple(shape)}: {error}") from error
    if found.shape != tuple(shape):
        raise InputError(f"{name} has shape {tuple(shape)}, not {found.shape}")
    return found


def record(kind: type[R], defaults: Mapping[str, Any], given: Mapping[str, Any]) -> R:
    """A record of options of the caller's, checked."""
    known = [name for name in inspect.get_annotations(kind) if name != "resume"]
    for name, value in given.items():
        if name not in known:
            raise InputError(f"there is no option {name!r}; there are: {', '.join(known)}")
        low, high = LIMITS.get(name, (-math.inf, math.inf))
        if isinstance(value, int | float) and not low <= value <= high:
            raise InputError(f"{name} is {low:g} to {high:g}, not {value:g}")
    try:
        return msgspec.convert({**defaults, **given}, kind, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as error:
        raise InputError(f"an option has the wrong type: {error}") from error
