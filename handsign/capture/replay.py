"""Recorded takes as a source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handsign.capture.source import Frame, Source
from handsign.data.readers import read
from handsign.data.take import Take
from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.data.format import Format


LONGEST_SIDE = 4096
"""Pixels of the longer side of the empty picture; takes may be of screens that are larger."""


class Replay(Source):
    """Recorded takes one after another, as if they were recorded now, on an empty picture.

    rate      frames a second between two takes, and nominally
    duration  seconds that a take without times lasts

    Raises:
        InputError: there is no take to replay.
    """

    knows_samples = True

    def __init__(self, path: Path, form: Format, rate: float, duration: float) -> None:
        self.name, self.rate = path.name, rate
        self._takes = [take for take in read(path, form, duration) if isinstance(take, Take)]
        if not self._takes:
            raise InputError(f"{path} holds no take of {form.name} that could be replayed")
        self.frames = sum(len(take.times) for take in self._takes)
        self.size = _shown_size(*(self._takes[0].info.frame_size or self.size))

    def __iter__(self) -> Iterator[Frame]:
        blank = np.full((self.size[1], self.size[0], 3), 32, np.uint8)
        start = 0.0
        for take in self._takes:
            times = start + take.times - take.times[0]
            for sample, at in zip(take.samples, times, strict=True):
                yield Frame(blank, float(at), sample)
            start = float(times[-1]) + 1 / self.rate


def _shown_size(width: int, height: int) -> tuple[int, int]:
    """The size of a picture that takes may claim, reduced to one that fits into memory."""
    scale = min(1.0, LONGEST_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
