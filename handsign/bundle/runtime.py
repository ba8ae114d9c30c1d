"""A bundle's network in ONNX Runtime, and what the bundle says about it."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handsign.bundle.check import DamagedBundle, read_checked
from handsign.bundle.info import MAX_WINDOW
from handsign.bundle.onnx_session import MEMORY, SECONDS, open_session, try_out
from handsign.bundle.replacing import finish_replacing
from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.bundle.info import BundleInfo
    from handsign.types import Array


FLOAT = "tensor(float)"
"""What ONNX Runtime calls an array of float32."""


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Runtime:
    """A network on one thread, which is fastest for one window at a time; `info` is what the bundle was made for.

    Raises:
        InputError: as `handsign.bundle.check.read_checked`, or it cannot be used on one window within the limits of
            `try_out`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        data, self.info = read_checked(path)
        try:
            self._session = open_session(data, threads=1)
            ends = self._session.get_inputs(), self._session.get_outputs()
            inputs, outputs = ([(part.name, part.type, part.shape) for part in parts] for parts in ends)
        except Exception as error:
            raise DamagedBundle(f"{path} is damaged or no ONNX file; train again, or give another --model") from error
        if [kind for _, kind, _ in inputs] != [FLOAT] or [kind for _, kind, _ in outputs] != [FLOAT]:
            raise InputError(f"{path} does not have one input and one output of float32; give another --model")
        (self._input, _, taken), (_, _, given) = inputs[0], outputs[0]
        if not taken or not given:
            raise InputError(f"{path} does not take and give one row for each window; give another --model")
        self.input_shape, self.outputs = tuple(taken[1:]), given[-1]
        shape = tuple(size if isinstance(size, int) else self.info.window for size in self.input_shape)
        if math.prod(shape) > MAX_WINDOW:
            raise InputError(f"{path} takes windows of {shape}, more than {MAX_WINDOW} numbers; give another --model")
        try:
            try_out(data, np.zeros((1, *shape), np.float32))
        except Exception as error:
            limits = f"{SECONDS:.0f} s and {MEMORY >> 20} MiB"
            raise InputError(f"{path} cannot predict for one window within {limits}; give another --model") from error

    def predict(self, x: Array) -> Array:
        """X (n, *input_shape) float32 -> predictions (n, outputs) float32.

        Raises:
            InputError: the network fails, or gives predictions of another shape.
        """
        try:
            found = np.asarray(self._session.run(None, {self._input: x})[0])
        except Exception as error:
            raise InputError(f"{self._path} cannot predict for {len(x)} windows; give another --model") from error
        if found.ndim < 2 or len(found) != len(x) or found.shape[-1] != self.outputs:
            raise InputError(f"{self._path} predicts {found.shape} for {len(x)} windows; give another --model")
        return found


def read_info(path: Path) -> BundleInfo:
    """What a bundle says about itself, whatever its task; its network is not opened.

    Raises:
        InputError: as `handsign.bundle.check.read_checked`.
    """
    return read_checked(path)[1]


def info_of_model(path: Path) -> BundleInfo:
    """What the bundle beside a model that `saving.save` wrote says.

    Raises:
        InputError: there is none, or it is damaged.
    """
    finish_replacing(path)
    beside = path.with_suffix(".onnx")
    if not beside.exists():
        raise InputError(f"there is no model {beside}; make one with train.py, or name one with --model")
    return read_info(beside)
