"""Films from the generator or a file: reading, splitting, augmentation, and the rollout of a model.

A film is an array (T, H, W, 1) float32 of T grey frames, brightness in 0..1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from handsign import limits
from handsign.data.dataset import Dataset
from handsign.data.split import Split, parts
from handsign.data.windows import rollout
from handsign.errors import InputError
from handsign.reading import exists, read_npy
from handsign.tasks.nextframe import squares

if TYPE_CHECKING:
    from handsign.types import Array, Predict


SQUARES = "squares"
"""The `--data` or `--source` that stands for generated films of moving squares, unless there is a file of that name."""

COUNT, LEARNED, VALIDATED = 1200, 1000, 50
"""Generated films: in all, before the first test film, and of those before it, for validation; as in Keras' example."""

TESTED = 1004
"""The number of the generated film that the example continues."""

CONTEXT = 7
"""Frames that the model is given before it predicts the following ones."""

RATE = 10.0
"""Frames a second."""

MAX_BYTE = 255


@contextmanager
def grey(size: tuple[int, int] = (squares.SIDE, squares.SIDE)) -> Iterator[Callable[[Array], Array]]:
    """Extractor: frame (H, W, 3) uint8 BGR -> sample (*size, 1) float32, its grey brightness in 0..1.

    The frame is cropped about its middle to the aspect ratio of `size` (height, width) and reduced to it.
    """
    yield lambda frame: _crop_and_resize(frame, size)


def _crop_and_resize(frame: Array, size: tuple[int, int]) -> Array:
    height, width = size
    scale = min(frame.shape[0] / height, frame.shape[1] / width)
    cut = round(height * scale), round(width * scale)
    top, left = (frame.shape[0] - cut[0]) // 2, (frame.shape[1] - cut[1]) // 2
    middle = cv2.cvtColor(frame[top : top + cut[0], left : left + cut[1]], cv2.COLOR_BGR2GRAY)
    small = cv2.resize(middle, (width, height), interpolation=cv2.INTER_AREA)
    return (small.astype(np.float32) / MAX_BYTE)[..., None]


def read(path: Path) -> Array:
    """Read films (n, T, H, W, 1) from a `.npy` file (T, n, H, W) of bytes, or of floats in 0..1, as of Moving MNIST.

    Raises:
        InputError: the file is damaged, or holds something else.
    """
    try:
        stored = read_npy(path, limits.FILMS_BYTES)
    except InputError as error:
        raise InputError(f"{path} cannot be read as films ({error})") from error
    if stored.ndim != 4 or 0 in stored.shape or len(stored) <= CONTEXT:
        raise InputError(
            f"{path} has shape {stored.shape}; films are (frames, films, height, width), {CONTEXT + 1} frames or more"
        )
    if stored.dtype != np.uint8 and (stored.dtype.kind not in "fb" or not (stored.min() >= 0 and stored.max() <= 1)):
        raise InputError(f"{path} holds {stored.dtype} that are no brightness; films are bytes, or floats in 0..1")
    scale = MAX_BYTE if stored.dtype == np.uint8 else 1
    return np.ascontiguousarray(np.divide(stored, scale, dtype=np.float32).swapaxes(0, 1))[..., None]


def load(path: Path, seed: int = 0) -> tuple[Array, Array] | None:
    """Films (n, T, H, W, 1) at a path, and the frame following each of their frames, of the same shape.

    None where `path` is neither `SQUARES` nor a `.npy` file, but takes, a video or nothing. `seed` is the generator's.

    Raises:
        InputError: as `read`.
    """
    if path == Path(SQUARES) and not exists(path):
        return squares.films(COUNT, np.random.default_rng(seed))
    if path.suffix == ".npy" and exists(path) and not path.is_dir():
        films = read(path)
        return films[:, :-1], films[:, 1:]
    return None


def load_one(spec: str) -> tuple[Array, Array] | None:
    """The film (T, H, W, 1) that a `--source` names, and the frame following each of its frames, of the same shape.

    spec  `squares[:NUMBER]` or `FILE.npy[:NUMBER]`; the number defaults to `TESTED` and to 0, respectively

    None where `spec` names no film.

    Raises:
        InputError: as `read`, or there is no film of that number.
    """
    name, _, number = spec.rpartition(":")
    path = Path(name) if name and number.isdecimal() and len(number) < 10 else Path(spec)
    found = load(path)
    if found is None:
        return None
    index = int(number) if path == Path(name) else TESTED if path == Path(SQUARES) else 0
    if index >= len(found[0]):
        raise InputError(f"{spec}: there are {len(found[0])} films in {path}, from 0 on")
    return found[0][index], found[1][index]


def dataset(task: str, path: Path, split: Split | None, seed: int) -> Dataset | None:
    """The films at a path as a dataset, one row per film; None where `load` finds none.

    task   the name of the task
    split  how to split them; None for the split of Keras' example (squares), or the default one (files)
    seed   of the generator, and of the default split

    Raises:
        InputError: as `read`, or the films cannot be split so.
    """
    found = load(path, seed)
    if found is None:
        return None
    count, names = len(found[0]), np.full(len(found[0]), "")
    if split is None and path == Path(SQUARES):
        split = Split(test_size=1 - LEARNED / COUNT, val_size=VALIDATED / LEARNED, seed=seed)
        part = np.repeat(["train", "val", "test"], [LEARNED - VALIDATED, VALIDATED, COUNT - LEARNED])
    else:
        split = split or Split(seed=seed)
        part = parts(["film"] * count, names.tolist(), split)
    takes = np.array([f"{path.name}/{i}" for i in range(count)])
    return Dataset(task, *found, ["brightness"], part, takes, names, names, RATE, split, extractors=[path.name])


def augmented(windows: Array, y: Array, rest: Array, rest_y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Augmentation: films (n, ..., H, W, 1) and their targets, each film mirrored and, if square, turned at random.

    A square film gets one of the eight orientations of a square, another film one of four. `rest`, `rest_y`: not used.
    """
    orientations = rng.integers(8, size=len(windows))
    new, targets = ([_orient(film, k) for film, k in zip(of, orientations, strict=True)] for of in (windows, y))
    return np.stack(new), np.stack(targets)


def _orient(film: Array, orientation: int) -> Array:
    """A film (..., H, W, 1), flipped vertically (bit 0) and horizontally (bit 1), and transposed (bit 2; if square)."""
    film = film[..., ::-1, :, :] if orientation & 1 else film
    film = film[..., ::-1, :] if orientation & 2 else film
    return film.swapaxes(-3, -2) if orientation & 4 and film.shape[-3] == film.shape[-2] else film


def ahead(predict: Predict, context: Array, steps: int) -> Array:
    """Rollout: the `steps` frames (n, steps, H, W, 1) that a model predicts after the context (n, t, H, W, 1).

    predict  films (n, T, H, W, 1) -> the predicted next frame after each of their frames, of the same shape
    """

    def step(frames: Array) -> Array:  # (T, n, H, W, 1): for `rollout` a sample is the frames of all films
        return predict(np.ascontiguousarray(frames.swapaxes(0, 1)))[:, -1]

    return rollout(step, context.swapaxes(0, 1), steps).swapaxes(0, 1)
