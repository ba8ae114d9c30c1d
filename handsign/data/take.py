"""A recorded take, and the labels that mean rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec

from handsign import __version__, limits
from handsign.errors import InputError
from handsign.reading import parsing

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


Name = Annotated[str, msgspec.Meta(max_length=limits.NAME)]
Text = Annotated[str, msgspec.Meta(max_length=limits.TEXT)]
Side = Annotated[int, msgspec.Meta(ge=1, le=limits.SIDE)]


class TakeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """How a take was made. `rate` is nominal, in frames a second; `frame_size` is (width, height) in pixels."""

    action: Name
    signer: Name = ""
    session: Name = ""
    source: Text = ""
    frame_size: tuple[Side, Side] | None = None
    rate: Annotated[float, msgspec.Meta(ge=0)] | None = None
    mirrored: bool = False
    extractor: Text = ""
    version: Text = __version__


def parse_info(data: bytes) -> TakeInfo:
    """The info of a take from its JSON.

    Raises:
        InputError: it is none, or a field has another type, range or length.
    """
    with parsing():
        return msgspec.json.decode(data, type=TakeInfo)


def encode_info(info: TakeInfo) -> bytes:
    """The JSON of an info, which `parse_info` reads.

    Raises:
        InputError: a field has another type, range or length, or is no Unicode.
    """
    try:
        with parsing():
            data = msgspec.json.encode(info)
            parse_info(data)
    except InputError as error:
        raise InputError(f"the take cannot be stored: {error}") from error
    return data


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
