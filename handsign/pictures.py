"""How good predicted pictures are, and what who has learned nothing would predict: films (n, T, H, W, 1) in 0..1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np

Array = np.ndarray[Any, Any]
Ahead = Callable[[Array, int], Array]
"""Films seen (n, t, H, W, 1), steps -> the pictures that come next (n, steps, H, W, 1)."""
LIT = 0.5
"""Above this a pixel counts as lit, for the intersection over union."""
SURE = 1e-7
"""The cross-entropy takes no probability to be nearer to 0 or 1 than this, as Keras'."""
MEASURES = ("bce", "mse", "iou", "ssim")


def measure(said: Array, came: Array) -> dict[str, Array]:
    """Pictures said and those that came (n, T, H, W, 1) -> each of `MEASURES` (n, T), of every picture.

    bce   binary cross-entropy in nats, mean over pixels; mse: mean squared difference
    iou   pixels lit in both by pixels lit in either; 1 where nothing is lit in either
    ssim  structural similarity (Wang et al., 2004), by OpenCV
    """
    pixels = (-3, -2, -1)
    sure = np.clip(said, SURE, 1 - SURE)
    both, either = ((said > LIT) & (came > LIT)).sum(pixels), ((said > LIT) | (came > LIT)).sum(pixels)
    return {
        "bce": -(came * np.log(sure) + (1 - came) * np.log1p(-sure)).mean(pixels),
        "mse": np.square(said - came).mean(pixels),
        "iou": np.where(either > 0, both / np.maximum(either, 1), 1.0),
        "ssim": _ssim(said, came),
    }


def _ssim(said: Array, came: Array) -> Array:
    pairs = zip(*(films.reshape(-1, *films.shape[2:4]) for films in (said, came)), strict=True)
    # OpenCV's constants are those for bytes
    found = [cv2.quality.QualitySSIM_compute(255 * one, 255 * other)[0][0] for one, other in pairs]
    return np.array(found).reshape(said.shape[:2])


def table(one: tuple[Array, Array], ahead: tuple[Array, Array]) -> dict[str, Any]:
    """(said, came) for one step after every picture of films, and for several steps after their first -> numbers.

    Means over films: bce, mse, iou_one_step over all pictures, and of every measure `_rollout`, a number for each step.
    """
    near, far = measure(*one), measure(*ahead)
    table = {"bce": near["bce"], "mse": near["mse"], "iou_one_step": near["iou"], "ssim": near["ssim"]}
    return {
        **{name: float(values.mean()) for name, values in table.items()},
        **{f"{name}_rollout": values.mean(axis=0).tolist() for name, values in far.items()},
    }


def scores(
    follow: Mapping[str, Callable[[Array], Array]],
    ahead: Mapping[str, Ahead],
    films: Array,
    following: Array,
    given: int,
    most: int | None = None,
) -> dict[str, dict[str, Any]]:
    """Methods by name -> their `table`s on films whose next pictures are `following`, shown `given` pictures at first.

    `follow` says what comes after each picture of films (n, T, H, W, 1), knowing those before; `ahead` goes on alone,
    to the end of the films, at most for `most` steps.
    """
    steps = min(films.shape[1] - given + 1, most or films.shape[1])
    seen, came = films[:, :given], following[:, given - 1 : given - 1 + steps]
    return {name: table((follow[name](films), following), (ahead[name](seen, steps), came)) for name in follow}


def each(ahead: Ahead) -> Callable[[Array], Array]:
    """What `ahead` says comes after each picture of films (n, T, H, W, 1), shown it and those before."""
    return lambda films: np.concatenate([ahead(films[:, :end], 1) for end in range(1, films.shape[1] + 1)], axis=1)


def copy_last(seen: Array, steps: int) -> Array:
    """All stays as it is."""
    return np.repeat(seen[:, -1:], steps, axis=1)


def constant_velocity(seen: Array, steps: int) -> Array:
    """Every pixel goes on as it went from the last picture but one to the last, by optical flow; gaps are dark.

    The flow is DIS (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016), which does better at twice
    the size: things a few pixels wide are small for it. Pushing pixels forward did better than fetching them from where
    they come from: beside a thing that moves nothing knows that it will come.
    """
    if seen.shape[1] < 2:
        return copy_last(seen, steps)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(0)
    said = np.zeros((len(seen), steps, *seen.shape[2:]), np.float32)
    for film, pictures in zip(seen, said, strict=True):
        speed = _speed(flow, film[-2, ..., 0], film[-1, ..., 0])
        for step, picture in enumerate(pictures[..., 0], 1):
            _push(film[-1, ..., 0], step * speed, picture)
    return said


TWICE = 2


def _speed(flow: cv2.DISOpticalFlow, before: Array, after: Array) -> Array:
    """How far each pixel moves (H, W, 2), x first, between two pictures (H, W)."""
    grey = [np.uint8(np.clip(picture, 0, 1) * 255) for picture in (before, after)]
    large = [cv2.resize(picture, None, fx=TWICE, fy=TWICE) for picture in grey]
    return cv2.resize(flow.calc(*large, None), after.shape[::-1], interpolation=cv2.INTER_AREA) / TWICE


def _push(picture: Array, way: Array, onto: Array) -> None:
    """Draw each pixel of a picture (H, W) where it has gone; where several go, the brightest stays."""
    height, width = picture.shape
    rows, columns = np.indices(picture.shape)
    rows, columns = np.rint(rows + way[..., 1]).astype(int), np.rint(columns + way[..., 0]).astype(int)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    np.maximum.at(onto, (rows[inside], columns[inside]), picture[inside])
