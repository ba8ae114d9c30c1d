"""Hand signs: 30 holistic frames in, one of the recorded signs out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign.augment import augment, sheet
from handsign.goals import Classify
from handsign.keypoints import HOLISTIC, POSE_NAMES, Holistic
from handsign.networks import lstm
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
    """The tutorial's network behind a `normaliser`: it still takes raw keypoints (n, *shape)."""
    return lstm(shape, labels, normaliser(shape[0]))


TASK = Task(
    name="sign",
    sample=(HOLISTIC.size,),
    window=30,
    rate=30.0,
    sense=Holistic,
    build=body_centred_lstm,
    augment=augment,
    sheet=sheet,
    variants={"raw": {"build": lstm, "augment": None}},
    goal=Classify(),
    actions=("hello", "thanks", "iloveyou"),
    layout=HOLISTIC,
    adapt=HOLISTIC.widen,
    quality=quality,
    readers={".pose": read_pose},
)
