"""Films to continue, and how well they are continued: from a generator or a file, as pictures, numbers and curves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from handsign import pictures, squares
from handsign.dataset import Dataset, Split, parts
from handsign.errors import InputError
from handsign.takes import UNREADABLE
from handsign.windows import rollout

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]
Ask = Callable[[Array], Array]
SQUARES = "squares"
"""Where the data of who recorded nothing are: films of moving squares."""
COUNT, LEARNED, VALIDATED = 1200, 1000, 50
"""How many films of squares there are, are learned from, and of those kept to validate; as in the example."""
TESTED = 1004
GIVEN = 7
AHEAD = 8
"""Pictures to be scored that follow the `GIVEN`: to the end of a film of 15."""
MOST = 200
"""Films that are scored."""
AT_ONCE = 10
"""Films that a model is asked about in one go: of 20 pictures of 64 x 64 what it remembers of them takes 50 MB."""
RATE = 10.0
NAMES = {"model": "the model", "copy_last": "copying the last", "constant_velocity": "optical flow"}
COLOURS = {"model": "#3b6fd4", "copy_last": "#6b7280", "constant_velocity": "#d9822b"}
BYTES = 255


@contextmanager
def grey(size: tuple[int, int] = (squares.SIDE, squares.SIDE)) -> Iterator[Callable[[Array], Array]]:
    """Pictures (H, W, 3) uint8 BGR -> (*size, 1) float32 in 0..1: as much of the middle as has this shape, shrunk."""
    yield lambda frame: _shrunk(frame, size)


def _shrunk(frame: Array, size: tuple[int, int]) -> Array:
    height, width = size
    scale = min(frame.shape[0] / height, frame.shape[1] / width)
    cut = round(height * scale), round(width * scale)
    top, left = (frame.shape[0] - cut[0]) // 2, (frame.shape[1] - cut[1]) // 2
    middle = cv2.cvtColor(frame[top : top + cut[0], left : left + cut[1]], cv2.COLOR_BGR2GRAY)
    small = cv2.resize(middle, (width, height), interpolation=cv2.INTER_AREA)
    return (small.astype(np.float32) / BYTES)[..., None]


def read(path: Path) -> Array:
    """A `.npy` file of films (frames, n, H, W), bytes or floats in 0..1, as Moving MNIST is -> (n, frames, H, W, 1).

    Raises:
        InputError: it is damaged, or holds something else.
    """
    try:
        with path.open("rb") as file:
            held = np.lib.format.read_array(file, allow_pickle=False)
    except UNREADABLE as error:
        raise InputError(f"{path} cannot be read as films ({error})") from error
    if held.ndim != 4 or 0 in held.shape or len(held) <= GIVEN:
        raise InputError(
            f"{path} has shape {held.shape}; films are (frames, films, height, width), {GIVEN + 1} frames or more"
        )
    if held.dtype != np.uint8 and (held.dtype.kind not in "fb" or not (held.min() >= 0 and held.max() <= 1)):
        raise InputError(f"{path} holds {held.dtype} that are no brightness; films are bytes, or floats in 0..1")
    scale = BYTES if held.dtype == np.uint8 else 1
    return np.ascontiguousarray(np.divide(held, scale, dtype=np.float32).swapaxes(0, 1))[..., None]


def load(path: Path, seed: int = 0) -> tuple[Array, Array] | None:
    """Films (n, T, H, W, 1) at a path and what comes next in them; None where there are none: takes, perhaps."""
    if path == Path(SQUARES) and not path.exists():
        return squares.films(COUNT, np.random.default_rng(seed))
    if path.suffix == ".npy" and path.is_file():
        whole = read(path)
        return whole[:, :-1], whole[:, 1:]
    return None


def one(spec: str) -> tuple[Array, Array] | None:
    """The film (T, H, W, 1) that `squares[:NUMBER]` or `FILE.npy[:NUMBER]` names, and what comes next in it.

    None where it names none. The number is 0 if nobody tells, of squares that of the example's test film, 1004.

    Raises:
        InputError: as `read`, or there are not so many.
    """
    name, _, number = spec.rpartition(":")
    path = Path(name) if name and number.isdecimal() else Path(spec)
    found = load(path)
    if found is None:
        return None
    index = int(number) if path == Path(name) else TESTED if path == Path(SQUARES) else 0
    if index >= len(found[0]):
        raise InputError(f"{spec}: there are {len(found[0])} films in {path}, from 0 on")
    return found[0][index], found[1][index]


def dataset(task: str, path: Path, told: Split | None, seed: int) -> Dataset | None:
    """The films at a path, each a row; `told` is how to split them. Squares are split as in the example.

    None where there are takes, or nothing.

    Raises:
        InputError: as `read`, or they cannot be split so.
    """
    found = load(path, seed)
    if found is None:
        return None
    count, names = len(found[0]), np.full(len(found[0]), "")
    split, part = told or Split(seed=seed), None
    if told is None and path == Path(SQUARES):
        split = Split(test_size=1 - LEARNED / COUNT, val_size=VALIDATED / LEARNED, seed=seed)
        part = np.repeat(["train", "val", "test"], [LEARNED - VALIDATED, VALIDATED, COUNT - LEARNED])
    if part is None:
        part = parts(["film"] * count, names.tolist(), split)
    takes = np.array([f"{path.name}/{i}" for i in range(count)])
    return Dataset(task, *found, ["brightness"], part, takes, names, names, RATE, split, extractors=[path.name])


def turned(windows: Array, y: Array, rest: Array, rest_y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """The same films (n, ..., H, W, 1) and what comes next, mirrored either way or, if they are square, both ways."""
    ways = rng.integers(8, size=len(windows))
    new, answers = ([_turn(film, way) for film, way in zip(of, ways, strict=True)] for of in (windows, y))
    return np.stack(new), np.stack(answers)


def _turn(film: Array, way: int) -> Array:
    """Number `way` of the eight ways to lay down a picture (..., H, W, 1)."""
    film = film[..., ::-1, :, :] if way & 1 else film
    film = film[..., ::-1, :] if way & 2 else film
    return film.swapaxes(-3, -2) if way & 4 and film.shape[-3] == film.shape[-2] else film


def ahead(ask: Ask, seen: Array, steps: int) -> Array:
    """Films seen (n, t, H, W, 1) -> how a model that tells what follows each picture continues them (n, steps, ...)."""

    def step(so_far: Array) -> Array:
        return ask(np.ascontiguousarray(so_far.swapaxes(0, 1)))[:, -1]

    return rollout(step, seen.swapaxes(0, 1), steps).swapaxes(0, 1)


def score(ask: Ask, X: Array, following: Array, given: int = GIVEN) -> dict[str, Any]:
    """`pictures.scores` of a model and of the `baselines`, on the first `MOST` of films X (n, T, H, W, 1)."""
    X, following = X[:MOST], following[:MOST]

    def few(X: Array) -> Array:
        return np.concatenate([ask(X[i : i + AT_ONCE]) for i in range(0, len(X), AT_ONCE)])

    simple = {"copy_last": pictures.copy_last, "constant_velocity": pictures.constant_velocity}
    follow = {"model": few, **{name: pictures.each(method) for name, method in simple.items()}}
    alone = {"model": lambda seen, steps: ahead(few, seen, steps), **simple}
    return {"films": len(X), "given": given, **pictures.scores(follow, alone, X, following, given, AHEAD)}


def summary(test: Mapping[str, Any] | None) -> str:
    """The table of the held-out films, a line a method: `score`'s for people."""
    if test is None:
        return "nothing was kept for testing, so how good the model is is not known"
    steps = range(test["given"] + 1, test["given"] + 1 + len(test["model"]["iou_rollout"]))
    lines = [f"{'':18}{'one step ahead':^27}  overlap (IoU) of picture"]
    lines.append(f"{'':18}{'BCE':>9}{'MSE':>9}{'IoU':>9}  " + "".join(f"{step:6}" for step in steps))
    for name, shown in NAMES.items():
        of = test[name]
        near = f"{of['bce']:9.4f}{of['mse']:9.4f}{of['iou_one_step']:9.3f}"
        lines.append(f"{shown:18}{near}  " + "".join(f"{value:6.2f}" for value in of["iou_rollout"]))
    return "\n".join([*lines, f"{test['films']} films that were not learned from; {test['given']} pictures were given"])


def figure(test: Mapping[str, Any]) -> Figure:
    """Overlap and structural similarity of what is said with what came, picture by picture."""
    from matplotlib.figure import Figure

    whole = Figure(figsize=(9.6, 3.8), layout="constrained")
    for axes, (measure, title) in zip(
        whole.subplots(1, 2), {"iou": "Overlap (IoU)", "ssim": "Structural similarity (SSIM)"}.items(), strict=True
    ):
        for name, shown in NAMES.items():
            values = test[name][f"{measure}_rollout"]
            at = range(test["given"] + 1, test["given"] + 1 + len(values))
            axes.plot(at, values, "o-", color=COLOURS[name], label=shown, linewidth=2.4 if name == "model" else 1.3)
        axes.set(ylim=(0, 1.02), xlabel=f"picture (the first {test['given']} are given)")
        axes.set_title(title, loc="left", fontsize=11)
        axes.grid(color="#e5e7eb", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    whole.axes[0].legend(frameon=False, fontsize=9)
    return whole
