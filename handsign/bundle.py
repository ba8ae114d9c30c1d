"""The trained model with all it needs to be used: one ONNX file that says what it was made for.

For `--model action.h5` four files lie beside each other: `action.h5` and `action.weights.h5` for Keras, the
architecture as `action.json`, and the bundle `action.onnx`, whose metadata holds `BundleInfo` as JSON: one file cannot
come apart. Only a bare `.h5` from elsewhere needs TensorFlow to be used.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from handsign import __version__, runtime
from handsign.errors import InputError
from handsign.networks import import_keras, silence

if TYPE_CHECKING:
    import keras

    from handsign.task import Task

Array = np.ndarray[Any, Any]
KEY = "handsign"
"""Of the ONNX file's metadata: where the info is."""
FORMAT = 1
PACKAGES = ("keras", "tensorflow", "numpy", "mediapipe")
TOLERANCE = 1e-5
"""How far, in probability, ONNX Runtime may be from Keras."""


class BundleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a model was made for. The defaults of `threshold`, `hold`, `rearm` and `release` live here.

    sample      shape of one sample; layout: its parts as (name, landmarks, fields), empty if it has none
    window      samples a look at the model takes; rate: samples a second in it
    threshold   probability that an event needs; hold: agreeing looks; rearm: seconds (see `session.Trigger`)
    release     probability down to which a recognised sign counts as still shown
    fan         of a forecaster: how near 50, 80 and 95 % of its answers were, after each step (`forecasting.fan`)
    quiet       probability of rest that keeps all others back; stand: what the end of an event is called, if anything
    every       seconds between two looks, at least
    versions    of what it was made with
    h5          SHA-256 of the `.h5` written with it; parameters: how many weights it has
    """

    task: str
    labels: list[str]
    window: int
    rate: float
    sample: tuple[int, ...]
    layout: list[tuple[str, int, tuple[str, ...]]] = []
    threshold: float = 0.8
    hold: int = 10
    rearm: float = 0.5
    release: float = 0.4
    fan: list[list[float]] = []
    quiet: float | None = None
    stand: str = ""
    every: float = 0.0
    versions: dict[str, str] = {}
    h5: str = ""
    parameters: int = 0
    format: int = FORMAT


def describe(
    task: Task, labels: Sequence[str], rate: float, window: int | None = None, fan: list[list[float]] | None = None
) -> BundleInfo:
    """The info of a model of `task` made now, here; `rate` in samples a second."""
    return BundleInfo(
        task=task.name,
        labels=list(labels),
        window=window or task.window,
        rate=rate,
        sample=task.sample,
        layout=_columns(task),
        fan=fan or [],
        versions={KEY: __version__, **{name: importlib.metadata.version(name) for name in PACKAGES}},
        **task.trigger,
    )


def _columns(task: Task) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(part.name, part.points, part.fields) for part in task.layout.parts] if task.layout else []


def paths(path: Path) -> list[Path]:
    """The files of a model: Keras' whole and weights, the architecture, the bundle."""
    return [path.with_name(path.stem + end) for end in (".h5", ".weights.h5", ".json", ".onnx")]


def save(model: keras.Model, path: Path, info: BundleInfo, lean: keras.Model | None = None) -> BundleInfo:
    """Write the four files of a model; returns the info as written. All are made before the first is replaced.

    `lean` is the same function for less work, where there is such a network: it goes into the bundle.

    Raises:
        InputError: `path` does not end in .h5, the folder cannot be written to, or ONNX Runtime computes something
            else than Keras.
    """
    if path.suffix != ".h5":
        raise InputError(f"--model {path} does not end in .h5, which is what a model is saved as")
    import_keras()
    bare = type(model).from_config(model.get_config())  # without the optimizer, which is twice as large
    bare.set_weights(model.get_weights())
    targets = paths(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".saving-") as folder:
            made = [Path(folder, target.name) for target in targets]
            bare.save(made[0])
            bare.save_weights(made[1])
            made[2].write_text(bare.to_json(indent=1), encoding="utf-8")
            info = msgspec.structs.replace(info, h5=_digest(made[0]), parameters=bare.count_params())
            _export(lean or bare, made[3], info, bare.predict_on_batch)
            for source, target in zip(made, targets, strict=True):
                source.replace(target)
    except OSError as error:
        raise InputError(f"{path} could not be saved ({error.strerror or error})") from error
    return info


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
    onnx.save(network, path)
    difference = float(np.abs(_Runtime(path).predict(x) - expected).max())
    if not difference <= TOLERANCE:
        raise InputError(f"ONNX Runtime differs from Keras by {difference:.1e}; nothing was saved")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class _Runtime:
    """A network in ONNX Runtime on one thread, which is fastest for one window at a time."""

    def __init__(self, path: Path) -> None:
        try:
            self._session = runtime.session(path, threads=1)
        except Exception as error:
            raise InputError(f"{path} is damaged or no ONNX file; train again, or give another --model") from error
        self._input = self._session.get_inputs()[0]
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        self.input_shape = tuple(self._input.shape[1:])
        self.outputs = self._session.get_outputs()[0].shape[-1]

    def predict(self, x: Array) -> Array:
        return self._session.run(None, {self._input.name: x})[0]


@dataclass(frozen=True)
class Bundle:
    """A model ready to be asked: `info` says what it was made for."""

    info: BundleInfo
    _network: Callable[[Array], Array]
    _rank: int

    def predict(self, x: Array) -> Array:
        """Probabilities (n, labels) float32 of encoded windows x (n, *x), or (labels,) of a single one (*x)."""
        x = np.ascontiguousarray(x, np.float32)
        return self._network(x[None])[0] if x.ndim == self._rank else self._network(x)

    @classmethod
    def load(cls, path: Path, task: Task, labels: Sequence[str] | None = None) -> Bundle:
        """Open a model for `task`: `action.h5` with its bundle beside it, a bundle itself, or a bare Keras `.h5`.

        `labels` names the outputs of a bare `.h5`, in order (and renames those of a bundle).

        Raises:
            InputError: there is no such file, it is damaged, it does not fit the task or the labels, or it holds code.
        """
        beside = path.with_suffix(".onnx")
        if not path.exists() and not beside.exists():
            raise InputError(f"there is no model {path}; make one with train.py, or name one with --model")
        if path.suffix not in {".h5", ".hdf5", ".onnx"}:
            raise InputError(f"{path} is neither an .h5 nor an .onnx file")
        if beside.exists():
            network = _Runtime(beside)
            info = _info(network, beside)
            current = path == beside or not path.exists() or _digest(path) == info.h5
            if current:
                return cls._checked(beside, task, info, labels, network.input_shape, network.outputs, network.predict)
            if labels is None:
                raise InputError(
                    f"{path} is not the one that {beside.name} was made with; train again, or give --labels"
                )
        model = load_h5(path)
        outputs, shape = model.output_shape[-1], model.input_shape[1:]
        if labels is None:
            raise InputError(f"{path} does not say what its {outputs} outputs mean; name them in order with --labels")
        info = describe(task, labels, task.rate, shape[0] or task.window)
        return cls._checked(path, task, info, labels, shape, outputs, model.predict_on_batch)

    @classmethod
    def _checked(
        cls,
        path: Path,
        task: Task,
        info: BundleInfo,
        labels: Sequence[str] | None,
        shape: tuple[Any, ...],
        outputs: int,
        network: Callable[[Array], Array],
    ) -> Bundle:
        info = msgspec.structs.replace(info, labels=list(labels or info.labels))
        for wrong in _mismatches(info, task, shape, outputs):
            raise InputError(f"{path} {wrong}")
        return cls(info, network, len(shape))


def _info(network: _Runtime, path: Path) -> BundleInfo:
    text = network.metadata.get(KEY)
    if text is None:
        raise InputError(f"{path} was not made by train.py: it says nothing about what it is for")
    try:
        form = json.loads(text).get("format")
        if form != FORMAT:
            raise InputError(f"{path} has format {form}, this program reads {FORMAT}; update it, or train again")
        return msgspec.json.decode(text, type=BundleInfo)
    except (msgspec.MsgspecError, json.JSONDecodeError, AttributeError) as error:
        raise InputError(f"{path} says what it is for in words not understood ({error}); train again") from error


def _mismatches(info: BundleInfo, task: Task, shape: tuple[Any, ...], outputs: int) -> Iterator[str]:
    """What does not fit between a model, its info and the task that is to use it."""
    if info.task != task.name:
        yield f"was trained for the task {info.task}, not {task.name}; give --task {info.task} or another --model"
    if tuple(info.sample) != tuple(task.sample):
        yield f"takes samples of shape {tuple(info.sample)}, the task {task.name} gives {tuple(task.sample)}"
    if info.layout and info.layout != _columns(task):
        yield f"was trained on other columns than the task {task.name} gives now; train again"
    if info.window < 1 or not (math.isfinite(info.rate) and info.rate > 0):
        yield f"claims windows of {info.window} samples at {info.rate} a second; train again"
    given = task.encode(np.zeros((info.window, *task.sample), np.float32)).shape
    if len(given) != len(shape) or any(isinstance(b, int) and a != b for a, b in zip(given, shape, strict=True)):
        yield f"takes windows of shape {tuple(shape)}, the task {task.name} gives {given}"
    if len(info.labels) != outputs:
        yield f"has {outputs} outputs, but there are {len(info.labels)} labels: {', '.join(info.labels)}"
    if len(set(info.labels)) != len(info.labels):
        yield f"has the same label twice: {', '.join(info.labels)}"


def read_info(path: Path) -> BundleInfo:
    """What a bundle says about itself, whatever task it is of.

    Raises:
        InputError: it is damaged, or no bundle.
    """
    return _info(_Runtime(path), path)


def made_for(path: Path) -> BundleInfo:
    """What a model that `save` wrote was made for.

    Raises:
        InputError: there is none, or it is damaged.
    """
    beside = path.with_suffix(".onnx")
    if not beside.exists():
        raise InputError(f"there is no model {beside}; make one with train.py, or name one with --model")
    return read_info(beside)


@dataclass(frozen=True)
class Weights:
    """What a trained model knows, to go on from, and what it was made for."""

    info: BundleInfo
    weights: list[Array]


def weights(path: Path, task: Task) -> Weights:
    """The weights of a model of `task` that `save` wrote.

    Raises:
        InputError: as `Bundle.load`.
    """
    return Weights(Bundle.load(path, task).info, load_h5(path).get_weights())


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
        config = json.loads(file.attrs["model_config"])
    if any("ambda" in name for name in _classes(config)):
        raise InputError(f"{path} holds a Lambda layer, which is code that would run; it is not loaded")


def _classes(config: Any) -> Iterator[str]:
    """Every class name in a configuration, however deep."""
    if isinstance(config, dict):
        yield from (str(config[key]) for key in ("class_name", "registered_name") if key in config)
    for inner in config.values() if isinstance(config, dict) else config if isinstance(config, list) else ():
        yield from _classes(inner)
