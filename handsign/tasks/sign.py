"""Hand signs: 30 holistic frames in, one of the recorded signs out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign import augment
from handsign.goals import Classify
from handsign.holistic import FastHolistic, Holistic
from handsign.keypoints import HOLISTIC, POSE_NAMES
from handsign.networks import conv, lstm
from handsign.normalise import normaliser
from handsign.takes import Take, TakeInfo
from handsign.task import Task

if TYPE_CHECKING:
    import keras

Array = np.ndarray[Any, Any]


def quality(samples: Array) -> dict[str, float]:
    """Shares of the frames (T, 1662) in which a person and at least one hand were found."""
    hands = HOLISTIC.present(samples, "left_hand") | HOLISTIC.present(samples, "right_hand")
    return {"person": float(HOLISTIC.present(samples, "pose").mean()), "hand": float(hands.mean())}


WAIST = 0.6
"""How far down the trunk, from the shoulders (0) to the hips (1), a hand is no longer up."""
UP = 0.1
"""The share of a window's frames in which a hand has to be up for anything to be signed."""


def gate(window: Array) -> bool:
    """Whether a hand is up, found as a hand or only as the wrist of a visible arm, in a tenth of the frames (T, 1662).

    The trunk is the unit, not the shoulders' width: it is a height like what is measured, so neither the picture's
    proportions nor turning aside change it. Without somebody upright every hand that was found is up. Motion is not
    asked for: a sign may be held, and hands in recorded rest move more than those that sign (docs/DESIGN.md).
    """
    pose = HOLISTIC.view(window, "pose")
    body = pose[HOLISTIC.present(window, "pose"), :, 1]
    shoulders, hips = (body[:, _pair(joint)].mean(axis=1) for joint in ("shoulder", "hip"))
    upright = len(body) > 0 and np.median(hips - shoulders) > 0
    waist = np.median(shoulders + WAIST * (hips - shoulders)) if upright else np.inf
    wrists = pose[:, _pair("wrist")]
    up = ((wrists[..., 3] > 0.5) & (wrists[..., 1] < min(waist, 1.0))).any(axis=1)  # at 1 the picture ends
    for side in ("left_hand", "right_hand"):
        up |= HOLISTIC.present(window, side) & (HOLISTIC.view(window, side)[..., 1].min(axis=1) < waist)
    return bool(up.mean() >= UP)


def _pair(joint: str) -> list[int]:
    return [POSE_NAMES.index(f"{side}_{joint}") for side in ("left", "right")]


def read_pose(path: Path) -> Iterator[Take]:
    """A `.pose` file (sign-language-processing/pose) of MediaPipe Holistic; its folder is the action.

    Pixels become image sizes by the header's width and height. z is no pixels there but as MediaPipe gives it
    (pose_format.utils.holistic), from the middle of the hips; files that were moved since are moved back. Of 478 face
    points the last ten, the irises, are dropped (`Layout.assemble` takes the 468 it knows).
    """
    from pose_format import Pose

    pose = Pose.read(path.read_bytes())
    size, rate = pose.header.dimensions, pose.body.fps
    data = pose.body.data[:, 0] / np.array([size.width, size.height, 1.0])
    confidence, start, own = pose.body.confidence[:, 0, :, None], 0, {}
    for component in pose.header.components:
        part = component.name.removesuffix("_LANDMARKS").lower()
        own[part] = slice(start, start := start + len(component.points))
    hips = data[:, own["pose"]][:, [POSE_NAMES.index("left_hip"), POSE_NAMES.index("right_hip")], 2]
    data[..., 2] -= np.ma.filled(np.ma.median(hips), 0.0)
    values = np.concatenate([np.ma.filled(data, 0.0), confidence], axis=2)
    landmarks = {part: values[:, at] * confidence[:, at].any(axis=1, keepdims=True) for part, at in own.items()}
    samples = HOLISTIC.assemble({part.name: landmarks[part.name] for part in HOLISTIC.parts})
    info = TakeInfo(action=path.parent.name, rate=rate, frame_size=(size.width, size.height), extractor="pose-format")
    yield Take(samples, np.arange(len(samples)) / rate, info, str(path))


def body_centred_lstm(shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
    """The tutorial's LSTMs on the 152 values a frame that a `normaliser` gives; it takes raw ones (n, *shape)."""
    return lstm(shape, labels, normaliser(shape[0], pad=False), "tanh")


def as_wide_as_raw(model: keras.Model) -> keras.Model:
    """A trained `body_centred_lstm` with the tutorial's 596,675 weights (for three labels).

    The same function: what `normaliser` pads with is zeros, and so are the weights for it. Training them would change
    nothing, for they only ever meet zeros, and take twice the time.
    """
    shape, labels = model.input_shape[1:], [""] * model.output_shape[-1]
    wide = lstm(shape, labels, normaliser(shape[0]), "tanh")
    for new, old in zip(wide.layers[1:], model.layers[1:], strict=True):
        weights = old.get_weights()
        missing = new.get_weights()[0].shape[0] - weights[0].shape[0]
        new.set_weights([np.pad(weights[0], ((0, missing), (0, 0))), *weights[1:]])
    return wide


def body_centred_conv(shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
    """The smaller network that does better on people it has not seen, on raw keypoints (n, *shape) as well."""
    return conv(shape, labels, normaliser(shape[0], pad=False))


def _as_it_is(model: keras.Model) -> keras.Model:
    return model


SEEN = HOLISTIC.pick("pose", "left_hand", "right_hand")
"""The parts that a `normaliser` leaves something of; augmenting the face would take a third of the time of all."""


def augmented(windows: Array, y: Array, rest: Array, rest_y: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Other windows (n, T, 1662), without faces, of the same signs, some part way to rest: see `handsign.augment`."""
    windows, rest = (HOLISTIC.narrow(samples, *SEEN.slices) for samples in (windows, rest))
    windows, y = augment.blend(windows, y, rest, rest_y, rng, SEEN)
    return HOLISTIC.widen(np.stack([augment.augment(window, rng, SEEN) for window in windows])), y


TASK = Task(
    name="sign",
    sample=(HOLISTIC.size,),
    window=30,
    rate=30.0,
    sense=Holistic,
    fast=FastHolistic,
    trigger={"threshold": 0.93},
    build=body_centred_lstm,
    finish=as_wide_as_raw,
    augment=augmented,
    sheet=augment.sheet,
    variants={
        "raw": {"build": lstm, "finish": _as_it_is, "augment": None},
        "conv": {"build": body_centred_conv, "finish": _as_it_is, "trigger": {"threshold": 0.97}},
    },
    goal=Classify(),
    actions=("hello", "thanks", "iloveyou"),
    layout=HOLISTIC,
    adapt=HOLISTIC.widen,
    gate=gate,
    quality=quality,
    readers={".pose": read_pose},
)
