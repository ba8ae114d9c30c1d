"""Image augmentation by Keras' random layers, with the transformations of "Playing Mortal Kombat with TensorFlow.js".

The article used imgaug, which is no longer maintained (nor is albumentations). Keras has all of it but embossing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from handsign.bundle.keras_loader import import_keras

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from handsign.types import Array


VERSION = 1
"""Version of what `augment_image` returns; cached features are of one version. Raise it when the output changes."""

COPIES = 16
"""Augmented copies of an image that are made at a time."""

MAX_ADJUSTMENTS = 5
"""Adjustments of colour and sharpness that are applied to a copy at most."""

ENLARGE = 2
"""Factor by which images are enlarged while their geometry is changed: five resamplings would blur small ones."""

EMBOSS_KERNEL = np.array([[-1, -1, 0], [-1, 1, 1], [0, 1, 1]], np.float32)


def augment_image(image: Array, count: int, seed: int, flip: bool = True) -> Array:
    """Augmented copies (count, H, W, 3) float32 in 0..255 of an image (H, W, 3) in 0..255.

    Every copy: flipped in half of the cases (if `flip`), cropped or padded by -5..10 % at the sides, scaled by 0.8 to
    1.2, shifted by up to 10 %, rotated and sheared by up to 5 degrees, partly or wholly grey, inverted in 5 % of the
    cases. Then up to `MAX_ADJUSTMENTS` of: blur, sharpness, embossing, noise, brightness by up to 10 of 255, hue and
    saturation, contrast of 0.5 to 2.

    The seed and the count alone decide what is drawn, so all images of a window are augmented in the same way.
    """
    geometry, adjustments = augmentation_layers()
    for i, state in enumerate(state for layer in (*geometry, *adjustments) for state in layer.variables):
        state.assign([seed % 2**32, i])
    rng = np.random.default_rng(seed)
    height, width = image.shape[:2]
    large = cv2.resize(image.astype(np.float32), (ENLARGE * width, ENLARGE * height), interpolation=cv2.INTER_LINEAR)
    x = np.repeat(large[None], count, axis=0)
    for layer in geometry if flip else geometry[1:]:
        x = layer(x, training=True)
    x = np.asarray(x).reshape(count, height, ENLARGE, width, ENLARGE, 3).mean(axis=(2, 4))
    rank = rng.random((count, len(adjustments) + 1)).argsort(axis=1)
    applied = rank < rng.integers(0, MAX_ADJUSTMENTS + 1, (count, 1))
    for layer, where in zip(adjustments, applied.T, strict=False):
        x = np.where(where[:, None, None, None], np.asarray(layer(x, training=True)), x)
    for i in np.flatnonzero(applied[:, -1]):
        x[i] += rng.uniform(0, 1) * (cv2.filter2D(x[i], -1, EMBOSS_KERNEL) - x[i])
    return np.clip(x, 0, 255).astype(np.float32)


@lru_cache(maxsize=1)
def augmentation_layers() -> tuple[list[keras.Layer], list[keras.Layer]]:
    """Layers that change the geometry and colour of every copy, flipping first, and adjustments, of which some are."""
    keras = import_keras()
    layers, edge = keras.layers, {"fill_mode": "nearest"}
    shear = float(np.tan(np.radians(5)))
    geometry = [
        layers.RandomFlip("horizontal"),
        layers.RandomZoom((-0.1, 0.2), (-0.1, 0.2), **edge),  # 5 % cropped or 10 % padded at each side
        layers.RandomZoom((1 / 1.2 - 1, 1 / 0.8 - 1), (1 / 1.2 - 1, 1 / 0.8 - 1), **edge),
        layers.RandomTranslation(0.1, 0.1, **edge),
        layers.RandomRotation(5 / 360, **edge),
        layers.RandomShear(shear, shear, **edge),
        layers.RandomColorDegeneration((0.0, 1.0)),  # a plain 1.0 means -1 to 1, which adds colour, too
        layers.RandomInvert((0.05, 0.05)),
    ]
    adjustments = [
        layers.RandomGaussianBlur(1.0, 3, 1.0),
        layers.RandomSharpness((0.5, 0.7)),
        keras.Sequential([layers.Rescaling(1 / 255), layers.GaussianNoise(0.025), layers.Rescaling(255.0)]),
        layers.RandomBrightness(10 / 255),
        keras.Sequential([layers.RandomHue(2 * 20 / 255), layers.RandomSaturation((0.42, 0.58))]),
        layers.RandomContrast((0.5, 1.0)),
    ]
    return geometry, adjustments


def preview(windows: Array, labels: Sequence[str], rng: np.random.Generator) -> Figure:
    """Figure with a row for each window (n, T, H, W, 3): its last image and seven augmented copies, grey."""
    from matplotlib.figure import Figure

    copies, seed = 7, int(rng.integers(2**31))
    figure = Figure(figsize=(1.6 * (copies + 1), 1.25 * len(windows)), layout="constrained")
    rows = figure.subplots(len(windows), copies + 1, squeeze=False)
    for number, (row, window, label) in enumerate(zip(rows, windows, labels, strict=True)):
        images = [window[-1], *augment_image(window[-1], copies, seed + number)]
        for axes, image, title in zip(row, images, [label, *[""] * copies], strict=True):
            axes.imshow(image.mean(axis=-1), cmap="gray", vmin=0, vmax=255, aspect="equal")
            axes.set_title(title, loc="left", fontsize=9)
            axes.set_axis_off()
    return figure
