"""What is checked of a bundle before ONNX Runtime sees it.

An ONNX file is a protobuf message, `ModelProto`: fields one after the other, of which repeated ones may also follow
later. So the checksum of a bundle is metadata appended to it: its last bytes are the SHA-256 of all bytes before.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path

from handsign.bundle.info import KEY, BundleInfo, parse
from handsign.errors import InputError

MAX_BYTES = 256 * 2**20
"""The largest file that is opened."""

MAX_METADATA = 2**20
"""The most bytes that all metadata may have."""

MAX_FIELDS = 500_000
"""The most protobuf fields that a file may have; the bundles of the tasks have up to 5,000."""

CHECKSUM = "handsign.sha256"
"""The key of the checksum in the metadata."""

_ENTRY = bytes([0x0A, len(CHECKSUM)]) + CHECKSUM.encode() + bytes([0x12, 64])
_START = bytes([14 << 3 | 2, len(_ENTRY) + 64]) + _ENTRY
"""What comes before the 64 digits: field 14 of ModelProto, metadata, with the key as its field 1, the text as its 2."""

_MESSAGES = {
    "model": {7: "graph"},
    "graph": {1: "node", 5: "tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
    "tensor": {},
}
"""The messages that are looked into: field -> the message in it."""

_REFUSED = {
    ("model", 25): "functions of its own",
    ("graph", 15): "sparse tensors",
    ("attribute", 22): "sparse tensors",
    ("attribute", 23): "sparse tensors",
    ("tensor", 13): "weights in other files",
}
"""What no bundle needs, and what reads other files or takes more memory than the file has bytes."""


class DamagedBundle(InputError):
    """A file that is no whole bundle."""


def add_checksum(data: bytes) -> bytes:
    """An ONNX file with the checksum of its bytes at the end. `BundleInfo.checksum` says that it has to be there."""
    return data + _START + hashlib.sha256(data).hexdigest().encode()


def read_checked(path: Path) -> tuple[bytes, BundleInfo]:
    """The bytes of a bundle and its info, checked without ONNX Runtime.

    Raises:
        DamagedBundle: it is no ONNX file, or its checksum is another one.
        InputError: it cannot be read, says nothing about itself or nothing that is understood, is larger than a limit,
            or holds what no bundle needs.
    """
    data = _read(path)
    try:
        metadata = _metadata(data, path)
    except (IndexError, UnicodeDecodeError) as error:
        raise DamagedBundle(f"{path} is damaged or no ONNX file; train again, or give another --model") from error
    if CHECKSUM in metadata and data != add_checksum(data[: -len(_START) - 64]):
        raise DamagedBundle(f"{path} is damaged: its checksum is another one; train again, or give another --model")
    if KEY not in metadata:
        raise InputError(f"{path} was not made by train.py: it says nothing about what it is for")
    info = parse(metadata[KEY], str(path))
    if info.checksum and CHECKSUM not in metadata:
        raise DamagedBundle(f"{path} is damaged: its checksum is missing; train again, or give another --model")
    return data, info


def _read(path: Path) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"{path} is no file")
        if found.st_size > MAX_BYTES:
            raise InputError(f"{path} has more than the {MAX_BYTES} bytes that a bundle may have")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error})") from error


def _metadata(data: bytes, path: Path) -> dict[str, str]:
    """The metadata; raises IndexError if the bytes are no protobuf message."""
    found: dict[str, str] = {}
    messages, fields, size = [("model", 0, len(data))], 0, 0
    while messages:
        message, start, end = messages.pop()
        for number, at, until in _fields(data, start, end):
            fields += 1
            if reason := _REFUSED.get((message, number)):
                raise InputError(f"{path} holds {reason}, which no bundle needs; it is not opened")
            if (message, number) == ("model", 14):
                size += until - at
                if size > MAX_METADATA:
                    raise InputError(f"{path} has more than {MAX_METADATA} bytes of metadata")
                entry = {key: data[a:b].decode() for key, a, b in _fields(data, at, until)}
                found[entry.get(1, "")] = entry.get(2, "")
            elif number in _MESSAGES[message]:
                messages.append((_MESSAGES[message][number], at, until))
            if fields > MAX_FIELDS:
                raise InputError(f"{path} has more than {MAX_FIELDS} fields")
    return found


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of the message data[at:end] as (number, start, end); the number is 0 where the value is a single one.

    Raises:
        IndexError: the bytes are no such message.
    """
    while at < end:
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 2:
            size, start = _varint(data, at)
            at = start + size
        elif kind == 0:
            number, start, at = 0, at, _varint(data, at)[1]
        elif kind in {1, 5}:
            number, start, at = 0, at, at + (8 if kind == 1 else 4)
        else:
            raise IndexError(f"wire type {kind}")
        if at > end:
            raise IndexError("beyond the end")
        yield number, start, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of up to ten bytes with seven bits each, and where the next field starts."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise IndexError("more than ten bytes")
