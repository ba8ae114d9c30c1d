"""Raw holistic keypoints -> body-centred ones, as part of the model, built from Keras' own layers.

A model that begins with `normaliser` takes raw keypoints, so that whatever runs it (Keras, ONNX Runtime, a browser)
needs no normalisation of its own, and `keras.models.load_model` opens its `.h5` without importing this package. This
rules out custom layers, and `keras.ops`, which an `.h5` cannot store. `UnitNormalization` divides by a length: with a
vector d, a unit vector of reference u and a limit r, the concatenation (d, r u), normalised and multiplied by r, has in
place of d the vector d / sqrt(|d|² / r² + |u|²). It does not depend on the scale of the image or the person, is close
to d / |u| where d is much shorter than r |u|, stays within -r..r, and is 0 where both are missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handsign.bundle.keras_loader import import_keras
from handsign.landmarks.holistic import HOLISTIC

if TYPE_CHECKING:
    import keras

    from handsign.landmarks.layout import Layout, Part


BODY = (
    "nose",
    *(f"{side}_{joint}" for joint in "shoulder elbow wrist pinky index thumb".split() for side in ("left", "right")),
)
"""The pose landmarks that locate the arms. The pose's coarse fingers stand in for a hand that was not found."""

LIMIT = 3.0
"""The limit r of a normalised vector's length, in units (shoulder widths or palm lengths)."""

SMOOTHING = 3
"""Frames of the moving average of a hand's shape: a frame without the hand takes the shape of its neighbours."""


def normaliser(window: int, layout: Layout = HOLISTIC, pad: bool = True) -> keras.Model:
    """A network without weights: raw windows (n, window, layout.size) -> body-centred (n, window, 152) float32.

    The first 26 features are x and y of the 13 landmarks of `BODY`, relative to the midpoint of the shoulders, in
    shoulder widths; the other 126 are x, y and z of the 21 landmarks of the left and the right hand, relative to the
    wrist, in palm lengths. The face is not used.

    window  samples per window
    layout  has the pose and both hands, with their landmarks' names
    pad     append zeros up to layout.size features, so that the next layer has the shape it has on raw keypoints
    """
    keras = import_keras()
    layers = keras.layers
    raw = keras.Input((window, layout.size), name="raw")
    by_name = {part.name: part for part in layout.parts}
    pose = _landmarks(raw, layout, by_name["pose"], 2)
    left, right = (_point(pose, by_name["pose"], f"{side}_shoulder") for side in ("left", "right"))
    middle, width = layers.Average()([left, right]), layers.Subtract()([left, right])
    joints = layers.Concatenate(axis=2)([_point(pose, by_name["pose"], name) for name in BODY])
    features = [_relative(layers.Subtract()([joints, middle]), width)]
    for side in ("left_hand", "right_hand"):
        hand = _landmarks(raw, layout, by_name[side], 3)
        shape = layers.Subtract()([hand, _point(hand, by_name[side], "wrist")])
        shape = _smooth(shape)
        features.append(_relative(shape, _point(shape, by_name[side], "middle_finger_mcp")))
    flat = layers.Concatenate()([layers.Reshape((window, -1))(part) for part in features])
    if not pad:
        return keras.Model(raw, flat, name="normalise")
    padded = layers.ZeroPadding1D((0, layout.size - flat.shape[-1]))(layers.Permute((2, 1))(flat))
    return keras.Model(raw, layers.Permute((2, 1))(padded), name="normalise")


def _landmarks(raw: keras.KerasTensor, layout: Layout, part: Part, fields: int) -> keras.KerasTensor:
    """The first `fields` of each landmark of a part, (n, window, points, fields), of raw (n, window, layout.size)."""
    layers = import_keras().layers
    columns = layout.slices[part.name]
    cropped = layers.Cropping1D((columns.start, layout.size - columns.stop))(layers.Permute((2, 1))(raw))
    points = layers.Reshape((raw.shape[1], part.points, len(part.fields)))(layers.Permute((2, 1))(cropped))
    return _first(points, fields)


def _first(points: keras.KerasTensor, fields: int) -> keras.KerasTensor:
    """The first `fields` of the last axis: (n, window, points, more) -> (n, window, points, fields)."""
    layers = import_keras().layers
    surplus = points.shape[-1] - fields
    if not surplus:
        return points
    turned = layers.Cropping2D(((0, 0), (0, surplus)))(layers.Permute((1, 3, 2))(points))
    return layers.Permute((1, 3, 2))(turned)


def _point(points: keras.KerasTensor, part: Part, name: str) -> keras.KerasTensor:
    """One landmark (n, window, 1, fields) of (n, window, points, fields), by its name."""
    index = part.names.index(name)
    return import_keras().layers.Cropping2D(((0, 0), (index, part.points - index - 1)))(points)


def _relative(points: keras.KerasTensor, unit: keras.KerasTensor) -> keras.KerasTensor:
    """Vectors (n, window, points, fields) divided by the length of `unit` (n, window, 1, fields), within +-`LIMIT`."""
    layers = import_keras().layers
    units = layers.Concatenate(axis=2)([layers.Rescaling(LIMIT)(unit)] * points.shape[2])
    together = layers.UnitNormalization(axis=-1)(layers.Concatenate()([points, units]))
    return layers.Rescaling(LIMIT)(_first(together, points.shape[-1]))


def _smooth(vectors: keras.KerasTensor) -> keras.KerasTensor:
    """The moving average of (n, window, points, fields) over `SMOOTHING` frames.

    A frame without the hand adds 0 both to its vectors and to the palm that they are then divided by, so that their
    ratio is that of the frames with it.
    """
    return import_keras().layers.AveragePooling2D((SMOOTHING, 1), strides=1, padding="same")(vectors)
