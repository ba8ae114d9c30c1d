"""Read still pictures: the only decoder of them. Format by content, size before decoding, both bounded."""

from __future__ import annotations

import io
import re
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from handsign.errors import InputError
from handsign.reading import parsing, read_bytes

if TYPE_CHECKING:
    from handsign.types import Array

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})

MAX_BYTES = 64 * 2**20
"""Most bytes of a file."""

MAX_PIXELS = 50_000_000
"""Most pixels of a picture: about 0.6 GB while it is decoded."""

MAX_SCANS = 100
"""Most scans of a progressive JPEG, which usually has ten: a few bytes each, and the time of a whole picture."""

MAX_CHUNKS = 100_000
"""Most segments of a JPEG or chunks of a PNG, which Pillow walks through in Python."""

_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
"""A marker of a JPEG other than those that stand inside of or instead of data."""


@contextmanager
def open_still(path: Path) -> Iterator[Image.Image]:
    """Open a JPEG, PNG, WebP or BMP, whatever its name ends in. Nothing is decoded yet.

    Raises:
        InputError: why it cannot be read, in one line that does not name the file; the same for errors of the block.
    """
    try:
        with parsing(), warnings.catch_warnings(action="ignore"):  # of Pillow: corrupt EXIF data, transparent palettes
            data = read_bytes(path, MAX_BYTES)
            kind, size = _identify(data)
            _check_size(*size)
            with Image.open(io.BytesIO(data), formats=[kind]) as image:
                _check_size(*image.size)  # by Pillow's reading of the header, should that be another one
                yield image
    except InputError as error:
        unidentified = isinstance(error.__cause__, UnidentifiedImageError)  # whose message is the name of an object
        reason = "its header is damaged" if unidentified else error
        raise InputError(f"cannot be read as a picture: {reason}") from error


def read_still(path: Path, least: tuple[int, int] | None = None) -> Array:
    """A picture (H, W, 3) uint8 BGR, rotated as its EXIF data say; transparency is ignored.

    `least`: a (width, height) above which resolution is not needed, so that a large JPEG is decoded at a lower one.

    Raises:
        InputError: as `open_still`; it is damaged or truncated.
    """
    with open_still(path) as image:
        if least:
            image.draft("RGB", least)
        image.load()
        with suppress(InputError), parsing():  # damaged EXIF data
            ImageOps.exif_transpose(image, in_place=True)
        if image.mode.startswith("I"):  # 16 bits a pixel, grey
            return np.repeat((np.asarray(image) >> 8).astype(np.uint8)[..., None], 3, axis=2)
        rgb = image if image.mode == "RGB" else image.convert("RGB")
        return np.ascontiguousarray(np.asarray(rgb)[..., ::-1])


def is_still(head: bytes) -> bool:
    """Whether a file that starts with these (12 or more) bytes is a JPEG, PNG, WebP or BMP."""
    return any(magic.match(head) for magic, _ in _FORMATS.values())


def _identify(data: bytes) -> tuple[str, tuple[int, int]]:
    """Pillow's name of the format, and (width, height)."""
    for kind, (magic, read_size) in _FORMATS.items():
        if magic.match(data):
            return kind, read_size(data)
    raise InputError("its content is not JPEG, PNG, WebP or BMP")


def _check_size(width: int, height: int) -> None:
    if not 0 < width * height <= MAX_PIXELS:
        raise InputError(f"it has {width} x {height} pixels, and at most {MAX_PIXELS // 10**6} million are read")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Of the frame; a JPEG with absurdly many segments or scans is refused."""
    size, at, scans = (0, 0), 2, 0
    for _ in range(MAX_CHUNKS):
        marker = _JPEG_MARKER.search(data, at)
        if marker is None or (code := marker[0][1]) == 0xD9:  # end of the image
            return size
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
        if 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC):  # start of a frame
            height, width = struct.unpack_from(">HH", data, marker.end() + 3)
            size = max(size, (width, height), key=np.prod)
        scans += code == 0xDA
        if scans > MAX_SCANS:
            raise InputError(f"it has more than {MAX_SCANS} scans")
    raise InputError(f"it has more than {MAX_CHUNKS} segments")


def _png_size(data: bytes) -> tuple[int, int]:
    """Of the header; a PNG with absurdly many chunks is refused."""
    at, chunks = 8, 0
    while at < len(data):
        at += 12 + int.from_bytes(data[at : at + 4], "big")
        chunks += 1
        if chunks > MAX_CHUNKS:
            raise InputError(f"it has more than {MAX_CHUNKS} chunks")
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _webp_size(data: bytes) -> tuple[int, int]:
    """Of the canvas, which libwebp allocates as soon as a file is opened."""
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _bmp_size(data: bytes) -> tuple[int, int]:
    (header,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if header == 12 else "<ii", data, 18)
    return width, abs(height)  # negative: from the top down


_FORMATS: dict[str, tuple[re.Pattern[bytes], Callable[[bytes], tuple[int, int]]]] = {
    "JPEG": (re.compile(rb"\xff\xd8\xff"), _jpeg_size),
    "PNG": (re.compile(rb"\x89PNG\r\n\x1a\n"), _png_size),
    "WEBP": (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), _webp_size),
    "BMP": (re.compile(rb"BM"), _bmp_size),
}
