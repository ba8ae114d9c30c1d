"""Keras models in HDF5, read without running code of theirs."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handsign import limits
from handsign.bundle.keras_loader import import_keras
from handsign.errors import InputError
from handsign.reading import parsing

if TYPE_CHECKING:
    import keras


SPARE = 10_000
"""Weights that a layer may have beyond those in the file, such as counters."""


def load_h5(path: Path) -> keras.Model:
    """A Keras model from HDF5, also as Keras 2 wrote them; not compiled. No code in the file is run.

    Raises:
        InputError: the file is damaged, holds a Lambda layer (code), or layers that Keras does not know.
    """
    keras = import_keras()
    known = {name: _forgiving(getattr(keras.layers, name)) for name in ("LSTM", "GRU", "SimpleRNN")}
    with parsing(f"{path} is damaged or no Keras model"):
        config, held = _examine(path)
        _refuse_code(path, config)
        _refuse_size(path, config, held, known)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Do not pass an `input_shape`", category=UserWarning)  # Keras 2
            return keras.saving.load_model(path, custom_objects=known, compile=False, safe_mode=True)


def _forgiving(layer: type[keras.Layer]) -> Any:
    """A stand-in for a layer class that drops `time_major`, which Keras 2 wrote and Keras 3 stumbles over."""

    class Forgiving(layer):  # type: ignore[misc, valid-type]
        @classmethod
        def from_config(cls, config: dict[str, Any]) -> keras.Layer:
            return layer.from_config({name: value for name, value in config.items() if name != "time_major"})

    return Forgiving


def _examine(path: Path) -> tuple[dict[str, Any], int]:
    """(configuration, numbers held) of a model, once it is known to be of a reasonable size and to lie in one file."""
    import h5py

    held = size = 0

    def from_elsewhere(name: str, item: Any) -> str | None:
        """The name of what is not in the file, which ends the visit."""
        nonlocal held, size
        if isinstance(item, h5py.ExternalLink) or (
            isinstance(item, h5py.Dataset) and (item.is_virtual or item.external)
        ):
            return name
        if isinstance(item, h5py.Dataset):
            held += item.size or 0
            size += (item.size or 0) * item.dtype.itemsize
        return None

    length = path.stat().st_size
    allowed = min(limits.ARCHIVE_BYTES, max(limits.EXPANSION_FREE, limits.EXPANSION * length))
    with h5py.File(path) as file:
        if name := file.visititems_links(from_elsewhere) or file.visititems(from_elsewhere):
            raise InputError(f"{path} takes {name} from another file; it is not loaded")
        if size > allowed:
            raise InputError(f"{path} has {size} bytes of weights in {length}, and at most {allowed} are read")
        return json.loads(file.attrs["model_config"]), held  # pyright: ignore[reportArgumentType] - a string


def _refuse_code(path: Path, config: dict[str, Any]) -> None:
    """Keras' safe mode refuses Lambda layers; older versions did not for .h5 (CVE-2025-9905), so look ourselves."""
    if any("ambda" in name for name in _classes(config)):
        raise InputError(f"{path} holds a Lambda layer, which is code that would run; it is not loaded")


def _refuse_size(path: Path, config: dict[str, Any], held: int, known: dict[str, Any]) -> None:
    """Keras makes all weights before it reads any, so count them first: in a graph of TensorFlow none has memory."""
    import tensorflow as tf

    keras = import_keras()
    kind = keras.Sequential if config["class_name"] == "Sequential" else keras.Model
    with tf.Graph().as_default(), tf.name_scope("model"), warnings.catch_warnings(action="ignore"):
        needed = kind.from_config(config["config"], custom_objects=known).count_params()
    if needed > 2 * held + SPARE:
        raise InputError(f"{path} holds {held} weights, but its layers would have {needed}; it is not loaded")


def _classes(config: Any) -> Iterator[str]:
    """Every class name in a configuration, however deep."""
    if isinstance(config, dict):
        yield from (str(config[key]) for key in ("class_name", "registered_name") if key in config)
    for inner in config.values() if isinstance(config, dict) else config if isinstance(config, list) else ():
        yield from _classes(inner)
