"""Takes -> a dataset: what `preprocess.py` makes and `train.py` learns from."""

from __future__ import annotations

import hashlib
import logging
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign import limits
from handsign.data.dataset import Dataset
from handsign.data.readers import read
from handsign.data.split import Split, parts
from handsign.data.take import Take
from handsign.data.windows import span
from handsign.errors import InputError
from handsign.reading import below, open_npz

if TYPE_CHECKING:
    from handsign.data.format import Format
    from handsign.data.windowing import Windowing
    from handsign.types import Array


log = logging.getLogger("handsign")

PREPARED = "dataset.npz"
"""The name of a prepared dataset in its folder of takes."""


def prepare(
    path: Path,
    form: Format,
    windowing: Windowing,
    split: Split,
    rate: float | None = None,
    progress: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> tuple[Dataset, list[Take]]:
    """Takes at `path` -> the dataset, and the takes that are in it.

    `rate` samples a second fill a window; without it `windowing` decides. `progress` wraps what iterates over takes.

    Raises:
        InputError: there are no takes, only one label, or the split cannot be made.
    """
    made_from = fingerprint(path)
    found, left_out = _usable(progress(read(path, form, windowing.duration)))
    actual = rate or windowing.sample_rate(found)
    long, short = _by_length(found, windowing, actual)
    left_out += short
    takes = windowing.split_units(long, form.groups)
    if not takes:
        raise InputError(f"{path} holds no usable take of {form.name}{_first(left_out)}; record some with collect.py")
    pairs = [(i, *pair) for i, take in enumerate(takes) for pair in windowing.pairs(take, actual, form.groups)]
    y, labels = windowing.targets([target for _, _, target in pairs])
    owner = np.array([i for i, _, _ in pairs])
    columns = {name: np.array([value(take) for take in takes]) for name, value in _COLUMNS.items()}
    data = Dataset(
        task=form.name,
        X=np.stack([window for _, window, _ in pairs]).astype(np.float32, copy=False),
        y=y,
        labels=labels,
        part=_parts(takes, windowing, split)[owner],
        **{name: column[owner] for name, column in columns.items()},
        rate=actual,
        split=split,
        left_out=left_out,
        extractors=sorted({take.info.extractor or "unknown" for take in takes}),
        made_from=made_from,
        asked_rate=rate,
        aspect=_aspect(takes),
    )
    return data, list(takes)


def _usable(found: Iterable[Any]) -> tuple[list[Take], list[tuple[str, str]]]:
    """The takes, and (name, reason) of what should have been one."""
    takes, left_out = [], []
    for one in found:
        if isinstance(one, Take):
            takes.append(one)
        else:
            left_out.append((one.name, one.reason))
    return takes, left_out


def _by_length(takes: Sequence[Take], windowing: Windowing, rate: float) -> tuple[list[Take], list[tuple[str, str]]]:
    """The takes that are long enough, and (name, reason) of those that are not, or have too few samples."""
    least, length = windowing.min_samples, windowing.length
    wanted = "under half a window" if 2 * least == length else f"under {least:g} samples"
    long, short = [], []
    for take in takes:
        if span(take.times) < least / rate:
            short.append((take.name, f"lasts {span(take.times):.2f} s, {wanted}"))
        elif windowing.resamples and span(take.times) * rate > limits.SPARSITY * len(take.times):
            most = f"at most {limits.SPARSITY} samples are interpolated from one"
            short.append((take.name, f"has {len(take.times)} frames in {span(take.times):.0f} s, and {most}"))
        else:
            long.append(take)
    return long, short


def _parts(takes: Sequence[Take], windowing: Windowing, split: Split) -> Array:
    """The part (takes,) of each take: takes with the same group key share one."""
    groups = [windowing.group(take) for take in takes]
    _, first, same = np.unique(groups, return_index=True, return_inverse=True)
    signers = [takes[i].info.signer for i in first]
    return parts([windowing.label(takes[i]) for i in first], signers, split)[same]


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


def open_dataset(
    path: Path, form: Format, windowing: Windowing, split: Split | None, seed: int = 0, rate: float | None = None
) -> Dataset:
    """A dataset from a file that `preprocess.py` made, or made now from takes.

    In a folder of takes, `dataset.npz` is used as long as the takes are those it was made from and no other `split` or
    `rate` is asked for; without it, takes are split by take with `seed`.

    Raises:
        InputError: as `prepare`, or another split is asked for than the file at `path` has.
    """
    if form.dataset and (data := form.dataset(path, split, seed)):
        return data
    ready = path / PREPARED if path.is_dir() else path
    if not _is_dataset(ready):
        return prepare(path, form, windowing, split or Split(seed=seed), rate)[0]
    data = Dataset.load(ready, form.name, (windowing.length, *form.shape))
    same = split in (None, data.split) and rate in (None, data.rate)
    if path.is_dir():
        if same and data.made_from == fingerprint(path):
            return data
        log.info("%s or the options changed since %s was made: it is prepared again, for this run", path, PREPARED)
        return prepare(path, form, windowing, split or data.split, rate or data.asked_rate)[0]
    if not same:
        raise InputError(f"{path} is split by {data.split}; make it again with preprocess.py and your split, or rate")
    return data


def _is_dataset(path: Path) -> bool:
    try:
        with open_npz(path) as file:
            return "dataset" in file
    except InputError:
        return False


def fingerprint(path: Path) -> str:
    """A hash of the names, sizes and times of all files at `path`, without prepared and hidden ones."""
    files = sorted(p for p in below(path) if not p.name.startswith(".") and p.stem != Path(PREPARED).stem)
    facts = [(p.relative_to(path).as_posix(), p.stat().st_size, p.stat().st_mtime_ns) for p in files if p.is_file()]
    return hashlib.sha256(repr(facts).encode()).hexdigest()
