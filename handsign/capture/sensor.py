"""What turns frames into samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handsign.capture.source import Source
    from handsign.types import Array, Extract


def _nothing_found(samples: Array) -> Mapping[str, float]:
    return {}


@dataclass(frozen=True)
class Sensor:
    """Frame -> sample, for one task.

    open       opens the extractor: () -> context manager of a function frame (H, W, 3) uint8 BGR -> sample (*sample,)
    open_fast  opens a faster, less exact extractor; None if there is none
    quality    samples (T, *sample) of a take -> shares of its frames in which something was found, by what that is;
               a share of zero offers the take for a redo
    """

    open: Callable[[], AbstractContextManager[Extract]]
    open_fast: Callable[[], AbstractContextManager[Extract]] | None = None
    quality: Callable[[Array], Mapping[str, float]] = _nothing_found

    @property
    def name(self) -> str:
        """The name of the extractor, as takes carry it."""
        return str(getattr(self.open, "name", getattr(self.open, "__name__", type(self.open).__name__)))

    def open_for(self, source: Source) -> AbstractContextManager[Extract | None]:
        """The extractor for the frames of a source, or None where these carry their samples."""
        return nullcontext() if source.knows_samples else self.open()

    def name_for(self, source: Source) -> str:
        """The name, as takes carry it, of what makes the samples of a source."""
        return source.name if source.knows_samples else self.name
