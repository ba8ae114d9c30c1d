"""Raw holistic keypoints -> body-centred ones, inside the model and out of Keras' own layers alone.

A model that begins with `normaliser` takes raw keypoints, so nothing that uses it (Keras, ONNX Runtime, a browser) has
to know how they are normalised, and `keras.models.load_model` opens its `.h5` without importing anything of ours. That
rules out a layer of our own and `keras.ops`, which `.h5` cannot hold. What is left is enough, because a division by a
length is `UnitNormalization`: the vector d and r times its unit u, put together, normalised and multiplied by r, give
d / sqrt(|d|² / r² + |u|²), which does not change with the size of the picture or of the person, is near d / |u| for d
shorter than r units, never leaves -r..r, and is zero where both are missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handsign.keypoints import HOLISTIC, Layout, Part
from handsign.networks import import_keras

if TYPE_CHECKING:
    import keras

BODY = (
    "nose",
    *(f"{side}_{joint}" for joint in "shoulder elbow wrist pinky index thumb".split() for side in ("left", "right")),
)
"""The pose landmarks that say where the arms are. Its rough fingers stand in where a hand was not found."""
REACH = 3.0
"""How many units a vector may be long before its length begins to count for less."""
BRIDGE = 3
"""Frames around each that a hand's shape is averaged over: one in which it was missed takes its neighbours'."""


def normaliser(window: int, layout: Layout = HOLISTIC, pad: bool = True) -> keras.Model:
    """A network without weights: raw windows (n, window, 1662) -> body-centred (n, window, 1662); 152, not `pad`.

    First come the 13 landmarks of `BODY` in x and y, measured from the middle of the shoulders in shoulder widths, then
    each hand's 21 in x, y and z, measured from its wrist in lengths of its palm; the face is dropped, and with `pad`
    zeros fill the width up, so that the network behind has the weights of the one on raw keypoints.
    """
    keras = import_keras()
    layers = keras.layers
    raw = keras.Input((window, layout.size), name="raw")
    by_name = {part.name: part for part in layout.parts}
    pose = _landmarks(raw, layout, by_name["pose"], 2)
    left, right = (_point(pose, by_name["pose"], f"{side}_shoulder") for side in ("left", "right"))
    middle, width = layers.Average()([left, right]), layers.Subtract()([left, right])
    joints = layers.Concatenate(axis=2)([_point(pose, by_name["pose"], name) for name in BODY])
    found = [_measured(layers.Subtract()([joints, middle]), width)]
    for side in ("left_hand", "right_hand"):
        hand = _landmarks(raw, layout, by_name[side], 3)
        shape = layers.Subtract()([hand, _point(hand, by_name[side], "wrist")])
        shape = _bridged(shape)
        found.append(_measured(shape, _point(shape, by_name[side], "middle_finger_mcp")))
    flat = layers.Concatenate()([layers.Reshape((window, -1))(part) for part in found])
    if not pad:
        return keras.Model(raw, flat, name="normalise")
    padded = layers.ZeroPadding1D((0, layout.size - flat.shape[-1]))(layers.Permute((2, 1))(flat))
    return keras.Model(raw, layers.Permute((2, 1))(padded), name="normalise")


def _landmarks(raw: keras.KerasTensor, layout: Layout, part: Part, fields: int) -> keras.KerasTensor:
    """(n, window, 1662) -> the first `fields` of each landmark of a part: (n, window, points, fields)."""
    layers = import_keras().layers
    own = layout.slices[part.name]
    columns = layers.Cropping1D((own.start, layout.size - own.stop))(layers.Permute((2, 1))(raw))
    points = layers.Reshape((raw.shape[1], part.points, len(part.fields)))(layers.Permute((2, 1))(columns))
    return _first(points, fields)


def _first(points: keras.KerasTensor, fields: int) -> keras.KerasTensor:
    """The first `fields` of the last axis of (n, window, points, more)."""
    layers = import_keras().layers
    more = points.shape[-1] - fields
    if not more:
        return points
    turned = layers.Cropping2D(((0, 0), (0, more)))(layers.Permute((1, 3, 2))(points))
    return layers.Permute((1, 3, 2))(turned)


def _point(points: keras.KerasTensor, part: Part, name: str) -> keras.KerasTensor:
    """(n, window, points, fields) -> one landmark (n, window, 1, fields)."""
    at = part.names.index(name)
    return import_keras().layers.Cropping2D(((0, 0), (at, part.points - at - 1)))(points)


def _measured(points: keras.KerasTensor, unit: keras.KerasTensor) -> keras.KerasTensor:
    """Vectors (n, window, points, fields) in lengths of one (n, window, 1, fields), squashed into -REACH..REACH."""
    layers = import_keras().layers
    units = layers.Concatenate(axis=2)([layers.Rescaling(REACH)(unit)] * points.shape[2])
    together = layers.UnitNormalization(axis=-1)(layers.Concatenate()([points, units]))
    return layers.Rescaling(REACH)(_first(together, points.shape[-1]))


def _bridged(vectors: keras.KerasTensor) -> keras.KerasTensor:
    """The mean of `BRIDGE` frames around each of (n, window, points, fields).

    Where a hand is missing its vectors and its palm are zero alike, so what is measured afterwards is the mean of the
    frames that have it.
    """
    return import_keras().layers.AveragePooling2D((BRIDGE, 1), strides=1, padding="same")(vectors)
