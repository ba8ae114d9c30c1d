"""The practice signer: a seeded kinematic model of a person, a stand-in for a camera with somebody in front of it.

With it every stage runs on a machine without a camera. It is no person: nothing about accuracy is ever claimed from
it, and every picture that it draws says so. Its signs are simplified from ASL, for a machine and not for learners.
`handsign.puppet` is its body, with the frame and the unit that the signs below are written in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import BPoly, PchipInterpolator

from handsign.errors import InputError
from handsign.goals import NOTHING
from handsign.keypoints import HOLISTIC
from handsign.puppet import Person, backdrop, face_model, paint, posture, project, visibility
from handsign.sources import Frame, Source

Array = np.ndarray[Any, Any]
Vector = tuple[float, float, float]

# Hand shapes: curl of index, middle, ring, pinky (0 straight, 1 in the fist), bend of all knuckles, spread of the
# fingers, thumb away from the hand, thumb across the palm.
SHAPES: Mapping[str, tuple[float, ...]] = {
    "relaxed": (0.30, 0.35, 0.40, 0.45, 0.15, 0.2, 0.4, 0.3),
    "flat": (0.03, 0.03, 0.03, 0.03, 0.00, 0.1, 0.3, 0.1),
    "open": (0.03, 0.03, 0.03, 0.03, 0.00, 1.0, 0.9, 0.0),
    "fist": (1.00, 1.00, 1.00, 1.00, 0.00, 0.0, 0.3, 1.0),
    "thumb up": (1.00, 1.00, 1.00, 1.00, 0.00, 0.0, 1.4, 0.0),
    "i love you": (0.02, 1.00, 1.00, 0.02, 0.00, 0.7, 1.1, 0.0),
    "beak open": (0.02, 0.02, 1.00, 1.00, 0.10, 0.2, 1.0, 0.0),
    "beak shut": (0.15, 0.15, 1.00, 1.00, 0.80, 0.0, 0.6, 0.6),
    "flat o": (0.25, 0.25, 0.25, 0.25, 0.75, 0.0, 0.5, 0.7),
}


@dataclass(frozen=True)
class Hand:
    """Where a right hand is: its wrist, where the fingers point, where the palm faces, and its shape."""

    wrist: Vector
    point: Vector
    palm: Vector
    shape: str

    @property
    def values(self) -> Array:
        """The hand as (17,) numbers that can be blended."""
        return np.array([*self.wrist, *self.point, *self.palm, *SHAPES[self.shape]])


@dataclass(frozen=True)
class Sign:
    """A movement: what the signing hand goes through, and the other hand where it takes part."""

    hand: Sequence[Hand]
    other: Sequence[Hand] = ()
    repeats: tuple[int, int] = (1, 1)


LAP = Hand((-0.35, -1.45, 0.45), (0.6, -0.3, 0.7), (0.1, -1.0, 0.1), "relaxed")
FIDGETS = (
    Hand((-0.40, -1.30, 0.50), (0.7, -0.1, 0.6), (0.1, -1.0, 0.2), "relaxed"),
    Hand((-0.20, -0.85, 0.60), (0.9, 0.1, 0.3), (0.1, -0.6, -0.8), "relaxed"),
    Hand((-0.30, -0.05, 0.35), (0.5, 0.9, 0.0), (0.4, 0.1, -0.9), "relaxed"),
)
CIRCLE = tuple((0.15 * np.cos(a), 0.15 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 9))
MOVEMENTS: Mapping[str, Sign] = {
    "hello": Sign(  # the open hand waves beside the head
        (
            Hand((-0.95, 0.25, 0.40), (-0.45, 0.9, 0.1), (0.0, -0.1, 1.0), "open"),
            Hand((-0.80, 0.28, 0.40), (0.40, 0.9, 0.1), (0.0, -0.1, 1.0), "open"),
        ),
        repeats=(2, 3),
    ),
    "thanks": Sign(  # the flat hand goes from the chin forward and down
        (
            Hand((-0.28, -0.06, 0.45), (0.45, 0.9, -0.1), (0.1, 0.0, -1.0), "flat"),
            Hand((-0.28, -0.06, 0.48), (0.45, 0.9, -0.1), (0.1, 0.0, -1.0), "flat"),
            Hand((-0.38, -0.25, 0.95), (0.10, 0.5, 0.9), (0.0, 0.9, -0.5), "flat"),
            Hand((-0.40, -0.35, 1.00), (0.05, 0.2, 1.0), (0.0, 1.0, -0.2), "flat"),
        )
    ),
    "iloveyou": Sign(  # thumb, index and little finger stretched, held
        (
            Hand((-0.85, 0.12, 0.50), (0.00, 1.0, 0.0), (0.0, 0.0, 1.0), "i love you"),
            Hand((-0.78, 0.15, 0.55), (0.05, 1.0, 0.0), (0.0, 0.0, 1.0), "i love you"),
        )
    ),
    "yes": Sign(  # the fist nods
        (
            Hand((-0.68, -0.02, 0.55), (0.0, 1.0, 0.1), (0.2, -0.1, 1.0), "fist"),
            Hand((-0.68, -0.08, 0.60), (0.0, 0.1, 1.0), (0.2, -1.0, 0.1), "fist"),
        ),
        repeats=(2, 3),
    ),
    "no": Sign(  # index and middle finger close on the thumb
        (
            Hand((-0.62, 0.05, 0.50), (0.45, 0.85, 0.2), (0.75, -0.3, 0.6), "beak open"),
            Hand((-0.60, 0.02, 0.52), (0.45, 0.85, 0.2), (0.75, -0.3, 0.6), "beak shut"),
        ),
        repeats=(2, 3),
    ),
    "please": Sign(  # the flat hand circles on the chest
        tuple(Hand((-0.30 + x, -0.45 + y, 0.32), (0.95, 0.3, -0.05), (0.1, 0.0, -1.0), "flat") for x, y in CIRCLE)
    ),
    "help": Sign(  # the fist with its thumb up stands on the other palm, both rise
        (
            Hand((-0.28, -0.58, 0.50), (0.8, -0.1, 0.6), (0.6, 0.0, -0.8), "thumb up"),
            Hand((-0.28, -0.15, 0.55), (0.8, -0.1, 0.6), (0.6, 0.0, -0.8), "thumb up"),
        ),
        (
            Hand((-0.30, -0.75, 0.50), (0.9, 0.0, 0.4), (0.0, 1.0, 0.3), "flat"),
            Hand((-0.30, -0.32, 0.55), (0.9, 0.0, 0.4), (0.0, 1.0, 0.3), "flat"),
        ),
    ),
    "more": Sign(  # the fingertips of both hands tap each other
        tuple(Hand((x, -0.35, 0.50), (1.0, 0.15, 0.25), (0.2, -0.3, -1.0), "flat o") for x in (-0.60, -0.42)),
        tuple(Hand((x, -0.35, 0.50), (1.0, 0.15, 0.25), (0.2, -0.3, -1.0), "flat o") for x in (-0.60, -0.42)),
        repeats=(2, 3),
    ),
}
REST = NOTHING
SIGNS: tuple[str, ...] = (*MOVEMENTS, REST)

LOOSE = np.repeat([0.03, 0.07, 0.04], [3, 6, 8])  # how much the 17 values of a hand vary from take to take

# Depths are measured from these points of a part: the pose's hips, the middle of the face, the wrists.
ANCHORS = {"pose": [23, 24], "face": slice(None), "left_hand": [0], "right_hand": [0]}
STEADY = {"pose": 1.0, "face": 0.25, "left_hand": 0.8, "right_hand": 0.8}  # noise, as a share of the person's


def moving(times: Sequence[float], poses: Sequence[Array]) -> BPoly:
    """Minimum-jerk motion (a quintic a piece) through poses (n, k) at times (n,) seconds, without overshoot."""
    speeds = PchipInterpolator(times, poses).derivative()(times)
    return BPoly.from_derivatives(times, np.stack([poses, speeds, np.zeros_like(speeds)], axis=1))


def vary(rng: np.random.Generator) -> Array:
    """(2, 17) an offset of both hands, mostly the same for both, so that hands that meet still do."""
    return LOOSE * (rng.normal(size=17) + 0.3 * rng.normal(size=(2, 17)))


class PracticeSigner(Source):
    """A stand-in for a camera and a person: frames with their keypoints (1662,), the same ones for the same seed.

    Nobody cues it: it rests, signs `signs` times (None: for ever) something out of `actions` with rests between, and
    ends. From the first `cue` on it signs what it is told and rests otherwise, and never ends.

    `adapt` makes a task's samples of keypoints (1, 1662), see `Task.adapt`.

    `truth` lists (sign, start, end) in seconds of what it signed so far, from leaving rest to starting back to it.

    Raises:
        InputError: an action that it cannot sign.
    """

    knows_samples = True

    def __init__(
        self,
        seed: int = 0,
        signs: int | None = 12,
        rate: float = 30.0,
        size: tuple[int, int] = (640, 480),
        actions: Sequence[str] = tuple(MOVEMENTS),
        adapt: Callable[[Array], Array] = HOLISTIC.widen,
    ) -> None:
        for action in actions:
            _check(action)
        self.name, self.rate, self.size = f"practice signer {seed} (not a person)", rate, size
        self.truth: list[tuple[str, float, float]] = []
        self._rng = rng = np.random.default_rng(seed)
        self.person = Person.draw(rng)
        self._style = {sign: 1.3 * vary(rng) for sign in SIGNS}
        self._sway = rng.uniform([0.15, 0.05, 0.1], [0.35, 0.2, 0.3]), rng.uniform(0, 2 * np.pi, 3)
        self._actions, self._left, self._cued, self._rested = tuple(actions), signs, False, False
        self._face, self._wall = face_model(), backdrop(self.person.wall, size, rng)
        self._noise, self._gone = rng.normal(size=(543, 3)), {"face": 0, "left_hand": 0, "right_hand": 0}
        self._frame, self._until, self._adapt = 0, 0.0, adapt
        start = np.concatenate([LAP.values, LAP.values, np.zeros(3)])
        self._motion = moving([-1.0, 0.0], [start, start])

    def cue(self, action: str) -> None:
        """Sign `action` now, for about a second."""
        _check(action)
        self._cued = True
        self._perform(action, max(self._frame - 1, 0) / self.rate)

    def __iter__(self) -> Iterator[Frame]:
        while True:
            time = self._frame / self.rate
            while time >= self._until:
                if self._cued or not self._rested:
                    self._perform(REST, self._until)
                elif self._left == 0:
                    return
                else:
                    self._left = None if self._left is None else self._left - 1
                    self._perform(str(self._rng.choice(self._actions)), self._until)
            self._frame += 1
            yield self._see(time)

    def _perform(self, action: str, now: float) -> None:
        """Plan the motion from `now` on."""
        if self.truth and self.truth[-1][2] > now:  # it was interrupted
            sign, start, _ = self.truth.pop()
            self.truth += [(sign, start, now)] if now > start else []
        before = now - 1 / self.rate  # carries the speed of what is interrupted over
        keys, seconds = self._keys(action) if action != REST else self._rest()
        head = self._rng.normal(0, [0.12, 0.06, 0.04])
        keys = np.column_stack([keys.reshape(len(keys), 34), np.tile(head, (len(keys), 1))])
        times = now + np.cumsum(seconds) * self._rng.lognormal(0, 0.08) / self.person.speed
        if action != REST:
            self.truth.append((action, now, float(times[-2])))
        poses = np.concatenate([[self._motion(before), self._motion(now)], keys])
        self._motion = moving(np.array([before, now, *times]), poses)
        self._until, self._rested = float(times[-1]), action == REST

    def _keys(self, action: str) -> tuple[Array, Array]:
        """A sign and the way back, as keys (n, 2, 17) and the seconds (n,) to reach each."""
        sign, rng = MOVEMENTS[action], self._rng
        repeats = int(rng.integers(sign.repeats[0], sign.repeats[1] + 1))
        hand = np.array([key.values for key in sign.hand])
        other = np.array([key.values for key in sign.other or [LAP] * len(hand)])
        keys = np.stack([hand, other], axis=1)
        middle = keys.mean(axis=0)
        keys = np.tile(middle + (keys - middle) * self.person.reach, (repeats, 1, 1))
        keys += self._style[action] + vary(rng) + 0.3 * LOOSE * rng.normal(size=keys.shape)
        stroke = (0.5 + 0.15 * repeats) / (len(keys) - 1)
        return np.concatenate([keys, self._lap()]), np.array([0.32, *[stroke] * (len(keys) - 1), 0.36])

    def _rest(self) -> tuple[Array, Array]:
        """Hands in the lap, now and then a fidget; keys and seconds as for a sign."""
        rng, laps = self._rng, np.concatenate([self._lap(), self._lap(), self._lap()])
        if rng.random() < 0.4:
            laps[1, rng.permutation(2)[: rng.integers(1, 3)]] = FIDGETS[rng.integers(len(FIDGETS))].values
            laps[1] += self._style[REST] + vary(rng)
        return laps, rng.uniform([0.3, 0.3, 0.4], [0.6, 0.7, 0.7])

    def _lap(self) -> Array:
        """(1, 2, 17) the hands at rest, never twice in the same place."""
        return (LAP.values + self._style[REST] + vary(self._rng))[None]

    def _see(self, time: float) -> Frame:
        """The frame at `time` seconds."""
        width, height = self.size
        breath = np.sin(2 * np.pi * self._sway[0] * time + self._sway[1])
        chest = breath * (0.02, 0.012, 0.03)
        parts = posture(self.person, self._motion(time), chest, self._face)
        seen = {name: project(self.person, joints, width / height) for name, joints in parts.items()}
        image = paint(self._wall.copy(), self.person, {n: p * (width, height, width) for n, p in seen.items()})
        return Frame(image, time, self._adapt(self._measure(seen)[None])[0])

    def _measure(self, seen: Mapping[str, Array]) -> Array:
        """What a landmark detector would say of the projected parts: (1662,) float32 with noise and missing parts."""
        self._noise = 0.75 * self._noise + 0.66 * self._rng.normal(size=(543, 3))
        noise = self._noise * self.person.noise * (1.0, self.size[0] / self.size[1], 3.0)
        found: dict[str, Array | None] = {}
        for part, jitter in zip(
            HOLISTIC.parts, np.split(noise, np.cumsum([part.points for part in HOLISTIC.parts])[:-1]), strict=True
        ):
            points = seen[part.name] + STEADY[part.name] * jitter
            points[:, 2] -= points[ANCHORS[part.name], 2].mean()
            found[part.name] = points if part.name == "pose" or self._found(part.name, points) else None
        found["pose"] = np.column_stack([found["pose"], visibility(seen["pose"])])
        return HOLISTIC.assemble(found)

    def _found(self, part: str, points: Array) -> bool:
        """Whether a hand or the face is in the picture and not lost for some frames."""
        chance = self.person.dropout * (0.1 if part == "face" else 1.0)
        lost, frames = self._rng.random() < chance, int(self._rng.integers(1, 6))
        self._gone[part] = max(self._gone[part] - 1, frames if lost else 0)
        inside = (np.abs(points[:, :2] - 0.5) < 0.5).all(axis=1).mean()
        return bool(inside > 0.6 and self._gone[part] == 0)


def _check(action: str) -> None:
    if action not in SIGNS:
        raise InputError(f"the practice signer cannot sign {action!r}; it can sign {', '.join(SIGNS)}")
