"""Folds of a cross-validation."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handsign.data.split import _draw
from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.data.dataset import Dataset
    from handsign.types import Array


UNKNOWN = "unknown"
"""The part of rows that a fold cannot test: nobody else shows their label."""

TAKE_FOLDS = 5
"""Folds of takes, where there is no larger group to leave out."""


@dataclass(frozen=True, eq=False)
class Folds:
    """Folds that leave whole groups out of training, so that each window is tested once.

    by     what a group is: signer, session, or take (then a group is a fifth of the takes)
    group  (n,) str: the group of each window
    parts  for every fold (n,) str: train, val, test or unknown, as `Dataset.part`
    """

    by: str
    group: Array
    parts: list[Array]


def folds(data: Dataset, most: int = 10) -> Folds:
    """Leave out each signer in turn; of a single signer each session; of a single session fifths of the takes.

    More than `most` groups are left out several at a time, with the labels balanced between folds. Validation takes its
    share of the rest, as in `split.parts`. Labels that only the left-out groups show are not tested; a fold without
    anything to test, or with only one label to learn, is dropped.

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
        InputError: there is only one group, or nothing to learn or test without it.
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
    """Masks (n,) of what each fold leaves out: a group, or, of more than `most` groups, several of them."""
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
    _draw(names[first].tolist(), part, "val", data.split.val_size, np.random.default_rng(seed))
    part = part[same]
    part[out & (~np.isin(names, known) if len(known) > 1 else True)] = UNKNOWN
    return part
