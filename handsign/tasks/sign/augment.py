"""Augmentation of landmark windows, for training only: other recordings of the same sign.

`augment` draws the parameters of the `transforms` from an `AugmentConfig` and applies them to one window; `blend`
combines windows of a batch with rest. Windows are raw samples (T, layout.size) float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handsign.landmarks.holistic import HOLISTIC
from handsign.tasks.sign.transforms.body import FINGERS, HANDS, SIDES, measure_shoulders
from handsign.tasks.sign.transforms.hands import add_idle_hand, copy_arm, drop_part, fold_finger, move_idle_arm
from handsign.tasks.sign.transforms.spatial import add_noise, change_proportions, change_view, mirror
from handsign.tasks.sign.transforms.temporal import partial_gesture, retime, slow_camera, warped_times

if TYPE_CHECKING:
    from handsign.landmarks.layout import Layout
    from handsign.types import Array


PARTIAL_SHARE = 0.5
"""Share of the windows of which `blend` shows only a part."""

REST_BELOW, ACTION_ABOVE = 0.3, 0.7
"""Shares of an action shown: below the first the target is rest, above the second it is the action."""

COPIED_ARM_SHARE = 0.5
"""Share of the windows of rest in which `blend` replaces the movement of one arm."""


@dataclass(frozen=True)
class AugmentConfig:
    """Probabilities and ranges of `augment`. Ranges are drawn from uniformly; with all zeros nothing changes.

    mirror         probability of mirroring
    stale_start    probability that the first one or two samples are copies of the next: many programs, the tutorial's
                   among them, begin a take with a frame that the camera had buffered before their pause
    time_warp      probability of another course in time
      shift        +- share of the window by which it is earlier or later
      speed        +- logarithm of the factor of speed: 0.22 is 0.8 to 1.25
      bend         +- share by which it is faster, then slower, within the window; below 0.8 time never runs backwards
    slow_camera    probability of a lower frame rate
      lowest_rate  the lowest, as a share of the window's own; the highest is 1
    view           probability of another viewpoint
      yaw, roll    +- degrees about the body's vertical axis, and of the camera's tilt
      zoom         +- logarithm of the scale
      offset       +- share of the image's width and height by which the body is shifted
    proportions    probability of another body and camera
      height       +- logarithm of the factor of y: 0.2 is 0.82 to 1.22; samples do not record the image's aspect ratio
      arms         +- logarithm of the factor of the length of the arms
      depth        +- logarithm of the factor of z
    hand_dropout   probability, for each hand, that it is not found for a while
      max_dropout  the longest while, as a share of the window
    hand_absence   probability that the left hand, the right one or both are never found: the arms show the sign, too
    idle_arm       probability, for each arm whose hand was not found, that it is elsewhere
      arm_offset   +- shoulder widths by which it is shifted to the sides, up and down
    idle_hand      probability that such a hand is visible, still, in some shape
    finger         probability, for each hand, that one finger is detected too short, for up to the whole window
      fold         the largest share by which it is shorter
    noise          the largest standard deviation of the detector's noise, in shoulder widths; none in the face
    """

    mirror: float = 0.5
    stale_start: float = 0.6
    time_warp: float = 0.8
    shift: float = 0.2
    speed: float = 0.22
    bend: float = 0.3
    slow_camera: float = 0.3
    lowest_rate: float = 0.27
    view: float = 0.9
    yaw: float = 15.0
    roll: float = 6.0
    zoom: float = 0.22
    offset: float = 0.1
    proportions: float = 0.8
    height: float = 0.2
    arms: float = 0.15
    depth: float = 0.3
    hand_dropout: float = 0.15
    max_dropout: float = 0.25
    hand_absence: float = 0.2
    idle_arm: float = 0.6
    arm_offset: float = 0.5
    idle_hand: float = 0.3
    finger: float = 0.1
    fold: float = 0.7
    noise: float = 0.01


DEFAULT = AugmentConfig()


def augment(
    window: Array, rng: np.random.Generator, layout: Layout = HOLISTIC, config: AugmentConfig = DEFAULT
) -> Array:
    """A random variation (T, layout.size) float32 of a window (T, layout.size); the same `rng` state gives the same.

    >>> window = np.random.default_rng(0).random((30, 1662), np.float32)
    >>> augment(window, np.random.default_rng(1)).shape
    (30, 1662)
    """
    new = window.astype(np.float32)
    if rng.random() < config.mirror:
        new = mirror(new, layout)
    if rng.random() < config.stale_start and len(new) > 2:
        first = rng.integers(1, 3)
        new[:first] = new[first]
    new = _vary_time(new, rng, layout, config)
    if rng.random() < config.view:
        yaw, roll = np.radians(rng.uniform(-1, 1, 2) * (config.yaw, config.roll))
        zoom, right, down = rng.uniform(-1, 1, 3) * (config.zoom, config.offset, config.offset)
        new = change_view(new, layout, yaw, roll, np.exp(zoom), (right, down))
    if rng.random() < config.proportions:
        height, arms, depth = np.exp(rng.uniform(-1, 1, 3) * (config.height, config.arms, config.depth))
        new = change_proportions(new, layout, height, arms, depth)
    for hand in HANDS:
        if hand in layout.slices:
            new = _vary_hand(new, hand, rng, layout, config)
    new = _drop_hands(new, rng, layout, config)
    if config.noise:
        new = add_noise(new, layout, rng.uniform(0, config.noise) * measure_shoulders(new, layout)[1], rng)
    return new


def _vary_time(window: Array, rng: np.random.Generator, layout: Layout, config: AugmentConfig) -> Array:
    """Another course in time and a lower frame rate, each with its probability."""
    count = len(window)
    if rng.random() < config.time_warp:
        shift, speed, bend = rng.uniform(-1, 1, 3) * (config.shift, config.speed, config.bend)
        window = retime(window, layout, warped_times(count, shift, np.exp(speed), bend, rng.uniform(0, 2 * np.pi)))
    if rng.random() < config.slow_camera:
        window = slow_camera(window, layout, round(count * rng.uniform(config.lowest_rate, 1)), rng.random())
    return window


def _vary_hand(window: Array, hand: str, rng: np.random.Generator, layout: Layout, config: AugmentConfig) -> Array:
    """An idle arm elsewhere, an idle hand, a folded finger and a gap in the detection, each with its probability."""
    count = len(window)
    if rng.random() < config.idle_arm:
        window = move_idle_arm(window, layout, hand, rng.uniform(-1, 1, 2) * config.arm_offset)
    if rng.random() < config.idle_hand:
        turn, keep = rng.uniform(-np.pi, np.pi), 1 - rng.uniform(0, config.fold, FINGERS)
        window = add_idle_hand(window, layout, hand, int(rng.integers(count)), turn, keep)
    if rng.random() < config.finger:
        start, stop = np.sort(rng.integers(0, count + 1, 2))
        keep = np.ones(count, np.float32)
        keep[start:stop] = 1 - rng.uniform(0, config.fold) * rng.uniform(0.7, 1, stop - start)
        window = fold_finger(window, layout, hand, int(rng.integers(FINGERS)), keep)
    if rng.random() < config.hand_dropout:
        length = round(count * rng.uniform(0, config.max_dropout))
        start = int(rng.integers(0, count - length + 1))
        window = drop_part(window, layout, hand, start, start + length)
    return window


def _drop_hands(window: Array, rng: np.random.Generator, layout: Layout, config: AugmentConfig) -> Array:
    """One hand or both missing in the whole window, with their probability."""
    hands = [hand for hand in HANDS if hand in layout.slices]
    if rng.random() < config.hand_absence:
        for hand in (hands[:1], hands[1:], hands)[rng.integers(3)]:
            window = drop_part(window, layout, hand, 0, len(window))
    return window


def blend(
    windows: Array, y: Array, rest: Array, rest_y: Array, rng: np.random.Generator, layout: Layout = HOLISTIC
) -> tuple[Array, Array]:
    """Combine windows with rest: some show only a part of their action (`partial_gesture`), before or after rest.

    The target then grows linearly with the share of the action shown, from rest at `REST_BELOW` to the action at
    `ACTION_ABOVE`, so that a live probability rises while a sign is made and falls once. In some of the rest, one arm
    moves as in another window of rest (`copy_arm`). Without rows of rest nothing changes.

    windows  (n, T, layout.size), and `y`, their one-hot targets (n, labels)
    rest     (n, T, layout.size), and `rest_y`, theirs (n, labels); or no rows
    """
    windows, y, rest = windows.copy(), y.copy(), rest.copy()
    for i in np.flatnonzero(rng.random(len(rest)) < COPIED_ARM_SHARE):
        other = rest[rng.integers(len(rest))]
        source = mirror(other, layout) if rng.random() < 0.5 else other
        rest[i] = copy_arm(rest[i], source, SIDES[rng.integers(2)], layout)
    for i in np.flatnonzero(rng.random(len(windows)) < PARTIAL_SHARE) if len(rest) else ():
        shown = rng.random()
        windows[i] = partial_gesture(windows[i], rest[i], shown, rng.random() < 0.5, layout)
        share = np.clip((shown - REST_BELOW) / (ACTION_ABOVE - REST_BELOW), 0, 1)
        y[i] = share * y[i] + (1 - share) * rest_y[i]
    return windows, y
