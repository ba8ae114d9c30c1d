"""Keras models in HDF5, read without running code of theirs."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handsign.bundle.keras_loader import import_keras
from handsign.errors import InputError

if TYPE_CHECKING:
    import keras


def load_h5(path: Path) -> keras.Model:
    """A Keras model from HDF5, also as Keras 2 wrote them; not compiled. No code in the file is run.

    Raises:
        InputError: the file is damaged, holds a Lambda layer (code), or layers that Keras does not know.
    """
    keras = import_keras()
    known = {name: _forgiving(getattr(keras.layers, name)) for name in ("LSTM", "GRU", "SimpleRNN")}
    try:
        _refuse_code(path)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Do not pass an `input_shape`", category=UserWarning)  # Keras 2
            return keras.saving.load_model(path, custom_objects=known, compile=False, safe_mode=True)
    except InputError:
        raise
    except Exception as error:  # h5py, JSON and Keras raise anything at damaged files
        raise InputError(f"{path} is damaged or no Keras model: {str(error).splitlines()[0][:200]}") from error


def _forgiving(layer: type[keras.Layer]) -> Any:
    """A stand-in for a layer class that drops `time_major`, which Keras 2 wrote and Keras 3 stumbles over."""

    class Forgiving(layer):  # type: ignore[misc, valid-type]
        @classmethod
        def from_config(cls, config: dict[str, Any]) -> keras.Layer:
            return layer.from_config({name: value for name, value in config.items() if name != "time_major"})

    return Forgiving


def _refuse_code(path: Path) -> None:
    """Keras' safe mode refuses Lambda layers; older versions did not for .h5 (CVE-2025-9905), so look ourselves."""
    import h5py

    with h5py.File(path) as file:
        config = json.loads(file.attrs["model_config"])  # pyright: ignore[reportArgumentType] - a string
    if any("ambda" in name for name in _classes(config)):
        raise InputError(f"{path} holds a Lambda layer, which is code that would run; it is not loaded")


def _classes(config: Any) -> Iterator[str]:
    """Every class name in a configuration, however deep."""
    if isinstance(config, dict):
        yield from (str(config[key]) for key in ("class_name", "registered_name") if key in config)
    for inner in config.values() if isinstance(config, dict) else config if isinstance(config, list) else ():
        yield from _classes(inner)
