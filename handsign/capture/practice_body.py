"""The practice signer's body: joints by forward and inverse kinematics, a pinhole camera, and a drawing.

See `handsign.capture.practice`. Lengths are in shoulder widths. The body coordinates have their origin between the
shoulders, x to the person's left, y up and z forward. Both arms are given as right arms (+x is towards the middle of
the body) and mirrored afterwards, so that a left-handed person is the same person with the other arm mirrored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from handsign.landmarks.holistic import FACE_STROKES

if TYPE_CHECKING:
    from handsign.types import Array


CAPTION = "practice signer - not a person"

# The right hand at rest, about half a shoulder width long. Axes: towards the thumb, along the fingers, out of the palm.
# Order: thumb, index, middle, ring, pinky.
ROOTS = np.array([(0.07, 0.06, 0.01), (0.085, 0.265, 0.0), (0.025, 0.275, 0.0), (-0.035, 0.26, 0.0), (-0.085, 0.23, 0)])
"""(5, 3) positions of the first joint of each finger."""

BONES = np.array(
    [(0.115, 0.085, 0.065), (0.12, 0.075, 0.06), (0.135, 0.085, 0.065), (0.12, 0.08, 0.06), (0.10, 0.06, 0.05)]
)
"""(5, 3) lengths of the three bones of each finger."""

SPREAD = np.array([0.28, 0.06, -0.16, -0.38])  # angles of the fingers at spread 1, radians

CURL = np.array([1.45, 1.75, 1.05])  # angles of the three joints of a finger at curl 1, radians

OPPOSITION = np.array([0.25, 0.65, 0.75])  # the same for the thumb across the palm

FACE_CENTRE = np.array([0.0, 0.55, 0.10])

FACE_RADII = np.array([0.215, 0.275, 0.19])

# Face and hand landmarks at which the pose has landmarks too: nose, eyes, ears and mouth; pinky, index and thumb.
POSE_ON_FACE = (1, 362, 386, 263, 133, 159, 33, 454, 234, 291, 61)

POSE_ON_HAND = (17, 5, 3)

# (5, 3) hip, knee, ankle, heel and toe of the left leg.
LEGS = np.array([(0.34, -1.55, -0.4), (0.42, -1.75, 0.9), (0.40, -2.9, 0.8), (0.40, -3.0, 0.7), (0.42, -3.0, 1.1)])


@dataclass(frozen=True)
class Person:
    """The body, the way of moving and the look of a person, and the camera in front of them."""

    left_handed: bool
    upper_arm: float = 0.80  # length, shoulder widths
    forearm: float = 0.70  # length, shoulder widths
    hand: float = 1.0  # size, 1 is half a shoulder width
    head: float = 1.0  # size, as a factor
    torso: float = 1.0  # length, as a factor
    speed: float = 1.0  # of movements, as a factor
    reach: float = 1.0  # size of movements, as a factor
    distance: float = 3.7  # of the camera, shoulder widths
    focal: float = 0.9  # focal length, image widths
    centre: tuple[float, float] = (0.5, 0.55)  # the point between the shoulders, image widths and heights
    yaw: float = 0.0  # radians, the person turned away from the camera
    pitch: float = 0.0  # radians, the camera looking down
    noise: float = 0.0015  # standard deviation of the landmarks, image widths
    dropout: float = 0.006  # probability per frame that the detector loses a hand in view
    skin: tuple[int, int, int] = (150, 180, 220)  # BGR
    clothes: tuple[int, int, int] = (120, 90, 70)
    hair: tuple[int, int, int] = (40, 50, 60)
    wall: tuple[float, float, float] = (200.0, 205.0, 210.0)

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Person:
        """A random person."""
        tone = rng.uniform(0.45, 1.0)
        return cls(
            left_handed=bool(rng.random() < 0.25),
            upper_arm=rng.normal(0.80, 0.03),
            forearm=rng.normal(0.70, 0.03),
            hand=rng.uniform(0.88, 1.12),
            head=rng.uniform(0.92, 1.12),
            torso=rng.uniform(0.92, 1.1),
            speed=rng.uniform(0.8, 1.25),
            reach=rng.uniform(0.8, 1.2),
            distance=rng.uniform(3.2, 4.6),
            focal=rng.uniform(0.8, 1.0),
            centre=(rng.uniform(0.43, 0.57), rng.uniform(0.50, 0.62)),
            yaw=rng.normal(0.0, 0.15),
            pitch=rng.normal(0.0, 0.06),
            noise=rng.uniform(0.0008, 0.0025),
            dropout=rng.uniform(0.002, 0.012),
            skin=tuple((tone * np.array([155, 185, 225])).astype(int).tolist()),
            clothes=tuple(rng.integers(40, 170, 3).tolist()),
            hair=tuple((np.array([0.5, 0.7, 1.0]) * rng.uniform(25, 130)).astype(int).tolist()),
            wall=tuple((rng.uniform(165, 220) + rng.uniform(-18, 18, 3)).tolist()),
        )

    @property
    def sides(self) -> Array:
        """(2,) the sides of the signing arm and of the other: 1 right, -1 left."""
        return np.array([-1.0, 1.0] if self.left_handed else [1.0, -1.0])


def _unit(vectors: Array) -> Array:
    """Vectors (..., 3) scaled to length 1."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def fingers(shapes: Array) -> Array:
    """Forward kinematics: hand shapes (n, 8) -> joints (n, 21, 3) of right hands, relative to the wrist.

    The shape's values are those of `practice_signs.SHAPES`; the axes are those of `ROOTS`. Every bone keeps its length.

    >>> fingers(np.zeros((2, 8))).shape
    (2, 21, 3)
    """
    curl, knuckles, spread, out, across = np.split(shapes, (4, 5, 6, 7), axis=1)
    bend = curl[..., None] * CURL
    bend[..., 0] = np.minimum(bend[..., 0] + 1.45 * knuckles, 1.6)
    bend, side = np.cumsum(bend, axis=2), (SPREAD * spread * (1 - curl))[..., None]
    straight = np.stack([np.sin(side) * np.cos(bend), np.cos(side) * np.cos(bend), np.sin(bend)], axis=-1)
    aside, lift = 0.25 + out, 0.3 + 0.5 * across
    base = np.stack([np.sin(aside) * np.cos(lift), np.cos(aside) * np.cos(lift), np.sin(lift)], axis=-1)
    over = np.stack([-np.cos(aside), np.sin(aside) * 0.3, 0.4 + 0 * aside], axis=-1)
    over = _unit(over - (over * base).sum(-1, keepdims=True) * base)
    turn = np.cumsum(across * OPPOSITION, axis=1)[..., None]
    thumb = np.cos(turn) * base + np.sin(turn) * over
    bones = np.concatenate([thumb[:, None], straight], axis=1) * BONES[..., None]
    joints = np.concatenate([np.broadcast_to(ROOTS[:, None], (len(shapes), 5, 1, 3)), bones], axis=2).cumsum(axis=2)
    return np.concatenate([np.zeros((len(shapes), 1, 3)), joints.reshape(-1, 20, 3)], axis=1)


def bend_arms(shoulder: Array, wrist: Array, upper: float, fore: float) -> tuple[Array, Array]:
    """Two-bone inverse kinematics of right arms: shoulder and target wrist (n, 3) -> elbow and wrist (n, 3).

    `upper` and `fore` are the lengths of the bones. The elbow points down and outwards. A target out of reach is
    replaced by the nearest point that the arm reaches.
    """
    line = wrist - shoulder
    span = np.linalg.norm(line, axis=1, keepdims=True)
    along, span = line / span, np.clip(span, abs(upper - fore) + 0.15, 0.99 * (upper + fore))
    foot = (upper**2 - fore**2 + span**2) / (2 * span)  # of the elbow's perpendicular, from the shoulder
    down = np.array([-0.55, -1.0, -0.25])
    down = _unit(down - (along @ down)[:, None] * along)
    elbow = shoulder + foot * along + np.sqrt(np.maximum(upper**2 - foot**2, 0.0)) * down
    return elbow, shoulder + span * along


def face_model() -> Array:
    """(468, 3) landmarks of a face: a unit sphere with a nose, contours at their places, the others spread evenly.

    No code uses the evenly spread landmarks by index; the face only has to be present, turn, and look like a face.
    """
    golden = np.pi * (3 - np.sqrt(5.0))
    k = np.arange(468)
    flat = 0.97 * np.sqrt((k + 0.5) / 468)[:, None] * np.stack([np.sin(k * golden), np.cos(k * golden)], axis=1)
    rings = ((0, -0.46, -0.30, -0.10), (0, -0.46, -0.25, -0.02), (0.42, 0.30, 0.20, 0.06), (-0.42, 0.30, -0.20, -0.06))
    for stroke, (x, y, width, height) in zip(FACE_STROKES, rings, strict=False):
        angle = np.linspace(0, 2 * np.pi, len(stroke))
        flat[list(stroke)] = np.stack([x + width * np.cos(angle), y + height * np.sin(angle)], axis=1)
    for stroke, side, y in zip(FACE_STROKES[4:8], (1, 1, -1, -1), (0.47, 0.54, 0.47, 0.54), strict=True):
        step = np.linspace(0, 1, 5)
        flat[list(stroke)] = np.stack([side * (0.78 - 0.56 * step), y + 0.09 * np.sin(np.pi * step)], axis=1)
    angle = np.linspace(0, 2 * np.pi, len(FACE_STROKES[8]))
    flat[list(FACE_STROKES[8])] = np.stack(
        [np.sin(angle) * np.where(np.cos(angle) < 0, 0.93, 1), np.cos(angle)], axis=1
    )
    bridge = [168, 6, 197, 195, 5, 4, 1, 19, 94, 2]
    flat[bridge] = np.stack([np.zeros(10), np.linspace(0.33, -0.2, 10)], axis=1)
    depth = np.sqrt(np.maximum(1 - (flat**2).sum(axis=1), 0.0))
    depth[bridge] += np.array([0, 0.05, 0.12, 0.2, 0.28, 0.36, 0.38, 0.3, 0.15, 0.1])
    return np.column_stack([flat, depth])


def body_joints(person: Person, motion: Array, chest: Array, face: Array) -> dict[str, Array]:
    """The joints (points, 3) of every part, in body coordinates: pose, face, left_hand and right_hand.

    motion  (37,) the signing hand, then the other hand, each as 17 values of a right hand (`practice_signs.Hand`),
            then the head's yaw, pitch and roll in radians
    chest   (3,) offset of everything above the hips
    face    (468, 3) `face_model()`
    """
    hands, sides = motion[:34].reshape(2, 17), person.sides
    shoulder = np.array([[-0.5, 0.0, 0.0]] * 2)
    elbow, wrist = bend_arms(shoulder, hands[:, :3], person.upper_arm, person.forearm)
    point = _unit(hands[:, 3:6])
    palm = _unit(hands[:, 6:9] - (hands[:, 6:9] * point).sum(axis=1, keepdims=True) * point)
    axes = np.stack([np.cross(point, palm), point, palm], axis=1)
    joints = wrist[:, None] + person.hand * fingers(np.clip(hands[:, 9:], -0.05, 1.5)) @ axes
    arm = np.concatenate([shoulder[:, None], elbow[:, None], wrist[:, None], joints[:, POSE_ON_HAND]], axis=1)
    mirror = np.stack([sides, np.ones(2), np.ones(2)], axis=1)[:, None]
    right, left = (0, 1) if sides[0] > 0 else (1, 0)
    arm, joints = arm * mirror + chest, joints * mirror + chest
    centre = FACE_CENTRE * (1.0, person.head, 1.0) + chest
    head = Rotation.from_euler("yxz", motion[34:]).apply(face * FACE_RADII * person.head) + centre
    legs = LEGS * (1.0, person.torso, 1.0)
    pose = np.empty((33, 3))
    pose[:11] = head[list(POSE_ON_FACE)]
    pose[11:23:2], pose[12:23:2] = arm[left], arm[right]
    pose[23::2], pose[24::2] = legs, legs * (-1.0, 1.0, 1.0)
    return {"pose": pose, "face": head, "left_hand": joints[left], "right_hand": joints[right]}


def visibility(points: Array) -> Array:
    """(n,) visibility in 0..1 of projected landmarks (n, 3); it falls off outside the image."""
    return 1 / (1 + np.exp(10 * (np.abs(points[:, :2] - 0.5).max(axis=1) - 0.62)))


def project(person: Person, points: Array, aspect: float) -> Array:
    """Pinhole camera: joints (n, 3) in body coordinates -> (n, 3) x in image widths, y in image heights, depth.

    The depth is in image widths, as in MediaPipe: 0 between the shoulders, smaller towards the camera. `aspect` is the
    width of the image over its height.
    """
    turned = Rotation.from_euler("yx", [person.yaw, person.pitch]).apply(points)
    scale = person.focal / (person.distance - turned[:, 2])
    x, y = person.centre[0] + turned[:, 0] * scale, person.centre[1] - turned[:, 1] * scale * aspect
    return np.stack([x, y, -turned[:, 2] * person.focal / person.distance], axis=1)


def backdrop(colour: Sequence[float], size: tuple[int, int], rng: np.random.Generator) -> Array:
    """(H, W, 3) uint8 BGR: a softly lit wall with blurred shapes; `size` is its width and height in pixels."""
    width, height = size
    wall = np.linspace(1.05, 0.75, height)[:, None, None] * np.array(colour) * np.ones((1, width, 1))
    for _ in range(4):
        corner, extent = rng.integers(0, size), rng.integers((width // 8, height // 6), (width // 3, height // 2))
        tint = (np.array(colour) * rng.uniform(0.6, 1.1)).tolist()
        cv2.rectangle(wall, corner.tolist(), (corner + extent).tolist(), tint, -1)
    return np.clip(cv2.GaussianBlur(wall, (0, 0), width / 40), 0, 255).astype(np.uint8)


def _line(image: Array, points: Array, colour: Sequence[float], width: float, closed: bool = False) -> None:
    """A line through points (n, 2) in pixels, drawn in sixteenths of a pixel so that slow motion is smooth."""
    path = [np.rint(points * 16).astype(np.int32)]
    cv2.polylines(image, path, closed, colour, max(1, round(width)), cv2.LINE_AA, 4)


def _fill(image: Array, points: Array, colour: Sequence[float]) -> None:
    cv2.fillPoly(image, [np.rint(points * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)


def _shade(colour: Sequence[int], factor: float) -> tuple[float, ...]:
    return tuple(min(255.0, c * factor) for c in colour)


def draw_person(image: Array, person: Person, parts: Mapping[str, Array]) -> Array:
    """Draw a person's parts (points, 3), in pixels, into an image (H, W, 3) uint8 BGR and return it."""
    pose, unit = parts["pose"][:, :2], person.focal / person.distance * image.shape[1]
    shirt, dark = person.clothes, _shade(person.clothes, 0.6)
    _fill(image, pose[[11, 12, 24, 23]], shirt)
    _line(image, pose[[11, 12, 24, 23]], shirt, 0.30 * unit, closed=True)
    _line(image, np.stack([pose[11:13].mean(axis=0), pose[:11].mean(axis=0)]), _shade(person.skin, 0.8), 0.29 * unit)
    _draw_head(image, person, parts["face"][:, :2], unit)
    for name, arm in sorted(
        {"left_hand": (11, 13, 15), "right_hand": (12, 14, 16)}.items(), key=lambda item: -parts[item[0]][0, 2]
    ):
        _line(image, pose[list(arm)], dark, 0.27 * unit)
        _line(image, pose[list(arm)], _shade(shirt, 0.9), 0.23 * unit)
        _draw_hand(image, person, parts[name], unit * person.hand)
    scale = 0.45 * image.shape[1] / 640
    corner = (8, int(110 * scale))  # where the overlay writes nothing
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(image, CAPTION, corner, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, width, cv2.LINE_AA)
    return image


def _draw_head(image: Array, person: Person, face: Array, unit: float) -> None:
    lips, _, *eyes = FACE_STROKES[:4]
    centre = face[list(FACE_STROKES[8])].mean(axis=0)
    _fill(image, centre + (face[list(FACE_STROKES[8])] - centre) * 1.22 - (0, 0.05 * unit), person.hair)
    _fill(image, face[list(FACE_STROKES[8])], person.skin)
    for eye in eyes:
        _fill(image, face[list(eye)], (245, 245, 245))
        _line(image, face[list(eye)].mean(axis=0)[None].repeat(2, axis=0), (40, 40, 40), 0.045 * unit)
    for brow in FACE_STROKES[5:8:2]:
        _line(image, face[list(brow)], person.hair, 0.025 * unit)
    _line(image, face[[6, 5, 4, 1, 19]], _shade(person.skin, 0.8), 0.02 * unit)
    _fill(image, face[list(lips)], _shade(person.skin, 0.62))


def _draw_hand(image: Array, person: Person, hand: Array, unit: float) -> None:
    """Draw palm and fingers from far to near, each with a dark rim so that crossing fingers stay distinct."""
    rim, skin = _shade(person.skin, 0.45), _shade(person.skin, 1.05)
    segments = [(0, 1, 5, 9, 13, 17), *(tuple(range(first, first + 4)) for first in (1, 5, 9, 13, 17))]
    for segment in sorted(segments, key=lambda joints: -hand[list(joints), 2].mean()):
        points, palm = hand[list(segment), :2], len(segment) == 6
        width = (0.06 if palm else 0.085) * unit
        _line(image, points, rim, width + 3, closed=palm)
        if palm:
            _fill(image, points, skin)
        _line(image, points, skin, width, closed=palm)
