"""Image augmentation by Keras' random layers, with the transformations of "Playing Mortal Kombat with TensorFlow.js".

The article used imgaug, which is no longer maintained (nor is albumentations). Keras has all of it but embossing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from handsign.networks import import_keras

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]
VERSION = 1
"""Version of what `vary` returns; cached features are of one version. Raise it when `vary` changes what it draws."""
COUNT = 16
"""Variations that are drawn of one picture at a time."""
MOST = 5
"""Most touches (changes of colour and sharpness) that are applied to one variation."""
FINER = 2
"""Pictures are enlarged by this factor for the moves (geometry): five resamplings in a row would blur small ones."""
EMBOSS = np.array([[-1, -1, 0], [-1, 1, 1], [0, 1, 1]], np.float32)


def vary(picture: Array, count: int, seed: int, flip: bool = True) -> Array:
    """A picture (H, W, 3) in 0..255 -> `count` random variations (count, H, W, 3) float32 in 0..255.

    Flipped in half of the cases (unless not `flip`), cropped or padded by -5..10 % at the sides, scaled by 0.8 to 1.2,
    shifted by 10 %, turned and sheared by 5 degrees, partly or wholly grey, 5 % inverted; then up to five of blurred,
    sharpened, embossed, noisy, brighter or darker by 10 of 255, in other hue and saturation, 0.5 to 2 of the contrast.

    The seed and the count alone decide what is drawn, so that all pictures of a window are varied in the same way.
    """
    moves, touches = _layers()
    for i, state in enumerate(state for layer in (*moves, *touches) for state in layer.variables):
        state.assign([seed % 2**32, i])
    rng = np.random.default_rng(seed)
    height, width = picture.shape[:2]
    fine = cv2.resize(picture.astype(np.float32), (FINER * width, FINER * height), interpolation=cv2.INTER_LINEAR)
    x = np.repeat(fine[None], count, axis=0)
    for layer in moves if flip else moves[1:]:
        x = layer(x, training=True)
    x = np.asarray(x).reshape(count, height, FINER, width, FINER, 3).mean(axis=(2, 4))
    changed = rng.random((count, len(touches) + 1)).argsort(axis=1) < rng.integers(0, MOST + 1, (count, 1))
    for layer, which in zip(touches, changed.T, strict=False):
        x = np.where(which[:, None, None, None], np.asarray(layer(x, training=True)), x)
    for i in np.flatnonzero(changed[:, -1]):
        x[i] += rng.uniform(0, 1) * (cv2.filter2D(x[i], -1, EMBOSS) - x[i])
    return np.clip(x, 0, 255).astype(np.float32)


@lru_cache(maxsize=1)
def _layers() -> tuple[list[keras.Layer], list[keras.Layer]]:
    """The moves, flipping first, all of which are applied, and the touches, of which some are drawn."""
    keras = import_keras()
    layers, edge = keras.layers, {"fill_mode": "nearest"}
    shear = float(np.tan(np.radians(5)))
    moves = [
        layers.RandomFlip("horizontal"),
        layers.RandomZoom((-0.1, 0.2), (-0.1, 0.2), **edge),  # 5 % cropped or 10 % padded at each side
        layers.RandomZoom((1 / 1.2 - 1, 1 / 0.8 - 1), (1 / 1.2 - 1, 1 / 0.8 - 1), **edge),
        layers.RandomTranslation(0.1, 0.1, **edge),
        layers.RandomRotation(5 / 360, **edge),
        layers.RandomShear(shear, shear, **edge),
        layers.RandomColorDegeneration((0.0, 1.0)),  # of 1.0 Keras makes -1 to 1, which is more colour, too
        layers.RandomInvert((0.05, 0.05)),
    ]
    touches = [
        layers.RandomGaussianBlur(1.0, 3, 1.0),
        layers.RandomSharpness((0.5, 0.7)),
        keras.Sequential([layers.Rescaling(1 / 255), layers.GaussianNoise(0.025), layers.Rescaling(255.0)]),
        layers.RandomBrightness(10 / 255),
        keras.Sequential([layers.RandomHue(2 * 20 / 255), layers.RandomSaturation((0.42, 0.58))]),
        layers.RandomContrast((0.5, 1.0)),
    ]
    return moves, touches


def sheet(windows: Array, labels: Sequence[str], rng: np.random.Generator) -> Figure:
    """The last pictures of windows (n, T, H, W, 3), one row each, as the network sees them: grey, and seven others."""
    from matplotlib.figure import Figure

    others, seed = 7, int(rng.integers(2**31))
    figure = Figure(figsize=(1.6 * (others + 1), 1.25 * len(windows)), layout="constrained")
    rows = figure.subplots(len(windows), others + 1, squeeze=False)
    for number, (row, window, label) in enumerate(zip(rows, windows, labels, strict=True)):
        pictures = [window[-1], *vary(window[-1], others, seed + number)]
        for axes, picture, title in zip(row, pictures, [label, *[""] * others], strict=True):
            axes.imshow(picture.mean(axis=-1), cmap="gray", vmin=0, vmax=255, aspect="equal")
            axes.set_title(title, loc="left", fontsize=9)
            axes.set_axis_off()
    return figure
