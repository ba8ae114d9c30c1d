"""A recorded take, and the labels that mean rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from handsign import __version__

if TYPE_CHECKING:
    from handsign.types import Array


NOTHING = "nothing"
"""The label of rest where nobody named it: what is recorded between takes."""

REST = frozenset({NOTHING, "rest", "none", "other", "-"})
"""Labels that mean that nothing is being signed: learned like any other, never announced. See `is_rest`."""


def is_rest(label: str) -> bool:
    """Whether a label, in any case, means that nothing is being signed.

    >>> is_rest("Nothing"), is_rest("hello")
    (True, False)
    """
    return label.casefold() in REST


class TakeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How a take was made. `rate` is nominal, in frames a second; `frame_size` is (width, height) in pixels."""

    action: str
    signer: str = ""
    session: str = ""
    source: str = ""
    frame_size: tuple[int, int] | None = None
    rate: float | None = None
    mirrored: bool = False
    extractor: str = ""
    version: str = __version__


@dataclass(frozen=True, eq=False)
class Take:
    """One recording: samples (T, *sample) float32 at times (T,) float64 in seconds, and where it is from."""

    samples: Array
    times: Array
    info: TakeInfo
    name: str = ""


@dataclass(frozen=True)
class InvalidTake:
    """Something that should have been a take, and why it is none."""

    name: str
    reason: str
