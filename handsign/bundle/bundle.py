"""The trained model with all it needs to be used: one ONNX file that says what it was made for.

For `--model action.h5` four files lie beside each other: `action.h5` and `action.weights.h5` for Keras, the
architecture as `action.json`, and the bundle `action.onnx`, whose metadata holds `BundleInfo` as JSON. Only a bare
`.h5` from elsewhere needs TensorFlow to be used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from handsign.bundle.info import describe, mismatches
from handsign.bundle.replacing import finish_replacing
from handsign.bundle.runtime import Runtime, digest
from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.bundle.info import BundleInfo, TriggerConfig
    from handsign.data.format import Format
    from handsign.types import Array


@dataclass(frozen=True)
class Interface:
    """What a task gives a model, and what it expects of one that says nothing about itself.

    format   of the task's samples
    encode   window (window, *sample) -> x, the model's input
    window   samples in a window; rate: samples a second
    trigger  levels of a model without metadata
    """

    format: Format
    encode: Callable[[Array], Array]
    window: int
    rate: float
    trigger: TriggerConfig


@dataclass(frozen=True)
class Bundle:
    """A model ready to predict; `info` says what it was made for."""

    info: BundleInfo
    _network: Callable[[Array], Array]
    _rank: int

    def predict(self, x: Array) -> Array:
        """Predictions (n, labels) float32 for encoded windows x (n, *x), or (labels,) for a single one (*x).

        Raises:
            InputError: the network fails, or gives no finite numbers for finite ones.
        """
        x = np.ascontiguousarray(x, np.float32)
        found = self._network(x[None])[0] if x.ndim == self._rank else self._network(x)
        if not np.isfinite(found).all() and np.isfinite(x).all():
            raise InputError("the model predicts numbers that are not finite; train again, or give another --model")
        return found

    @classmethod
    def load(cls, path: Path, interface: Interface, labels: Sequence[str] | None = None) -> Bundle:
        """Open `action.h5` with its bundle beside it, a bundle itself, or a bare Keras `.h5`.

        `labels` names the outputs of a bare `.h5`, in order (and renames those of a bundle).

        Raises:
            InputError: there is no such file, it is damaged, it does not fit the task or the labels, or it holds code.
        """
        finish_replacing(path)
        beside = path.with_suffix(".onnx")
        if not path.exists() and not beside.exists():
            raise InputError(f"there is no model {path}; make one with train.py, or name one with --model")
        if path.suffix not in {".h5", ".hdf5", ".onnx"}:
            raise InputError(f"{path} is neither an .h5 nor an .onnx file")
        if beside.exists():
            network = Runtime(beside)
            info = network.info
            if path == beside or not path.exists() or digest(path) == info.h5:
                network_of = network.input_shape, network.outputs, network.predict
                return cls._checked(beside, interface, info, labels, *network_of)
            if labels is None:
                raise InputError(
                    f"{path} is not the one that {beside.name} was made with; train again, or give --labels"
                )
        return cls._from_h5(path, interface, labels)

    @classmethod
    def _from_h5(cls, path: Path, interface: Interface, labels: Sequence[str] | None) -> Bundle:
        from handsign.bundle.h5 import load_h5

        model = load_h5(path)
        outputs, shape = model.output_shape[-1], model.input_shape[1:]
        if labels is None:
            raise InputError(f"{path} does not say what its {outputs} outputs mean; name them in order with --labels")
        window = shape[0] or interface.window
        info = describe(interface.format, labels, window, interface.rate, interface.trigger)
        return cls._checked(path, interface, info, labels, shape, outputs, model.predict_on_batch)

    @classmethod
    def _checked(
        cls,
        path: Path,
        interface: Interface,
        info: BundleInfo,
        labels: Sequence[str] | None,
        shape: tuple[Any, ...],
        outputs: int,
        network: Callable[[Array], Array],
    ) -> Bundle:
        info = msgspec.structs.replace(info, labels=list(labels or info.labels))
        for mismatch in mismatches(info, interface.format, interface.encode, shape, outputs):
            raise InputError(f"{path} {mismatch}")
        return cls(info, network, len(shape))


@dataclass(frozen=True)
class Weights:
    """The weights of a trained model, to go on from, and what it was made for."""

    info: BundleInfo
    weights: list[Array]


def load_weights(path: Path, interface: Interface) -> Weights:
    """The weights of a model that `saving.save` wrote.

    Raises:
        InputError: as `Bundle.load`.
    """
    from handsign.bundle.h5 import load_h5

    return Weights(Bundle.load(path, interface).info, load_h5(path).get_weights())
