"""The practice signer: a seeded kinematic model of a person, in place of a camera with a person in front of it.

With it every stage runs on a machine without a camera. It is not a person: no accuracy is ever claimed from it, and
every image that it draws says so. Its signs (`handsign.capture.practice_signs`) are simplified from ASL and are not for
learning ASL. `handsign.capture.practice_body` defines its body, the coordinates and the unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import BPoly, PchipInterpolator

from handsign.capture.practice_body import Person, backdrop, body_joints, draw_person, face_model, project, visibility
from handsign.capture.practice_signs import FIDGETS, LAP, MOVEMENTS, REST, SIGNS
from handsign.capture.source import Frame, Source
from handsign.errors import InputError
from handsign.landmarks.holistic import HOLISTIC

if TYPE_CHECKING:
    from handsign.types import Array


HAND_SD = np.repeat([0.03, 0.07, 0.04], [3, 6, 8])  # standard deviation of the 17 values of a hand between takes

# The landmarks whose mean depth is zero: the hips, the whole face, the wrists.
DEPTH_ORIGIN = {"pose": [23, 24], "face": slice(None), "left_hand": [0], "right_hand": [0]}

NOISE_SCALE = {"pose": 1.0, "face": 0.25, "left_hand": 0.8, "right_hand": 0.8}  # as a share of the person's noise


def minimum_jerk(times: Array, poses: Array) -> BPoly:
    """A motion through poses (n, k) at times (n,) seconds, without overshoot; call it with a time for the pose (k,).

    One quintic per interval, with zero acceleration at its ends (Flash and Hogan, 1985, minimum jerk); the speeds
    there are those of the monotone cubic interpolation.
    """
    speeds = PchipInterpolator(times, poses).derivative()(times)
    return BPoly.from_derivatives(times, np.stack([poses, speeds, np.zeros_like(speeds)], axis=1))


def hand_offsets(rng: np.random.Generator) -> Array:
    """(2, 17) random offsets of both hands, mostly shared, so that hands that touch still touch."""
    return HAND_SD * (rng.normal(size=17) + 0.3 * rng.normal(size=(2, 17)))


class PracticeSigner(Source):
    """Frames of a drawn person with their keypoints (1662,) float32; equal seeds give equal frames.

    Without cues it rests, makes `signs` signs drawn from `actions` with rests in between (endlessly if None), and
    ends. From the first `cue` on it makes the signs of the cues, rests otherwise, and never ends.

    actions  names of signs to draw from
    adapt    keypoints (1, 1662) -> samples (1, *sample) of a task

    Raises:
        InputError: the signer does not know an action.
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
        self._truth: list[tuple[str, float, float]] = []
        self._rng = rng = np.random.default_rng(seed)
        self.person = Person.draw(rng)
        self._style = {sign: 1.3 * hand_offsets(rng) for sign in SIGNS}
        self._sway = rng.uniform([0.15, 0.05, 0.1], [0.35, 0.2, 0.3]), rng.uniform(0, 2 * np.pi, 3)
        self._actions, self._signs_left, self._cued, self._rested = tuple(actions), signs, False, False
        self._face, self._wall = face_model(), backdrop(self.person.wall, size, rng)
        self._noise, self._lost_frames = rng.normal(size=(543, 3)), {"face": 0, "left_hand": 0, "right_hand": 0}
        self._frame, self._until, self._adapt = 0, 0.0, adapt
        start = np.concatenate([LAP.values, LAP.values, np.zeros(3)])
        self._motion = minimum_jerk(np.array([-1.0, 0.0]), np.stack([start, start]))

    @property
    def truth(self) -> Sequence[tuple[str, float, float]]:
        """(sign, start, end) in seconds of the signs so far, from leaving the rest pose to starting back to it."""
        return self._truth

    def cue(self, action: str) -> None:
        """Make the sign `action` now, for about a second.

        Raises:
            InputError: the signer does not know it.
        """
        _check(action)
        self._cued = True
        self._perform(action, max(self._frame - 1, 0) / self.rate)

    def __iter__(self) -> Iterator[Frame]:
        while True:
            time = self._frame / self.rate
            while time >= self._until:
                if self._cued or not self._rested:
                    self._perform(REST, self._until)
                elif self._signs_left == 0:
                    return
                else:
                    self._signs_left = None if self._signs_left is None else self._signs_left - 1
                    self._perform(str(self._rng.choice(self._actions)), self._until)
            self._frame += 1
            yield self._render(time)

    def _perform(self, action: str, now: float) -> None:
        """Plan the motion from `now` on, in seconds."""
        if self._truth and self._truth[-1][2] > now:  # it was interrupted
            sign, start, _ = self._truth.pop()
            self._truth += [(sign, start, now)] if now > start else []
        before = now - 1 / self.rate  # so that the speed of an interrupted motion carries over
        keys, seconds = self._keys(action) if action != REST else self._rest()
        head = self._rng.normal(0, [0.12, 0.06, 0.04])
        keys = np.column_stack([keys.reshape(len(keys), 34), np.tile(head, (len(keys), 1))])
        times = now + np.cumsum(seconds) * self._rng.lognormal(0, 0.08) / self.person.speed
        if action != REST:
            self._truth.append((action, now, float(times[-2])))
        poses = np.concatenate([[self._motion(before), self._motion(now)], keys])
        self._motion = minimum_jerk(np.array([before, now, *times]), poses)
        self._until, self._rested = float(times[-1]), action == REST

    def _keys(self, action: str) -> tuple[Array, Array]:
        """Key poses (n, 2, 17) of a sign and of the return to rest, and the seconds (n,) to reach each."""
        sign, rng = MOVEMENTS[action], self._rng
        repeats = int(rng.integers(sign.repeats[0], sign.repeats[1] + 1))
        hand = np.array([key.values for key in sign.hand])
        other = np.array([key.values for key in sign.other or [LAP] * len(hand)])
        keys = np.stack([hand, other], axis=1)
        middle = keys.mean(axis=0)
        keys = np.tile(middle + (keys - middle) * self.person.reach, (repeats, 1, 1))
        keys += self._style[action] + hand_offsets(rng) + 0.3 * HAND_SD * rng.normal(size=keys.shape)
        stroke = (0.5 + 0.15 * repeats) / (len(keys) - 1)
        return np.concatenate([keys, self._lap()]), np.array([0.32, *[stroke] * (len(keys) - 1), 0.36])

    def _rest(self) -> tuple[Array, Array]:
        """Key poses and seconds, as in `_keys`, of a rest: hands in the lap, at times with a fidget."""
        rng, laps = self._rng, np.concatenate([self._lap(), self._lap(), self._lap()])
        if rng.random() < 0.4:
            laps[1, rng.permutation(2)[: rng.integers(1, 3)]] = FIDGETS[rng.integers(len(FIDGETS))].values
            laps[1] += self._style[REST] + hand_offsets(rng)
        return laps, rng.uniform([0.3, 0.3, 0.4], [0.6, 0.7, 0.7])

    def _lap(self) -> Array:
        """(1, 2, 17) the hands at rest, each time at slightly different positions."""
        return (LAP.values + self._style[REST] + hand_offsets(self._rng))[None]

    def _render(self, time: float) -> Frame:
        """The frame at `time` seconds."""
        width, height = self.size
        breath = np.sin(2 * np.pi * self._sway[0] * time + self._sway[1])
        chest = breath * (0.02, 0.012, 0.03)
        parts = body_joints(self.person, self._motion(time), chest, self._face)
        projected = {name: project(self.person, joints, width / height) for name, joints in parts.items()}
        pixels = {name: points * (width, height, width) for name, points in projected.items()}
        image = draw_person(self._wall.copy(), self.person, pixels)
        return Frame(image, time, self._adapt(self._detect(projected)[None])[0])

    def _detect(self, projected: Mapping[str, Array]) -> Array:
        """A simulated landmark detector: keypoints (1662,) float32 with noise and missing parts."""
        self._noise = 0.75 * self._noise + 0.66 * self._rng.normal(size=(543, 3))
        noise = self._noise * self.person.noise * (1.0, self.size[0] / self.size[1], 3.0)
        by_part = np.split(noise, np.cumsum([part.points for part in HOLISTIC.parts])[:-1])
        detected: dict[str, Array | None] = {}
        for part, jitter in zip(HOLISTIC.parts, by_part, strict=True):
            points: Array = projected[part.name] + NOISE_SCALE[part.name] * jitter
            points[:, 2] -= points[DEPTH_ORIGIN[part.name], 2].mean()
            if part.name == "pose":
                detected["pose"] = np.column_stack([points, visibility(projected["pose"])])
            else:
                detected[part.name] = points if self._detected(part.name, points) else None
        return HOLISTIC.assemble(detected)

    def _detected(self, part: str, points: Array) -> bool:
        """Whether a hand or the face (n, 3) is in the image and is not lost by the detector for some frames."""
        probability = self.person.dropout * (0.1 if part == "face" else 1.0)
        lost, frames = self._rng.random() < probability, int(self._rng.integers(1, 6))
        self._lost_frames[part] = max(self._lost_frames[part] - 1, frames if lost else 0)
        inside = (np.abs(points[:, :2] - 0.5) < 0.5).all(axis=1).mean()
        return bool(inside > 0.6 and self._lost_frames[part] == 0)


def _check(action: str) -> None:
    if action not in SIGNS:
        raise InputError(f"the practice signer cannot sign {action!r}; it can sign {', '.join(SIGNS)}")
