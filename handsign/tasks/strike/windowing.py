"""Windows of pictures, in blocks that a split keeps together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from handsign.data.windowing import ClassificationWindowing
from handsign.data.windows import resample

if TYPE_CHECKING:
    from handsign.data.take import Take
    from handsign.types import Array

BLOCKS = 5
"""Contiguous blocks of an action's pictures: neighbouring pictures are almost equal, so a block is in one part."""


@dataclass(frozen=True, kw_only=True)
class PictureWindowing(ClassificationWindowing):
    """One window ends with each picture of a take, as live; a block of an action is in one part of a split."""

    resamples: ClassVar[bool] = False

    def split_units(self, takes: Sequence[Take], groups: Sequence[slice]) -> Sequence[Take]:
        """The takes, named with the number of their block; an action with fewer takes than `BLOCKS` has them cut."""
        actions = [take.info.action for take in takes]
        many = {action for action, count in Counter(actions).items() if count >= BLOCKS}
        total, before, found = Counter[str](), Counter[str](), []
        for take in takes:
            total[take.info.action] += len(take.times)
        for take, action in zip(takes, actions, strict=True):
            block = (before[action] + np.arange(len(take.times))) * BLOCKS // total[action]
            before[action] += len(take.times)
            if action in many:
                block[:] = block[len(block) // 2]
            for number in np.unique(block).tolist():
                own, name = block == number, f"{take.name}#{number}"
                found.append(replace(take, samples=take.samples[own], times=take.times[own], name=name))
        return found

    def group(self, take: Take) -> str:
        """The action and the number of the block."""
        return f"{take.info.action}#{take.name.rpartition('#')[2]}"

    def sample_rate(self, takes: Sequence[Take]) -> float:
        """The task's own rate: the duration of a strike does not depend on that of the takes."""
        return self.rate

    @property
    def min_samples(self) -> float:
        """As many as fill a window."""
        return self.length - 1

    def pairs(self, take: Take, rate: float, groups: Sequence[slice]) -> Iterator[tuple[Array, str]]:
        """The windows that end with each of the take's pictures, each with the action."""
        offsets = (np.arange(self.length) - (self.length - 1)) / rate
        for at in take.times[take.times - take.times[0] >= -offsets[0] - 1e-6]:
            yield resample(take.samples, take.times, at + offsets, groups), self.label(take)
