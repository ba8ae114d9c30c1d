"""Which takes are kept for validation and testing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.types import Array


Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Which takes are kept for testing and validation: shares of all takes, by `take` (stratified) or `signer`."""

    by: Annotated[str, msgspec.Meta(pattern="^(take|signer)$")] = "take"
    holdout: tuple[str, ...] = ()
    test_size: Share = 0.2
    val_size: Share = 0.15
    seed: int = 0

    def __str__(self) -> str:
        if self.holdout:
            return f"signer, {', '.join(self.holdout)} held out"
        return f"{self.by}, {self.test_size:.0%} for testing, seed {self.seed}"


def parts(actions: Sequence[str], signers: Sequence[str], split: Split) -> Array:
    """The part (n,) str of each of n takes: train, val or test.

    By take, every action gives its share; by signer, whole people are held out for testing.

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
