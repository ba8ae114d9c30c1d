"""Takes -> X, y and who may be trained on: what `preprocess.py` makes and `train.py` learns from."""

from __future__ import annotations

import hashlib
import statistics
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from handsign.errors import InputError
from handsign.files import atomic
from handsign.takes import UNREADABLE, Take, open_npz, read
from handsign.windows import span

if TYPE_CHECKING:
    from handsign.task import Task

Array = np.ndarray[Any, Any]
ARRAYS = ("X", "y", "part", "take", "signer", "session")
PARTS = ("train", "val", "test")
UNKNOWN = "unknown"
"""The part of what a fold cannot ask about: its label is shown by nobody else."""
TAKE_FOLDS = 5
"""Into how many the takes are divided where there is nothing larger to leave out."""
READY = "dataset.npz"
"""What a prepared dataset is called in its folder of takes."""


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Which takes are kept for testing and validation: shares of all takes, by `take` (stratified) or `signer`."""

    by: str = "take"
    holdout: tuple[str, ...] = ()
    test_size: float = 0.2
    val_size: float = 0.15
    seed: int = 0

    def __str__(self) -> str:
        if self.holdout:
            return f"signer, {', '.join(self.holdout)} held out"
        return f"{self.by}, {self.test_size:.0%} for testing, seed {self.seed}"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Windows ready to train on.

    X        (n, window, *sample) float32, raw
    y        (n, *y) float32: one-hot (n, labels) for `Classify`, what comes next for `Forecast`
    part     (n,) str: train, val or test; all windows of a take are in the same part
    take     (n,) str, signer (n,) str, session (n,) str: where each window is from
    rate     samples a second in a window; asked_rate is what --rate said
    left_out what was not usable: (take, reason)
    extractors what the samples came from
    made_from  `fingerprint` of the takes
    aspect   height of the recorded pictures in their widths (the median; 1 where nobody said)
    """

    task: str
    X: Array
    y: Array
    labels: list[str]
    part: Array
    take: Array
    signer: Array
    session: Array
    rate: float
    split: Split
    left_out: list[tuple[str, str]] = field(default_factory=list)
    extractors: list[str] = field(default_factory=list)
    made_from: str = ""
    asked_rate: float | None = None
    aspect: float = 1.0

    def rows(self, part: str) -> tuple[Array, Array]:
        """(X, y) of the rows in train, val or test."""
        chosen = self.part == part
        return self.X[chosen], self.y[chosen]

    def save(self, path: Path) -> None:
        """Write it to one `.npz`."""
        rest = _Rest(**{name: getattr(self, name) for name in _Rest.__struct_fields__})
        info = np.frombuffer(msgspec.json.encode(rest), np.uint8)
        with atomic(path) as temporary, temporary.open("wb") as file:  # a path would get .npz appended to it
            np.savez(file, dataset=info, **{name: getattr(self, name) for name in ARRAYS})

    @classmethod
    def load(cls, path: Path, task: Task) -> Dataset:
        """Read what `save` wrote.

        Raises:
            InputError: the file is damaged, or made for another task.
        """
        try:
            with open_npz(path) as file:
                rest = msgspec.json.decode(file["dataset"].tobytes(), type=_Rest)
                data = cls(**msgspec.structs.asdict(rest), **{name: file[name] for name in ARRAYS})
        except UNREADABLE as error:
            raise InputError(f"{path} is no whole dataset ({error}); make it again with preprocess.py") from error
        if data.task != task.name or data.X.shape[1:] != (task.window, *task.sample):
            raise InputError(f"{path} was prepared for {data.task} {data.X.shape[1:]}, not for {task.name}")
        return data


class _Rest(msgspec.Struct):
    task: str
    labels: list[str]
    rate: float
    split: Split
    left_out: list[tuple[str, str]]
    extractors: list[str]
    made_from: str
    asked_rate: float | None
    aspect: float = 1.0


def prepare(
    task: Task, path: Path, split: Split, rate: float | None = None, progress: Callable[[Iterable], Iterable] = iter
) -> tuple[Dataset, list[Take]]:
    """Takes at `path` -> the dataset, and the takes that are in it.

    `rate` samples a second fill a window; without it the task's goal says how many.

    Raises:
        InputError: there are no takes, only one action, or the split cannot be made.
    """
    goal, takes, left_out, made_from, asked = task.goal, [], [], fingerprint(path), rate
    for found in progress(read(path, task)):
        if isinstance(found, Take):
            takes.append(found)
        else:
            left_out.append((found.name, found.reason))
    rate = rate or goal.rate(takes, task.window, task.rate)
    enough = goal.least(task.window) / rate
    left_out += [(t.name, f"lasts {span(t.times):.2f} s, {_too_short(task)}") for t in takes if span(t.times) < enough]
    takes = goal.pieces([take for take in takes if span(take.times) >= enough], task.groups)
    if not takes:
        raise InputError(f"{path} holds no usable take of {task.name}{_first(left_out)}; record some with collect.py")
    pairs = [(i, *pair) for i, t in enumerate(takes) for pair in goal.pairs(t, task.window, rate, task.groups)]
    y, labels = goal.targets([answer for _, _, answer in pairs])
    owner = np.array([i for i, _, _ in pairs])
    of_take = {name: np.array([v(t) for t in takes]) for name, v in _COLUMNS.items()}
    units = [goal.unit(take) for take in takes]  # a pack may hold cut takes
    _, first, same = np.unique(units, return_index=True, return_inverse=True)
    part = parts([goal.label(takes[i]) for i in first], of_take["signer"][first].tolist(), split)[same]
    X = np.stack([window for _, window, _ in pairs]).astype(np.float32, copy=False)
    rows = {name: column[owner] for name, column in of_take.items()}
    extractors = sorted({take.info.extractor or "unknown" for take in takes})
    origin = {
        "split": split,
        "left_out": left_out,
        "extractors": extractors,
        "made_from": made_from,
        "asked_rate": asked,
        "aspect": _aspect(takes),
    }
    return Dataset(task.name, X, y, labels, part[owner], **rows, rate=rate, **origin), takes


def _too_short(task: Task) -> str:
    """What a take is that has fewer samples than the goal needs."""
    least = task.goal.least(task.window)
    return "under half a window" if 2 * least == task.window else f"under {least:g} samples"


def _aspect(takes: Sequence[Take]) -> float:
    """Height of the pictures in their widths, the median."""
    sizes = [take.info.frame_size for take in takes if take.info.frame_size]
    return statistics.median([height / width for width, height in sizes] or [1.0])


_COLUMNS: dict[str, Callable[[Take], str]] = {
    "take": lambda take: take.name,
    "signer": lambda take: take.info.signer,
    "session": lambda take: take.info.session,
}


def _first(left_out: Sequence[tuple[str, str]]) -> str:
    return f" ({len(left_out)} left out; the first, {left_out[0][0]}: {left_out[0][1]})" if left_out else ""


def parts(actions: Sequence[str], signers: Sequence[str], split: Split) -> Array:
    """Which part (n,) str each of n takes belongs to: train, val or test.

    By take every action gives its share; by signer whole people are held out, and validation takes from the rest.

    Raises:
        InputError: fewer than two signers to split by, or an unknown one to hold out.
    """
    rng = np.random.default_rng(split.seed)
    part = np.full(len(actions), "train", dtype="<U5")
    if split.by == "signer" or split.holdout:
        part[np.isin(signers, _held_out(signers, split, rng))] = "test"
        untrained = sorted(set(actions) - {a for a, p in zip(actions, part, strict=True) if p != "test"})
        if untrained:
            raise InputError(f"nobody is left to learn {untrained[0]!r} from; hold out fewer or other signers")
    else:
        _draw(actions, part, "test", split.test_size, rng)
    _draw(actions, part, "val", split.val_size, rng)
    return part


def _held_out(signers: Sequence[str], split: Split, rng: np.random.Generator) -> list[str]:
    known = sorted(set(signers))
    unknown = sorted(set(split.holdout) - set(known))
    if unknown:
        raise InputError(f"no take is by {unknown[0]!r}; there are: {', '.join(map(repr, known))}")
    if len(known) < 2:
        raise InputError("--split signer needs takes by at least two people; record them with --signer NAME")
    count = min(max(1, round(len(known) * split.test_size)), len(known) - 1)
    return list(split.holdout) or rng.permutation(known)[:count].tolist()


def _draw(actions: Sequence[str], part: Array, name: str, share: float, rng: np.random.Generator) -> None:
    """Move a share of every action's takes from train to `name`, at least one where two can be spared."""
    for action in sorted(set(actions)):
        own = np.flatnonzero(np.array(actions) == action)
        free = own[part[own] == "train"]
        count = min(max(1, round(len(own) * share)), len(free) - 1) if share else 0
        part[rng.permutation(free)[:count]] = name


@dataclass(frozen=True, eq=False)
class Folds:
    """Ways to keep something whole out of training, so that each window is asked about once.

    by     what is left out whole: signer, session, or take (then `group` is a fifth of the takes)
    group  (n,) str: whose each window is
    parts  for every fold (n,) str: train, val, test or unknown, as `Dataset.part`
    """

    by: str
    group: Array
    parts: list[Array]


def folds(data: Dataset, most: int = 10) -> Folds:
    """Leave out one signer after the other; where there is only one, sessions; where there is only one, takes.

    More than `most` signers or sessions are left out several at a time, whole and about as many windows of each label
    in every fold. Validation takes its share of the rest, as in `parts`. Labels that only those left out show are not
    asked about; a fold that can ask nothing, or has only one label to learn, is left out.

    Raises:
        InputError: there are too few takes to leave any out, or `most` is one.
    """
    if most < 2:
        raise InputError("--folds is at least 2: something has to be left to learn from")
    names = np.array(data.labels)[data.y.argmax(axis=1)]
    for by, group in _groups(data, names, most):
        left_out = _together(group, names, most, data.split.seed)
        found = [_fold(data, names, out, [data.split.seed, i]) for i, out in enumerate(left_out)]
        usable = [part for part in found if "test" in part]
        if usable:
            return Folds(by, group, usable)
    raise InputError(
        "there are too few takes to leave some out and learn from the others; record more, or no --evaluate"
    )


def left_out(data: Dataset, by: str, group: Array) -> Folds:
    """Leave out each of the groups (n,) str in turn, which are called `by`; otherwise as `folds`.

    Raises:
        InputError: there is only one, or nothing to learn or to ask without it.
    """
    names = np.array(data.labels)[data.y.argmax(axis=1)]
    found = [_fold(data, names, group == one, [data.split.seed, i]) for i, one in enumerate(np.unique(group))]
    usable = [part for part in found if "test" in part and "train" in part]
    if len(usable) < 2:
        raise InputError(f"there are too few pictures or takes to leave out a {by} and learn from the others")
    return Folds(by, group, usable)


def _groups(data: Dataset, names: Array, most: int) -> Iterator[tuple[str, Array]]:
    for by in ("signer", "session"):
        group = np.where((own := getattr(data, by)) == "", "unnamed", own)
        if len(set(group.tolist())) > 1:
            yield by, group
    group = np.full(len(names), "takes 1", dtype="<U16")
    for number, out in enumerate(_together(data.take, names, min(most, TAKE_FOLDS), data.split.seed), 1):
        group[out] = f"takes {number}"
    yield "take", group


def _together(group: Array, names: Array, most: int, seed: int) -> list[Array]:
    """Masks (n,) of what is left out together: each group, or, of more than `most`, several with labels balanced."""
    from sklearn.model_selection import StratifiedGroupKFold

    each = np.unique(group)
    if len(each) <= most:
        return [group == name for name in each]
    count = min(most, max(Counter(names.tolist()).values()))
    if count < 2:
        return []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)  # then it is not in every fold
        drawn = StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(names, names, group)
        return [np.isin(np.arange(len(names)), rows) for _, rows in drawn]


def _fold(data: Dataset, names: Array, out: Array, seed: list[int]) -> Array:
    """The parts (n,) of the windows when those in the mask `out` are left out."""
    known = np.unique(names[~out])
    _, first, same = np.unique(data.take, return_index=True, return_inverse=True)
    part = np.where(out[first], "test", "train").astype("<U7")
    _draw(names[first], part, "val", data.split.val_size, np.random.default_rng(seed))
    part = part[same]
    part[out & (~np.isin(names, known) if len(known) > 1 else True)] = UNKNOWN
    return part


def open_dataset(task: Task, path: Path, told: Split | None, seed: int = 0, rate: float | None = None) -> Dataset:
    """A dataset from a file that `preprocess.py` made, or made now from takes.

    In a folder of takes, `dataset.npz` is used as long as the takes are those it was made from and no other split is
    `told`, and no other `rate`; without any, they are split by take with `seed`.

    Raises:
        InputError: as `prepare`, or another split is told than the file at `path` has.
    """
    if task.dataset and (data := task.dataset(path, told, seed)):
        return data
    ready = path / READY if path.is_dir() else path
    if not _is_dataset(ready):
        return prepare(task, path, told or Split(seed=seed), rate)[0]
    data = Dataset.load(ready, task)
    same = told in (None, data.split) and rate in (None, data.rate)
    if path.is_dir():
        if same and data.made_from == fingerprint(path):
            return data
        print(f"{path} or what is asked of it changed since {READY} was made: it is prepared anew, for now")
        return prepare(task, path, told or data.split, rate or data.asked_rate)[0]
    if not same:
        raise InputError(f"{path} is split by {data.split}; make it again with preprocess.py and your split, or rate")
    return data


def _is_dataset(path: Path) -> bool:
    try:
        with open_npz(path) as file:
            return "dataset" in file.files
    except UNREADABLE:
        return False


def fingerprint(path: Path) -> str:
    """A hash of the names, sizes and times of all files at `path` but the prepared ones and hidden ones."""
    files = sorted(p for p in path.rglob("*") if not p.name.startswith(".") and p.stem != Path(READY).stem)
    facts = [(p.relative_to(path).as_posix(), p.stat().st_size, p.stat().st_mtime_ns) for p in files if p.is_file()]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def show(data: Dataset, task: Task, path: Path, each: int = 3, labels: int = 8) -> Path:
    """Save what the model is shown, `each` windows of the first `labels` labels, as a picture; returns its path."""
    rows, titles = [], []
    for i, label in enumerate(data.labels[:labels]):
        own = np.flatnonzero(data.y[:, i] == 1)
        chosen = own[np.linspace(0, len(own) - 1, min(each, len(own))).astype(int)]
        rows += chosen.tolist()
        titles += [label] * len(chosen)
    figure = task.pictures(data.X[rows], titles)
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=120)
    return path


def table(data: Dataset, takes: Sequence[Take], task: Task) -> str:
    """What is in a dataset, a line an action: takes, signers, windows a part, lengths, and missing parts."""
    by_action = defaultdict(list)
    for take in takes:
        by_action[task.goal.label(take)].append(take)
    measured = task.layout.parts if task.layout else ()
    head = ["action", "takes", "signers", *PARTS, "seconds", "frames", *(f"no {p.name}" for p in measured)]
    lines = [head]
    for action, own in by_action.items():
        of_action = np.isin(data.take, [take.name for take in own])
        counts = [str(int((of_action & (data.part == part)).sum())) for part in PARTS]
        seconds, frames = [span(t.times) for t in own], [len(t.times) for t in own]
        found = [np.mean([task.layout.present(t.samples, p.name).mean() for t in own]) for p in measured]
        ranges = [_range(seconds, ".2f"), _range(frames, "d")]
        missing = [f"{1 - share:.0%}" for share in found]
        signers = str(len({take.info.signer for take in own}))
        lines.append([action, str(len(own)), signers, *counts, *ranges, *missing])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def _range(values: Sequence[float], form: str) -> str:
    low, high = min(values), max(values)
    return f"{low:{form}}" if f"{low:{form}}" == f"{high:{form}}" else f"{low:{form}}-{high:{form}}"
