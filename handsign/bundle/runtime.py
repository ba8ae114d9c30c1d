"""A bundle's network in ONNX Runtime, and what the bundle says about it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handsign.bundle.info import KEY, BundleInfo, parse
from handsign.bundle.onnx_session import open_session
from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.types import Array


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Runtime:
    """A network on one thread, which is fastest for one window at a time.

    Raises:
        InputError: the file is damaged or no ONNX file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._session = open_session(path, threads=1)
        except Exception as error:
            raise InputError(f"{path} is damaged or no ONNX file; train again, or give another --model") from error
        self._input = self._session.get_inputs()[0]
        self.input_shape = tuple(self._input.shape[1:])
        self.outputs = self._session.get_outputs()[0].shape[-1]

    @property
    def info(self) -> BundleInfo:
        """What the bundle was made for.

        Raises:
            InputError: it says nothing about that, or nothing that is understood.
        """
        text = self._session.get_modelmeta().custom_metadata_map.get(KEY)
        if text is None:
            raise InputError(f"{self._path} was not made by train.py: it says nothing about what it is for")
        return parse(text, str(self._path))

    def predict(self, x: Array) -> Array:
        """X (n, *input_shape) float32 -> predictions (n, outputs) float32."""
        return np.asarray(self._session.run(None, {self._input.name: x})[0])


def read_info(path: Path) -> BundleInfo:
    """What a bundle says about itself, whatever its task.

    Raises:
        InputError: it is damaged, or no bundle.
    """
    return Runtime(path).info


def info_of_model(path: Path) -> BundleInfo:
    """What the bundle beside a model that `saving.save` wrote says.

    Raises:
        InputError: there is none, or it is damaged.
    """
    beside = path.with_suffix(".onnx")
    if not beside.exists():
        raise InputError(f"there is no model {beside}; make one with train.py, or name one with --model")
    return read_info(beside)
