"""Write the files of a trained model."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from handsign.bundle.check import add_checksum
from handsign.bundle.info import KEY
from handsign.bundle.keras_loader import import_keras, silence
from handsign.bundle.replacing import model_files, replace_model
from handsign.bundle.runtime import Runtime, digest
from handsign.errors import InputError
from handsign.files import temporary_folder

if TYPE_CHECKING:
    import keras

    from handsign.bundle.info import BundleInfo
    from handsign.types import Array


TOLERANCE = 1e-5
"""The largest difference, in probability, between ONNX Runtime and Keras."""


def save(model: keras.Model, path: Path, info: BundleInfo, compact: keras.Model | None = None) -> BundleInfo:
    """Write the four files of a model; returns the info as written. They are replaced as a whole.

    `compact` computes the same with less work, where there is such a network: it goes into the bundle.

    Raises:
        InputError: `path` does not end in .h5, the folder cannot be written to, or ONNX Runtime computes something
            else than Keras.
    """
    if path.suffix != ".h5":
        raise InputError(f"{path} does not end in .h5, which is what a model is saved as")
    bare = _uncompiled(model)
    try:
        with temporary_folder(path) as folder:
            made = model_files(folder / path.name)
            bare.save(made[0])
            bare.save_weights(made[1])
            made[2].write_text(bare.to_json(indent=1), encoding="utf-8")
            info = msgspec.structs.replace(info, h5=digest(made[0]), parameters=bare.count_params(), checksum=True)
            _export(compact or bare, made[3], info, bare.predict_on_batch)
            replace_model(folder, path)
    except OSError as error:
        raise InputError(f"{path} could not be saved ({error.strerror or error})") from error
    return info


def _uncompiled(model: keras.Model) -> keras.Model:
    """A copy without optimizers, which are twice as large, and losses, which Keras may not find when it loads them."""
    import_keras()
    copy = type(model).from_config(_without_compile_config(model.get_config()))
    copy.set_weights(model.get_weights())
    return copy


def _without_compile_config(config: Any) -> Any:
    """A Keras configuration without how the models in it, at any depth, were compiled."""
    if isinstance(config, dict):
        return {name: _without_compile_config(of) for name, of in config.items() if name != "compile_config"}
    return [_without_compile_config(of) for of in config] if isinstance(config, list) else config


def _export(model: keras.Model, path: Path, info: BundleInfo, predict: Callable[[Array], Array]) -> None:
    """Write the network as ONNX with the info in it, and see that it computes the same as Keras' `predict`."""
    import onnx

    shape = (size or info.window for size in model.input_shape[1:])  # any number of samples: as many as it learned from
    x = np.random.default_rng(0).random((3, *shape), np.float32)
    expected = predict(x)
    model.predict_on_batch(x)  # Keras exports only what was called before
    with silence(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*np.object.*", category=FutureWarning)  # tf2onnx with NumPy 1.26
        model.export(str(path), format="onnx", verbose=False)
    network = onnx.load(path)
    onnx.helper.set_model_props(network, {KEY: msgspec.json.encode(info).decode()})
    onnx.checker.check_model(network)
    path.write_bytes(add_checksum(network.SerializeToString()))
    difference = float(np.abs(Runtime(path).predict(x) - expected).max())
    if not difference <= TOLERANCE:
        raise InputError(f"ONNX Runtime differs from Keras by {difference:.1e}; nothing was saved")
