"""Other takes a body and a camera could have made of the same sign: for training only.

`augment` draws how, from a `Strength`, and applies the functions below it, which draw nothing themselves (but for
`shake`, which is noise). All of them take raw samples (T, layout.size) float32, give new ones, and leave missing parts
missing. No distance may be trusted in the third direction as it stands: see `DEPTHS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign.keypoints import HAND_NAMES, HOLISTIC, Layout, Part
from handsign.windows import resample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]
SIDES = ("left", "right")
HANDS = ("left_hand", "right_hand")
FINGERS = 5
JOINTS = (len(HAND_NAMES) - 1) // FINGERS
ANCHORS = {"left_hand": "left_wrist", "right_hand": "right_wrist", "face": "nose"}
"""The pose's landmark from which a part's own z is counted, roughly."""
DEPTHS = {"pose": 0.4}
"""Image widths for one unit of a part's z; 1 for the others. MediaPipe's pose reaches too far forward: the lengths of
the upper and lower arms in house_no_yes, korean_13 (sets 0 and 1) and asl_words vary least with 0.4 to 0.5."""
ASPECT = 0.75
"""Image heights are this many image widths. Samples do not tell; most cameras that people sign to give 4:3 or 16:9."""
ARM = ("elbow", "wrist", "pinky", "index", "thumb")
"""The pose's landmarks of an arm below the shoulder."""
PARTLY, HARDLY, MOSTLY = 0.5, 0.3, 0.7
"""The share of windows that `blend` changes, and what it takes for one to be rest, or an action."""
BORROWED = 0.5
"""The share of rest in which `blend` gives one arm something else to do."""
HARDLY_FOUND = 0.25
"""In a smaller share of a window's samples than this a hand was not found, or only by mistake."""
DENSE = 100
"""A part of more points than this (the face) is left without noise: it would cost the most and matter the least."""


@dataclass(frozen=True)
class Strength:
    """How often and how far `augment` goes. All zeros change nothing.

    mirror      probability of being signed with the other hand
    stale       probability that the first picture, or the first two, are as the next one: many programs, the tutorial's
                among them, begin a take with a picture that the camera had kept from before their pause
    time        probability of another course in time, drawn evenly from
      shift       +- this share of the window earlier or later
      speed       e to the +- this times as fast: 0.22 is 0.8 to 1.25 times
      bend        +- this share faster, then slower, within the window; below 0.8 time never stands still
    camera      probability of a slower camera, which took between
      slowest     this share of the window's samples and all of them
    place       probability of standing elsewhere, drawn evenly from
      yaw, roll   +- this many degrees, turned about the body's vertical axis, and of the camera's tilt
      zoom        e to the +- this times as large
      offset      +- this share of the picture to the sides, up and down
    body        probability of another body and camera, drawn evenly from
      aspect      heights e to the +- this times as large: 0.2 is 0.82 to 1.22 times; samples do not tell `ASPECT`
      arms        arms e to the +- this times as long
      depth       z e to the +- this times as large
    lost        probability, for each hand, of not being found for a while
      longest     at most this share of the window
    gone        probability that the left hand, the right one or both are never found: a sign is where arms go, too
    idle        probability, for each arm whose hand was not found, that it hangs elsewhere, drawn evenly from
      away      +- this share of the shoulders' width to the sides, up and down
    shown       probability that such a hand shows nevertheless, still, in whatever shape it is
    finger      probability, for each hand, of one finger mistaken for a shorter one for up to the whole window
      fold        by at most this share of its length
    noise       of the sensor: a standard deviation of at most this share of the shoulders' width, for all but the face
    """

    mirror: float = 0.5
    stale: float = 0.6
    time: float = 0.8
    shift: float = 0.2
    speed: float = 0.22
    bend: float = 0.3
    camera: float = 0.3
    slowest: float = 0.27
    place: float = 0.9
    yaw: float = 15.0
    roll: float = 6.0
    zoom: float = 0.22
    offset: float = 0.1
    body: float = 0.8
    aspect: float = 0.2
    arms: float = 0.15
    depth: float = 0.3
    lost: float = 0.15
    longest: float = 0.25
    gone: float = 0.2
    idle: float = 0.6
    away: float = 0.5
    shown: float = 0.3
    finger: float = 0.1
    fold: float = 0.7
    noise: float = 0.01


DEFAULT = Strength()


def augment(window: Array, rng: np.random.Generator, layout: Layout = HOLISTIC, strength: Strength = DEFAULT) -> Array:
    """Another window (T, layout.size) float32 that the same sign could have given; the same `rng` gives the same."""
    new = window.astype(np.float32)
    if rng.random() < strength.mirror:
        new = mirror(new, layout)
    if rng.random() < strength.stale and len(new) > 2:
        first = rng.integers(1, 3)
        new[:first] = new[first]
    new = _elsewhen(new, rng, layout, strength)
    if rng.random() < strength.place:
        yaw, roll = np.radians(rng.uniform(-1, 1, 2) * (strength.yaw, strength.roll))
        zoom, right, down = rng.uniform(-1, 1, 3) * (strength.zoom, strength.offset, strength.offset)
        new = move(new, layout, yaw, roll, np.exp(zoom), (right, down))
    if rng.random() < strength.body:
        tall, arms, depth = np.exp(rng.uniform(-1, 1, 3) * (strength.aspect, strength.arms, strength.depth))
        new = proportion(new, layout, tall, arms, depth)
    new = _mistaken(new, rng, layout, strength)
    if strength.noise:
        new = shake(new, layout, rng.uniform(0, strength.noise) * _shoulders(new, layout)[1], rng)
    return new


def _elsewhen(window: Array, rng: np.random.Generator, layout: Layout, strength: Strength) -> Array:
    """`augment` in time."""
    count = len(window)
    if rng.random() < strength.time:
        shift, speed, bend = rng.uniform(-1, 1, 3) * (strength.shift, strength.speed, strength.bend)
        window = retime(window, layout, course(count, shift, np.exp(speed), bend, rng.uniform(0, 2 * np.pi)))
    if rng.random() < strength.camera:
        window = slow_camera(window, layout, round(count * rng.uniform(strength.slowest, 1)), rng.random())
    return window


def _mistaken(window: Array, rng: np.random.Generator, layout: Layout, strength: Strength) -> Array:
    """`augment` in what the tracker finds of the hands."""
    count, hands = len(window), [hand for hand in HANDS if hand in layout.slices]
    for hand in hands:
        if rng.random() < strength.idle:
            window = hang(window, layout, hand, rng.uniform(-1, 1, 2) * strength.away)
        if rng.random() < strength.shown:
            turn, keep = rng.uniform(-np.pi, np.pi), 1 - rng.uniform(0, strength.fold, FINGERS)
            window = show_idle(window, layout, hand, int(rng.integers(count)), turn, keep)
        if rng.random() < strength.finger:
            start, stop = np.sort(rng.integers(0, count + 1, 2))
            keep = np.ones(count, np.float32)
            keep[start:stop] = 1 - rng.uniform(0, strength.fold) * rng.uniform(0.7, 1, stop - start)
            window = fold_finger(window, layout, hand, int(rng.integers(FINGERS)), keep)
        if rng.random() < strength.lost:
            length = round(count * rng.uniform(0, strength.longest))
            start = int(rng.integers(0, count - length + 1))
            window = lose(window, layout, hand, start, start + length)
    if rng.random() < strength.gone:
        for hand in (hands[:1], hands[1:], hands)[rng.integers(3)]:
            window = lose(window, layout, hand, 0, count)
    return window


def mirror(window: Array, layout: Layout = HOLISTIC) -> Array:
    """Samples (T, layout.size) as the other hand would have signed them: x from the other side, left named right.

    Parts and landmarks with `left` in their names change places with those with `right`. The face's points have no
    names and keep their numbers: where it was symmetric, the right mouth corner is then found at the left.
    """
    mirrored = window.copy()
    for part in layout.parts:
        twin, order = _twin(part.name), _opposite(part.names)
        points, source = layout.view(mirrored, part.name), twin if twin in layout.slices else part.name
        if source != part.name or order:
            points[...] = layout.view(window, source)[:, order or slice(None)]
        seen = layout.present(window, source)
        points[seen, :, 0] = 1 - points[seen, :, 0]
    return mirrored


def _twin(name: str) -> str:
    """`left_hand` for `right_hand`, `mouth_right` for `mouth_left`, itself for what has no side."""
    return "_".join({"left": "right", "right": "left"}.get(word, word) for word in name.split("_"))


@lru_cache(maxsize=32)
def _opposite(names: tuple[str, ...]) -> list[int]:
    """For each landmark the number of the one on the other side; empty where no landmark has a side."""
    order = [names.index(_twin(name)) for name in names]
    return order if order != sorted(order) else []


def course(count: int, shift: float = 0.0, speed: float = 1.0, bend: float = 0.0, phase: float = 0.0) -> Array:
    """Which moments (count,) of a window, in samples, another one shows: `speed` times as fast about its middle.

    It begins `shift` of the window later and is in turn up to `bend` of the speed faster and slower, once a window,
    beginning with `phase` radians. Rising while bend < speed.
    """
    middle, wave = (count - 1) / 2, 2 * np.pi / count
    steady = np.arange(count) - middle
    return middle + speed * steady + shift * count + bend / wave * np.sin(wave * steady + phase)


def retime(window: Array, layout: Layout, at: Array) -> Array:
    """Samples (T, layout.size) as they stood at the moments `at` (n,), in samples; the ends hold.

    The window itself where they are its own.
    """
    return resample(window, np.arange(len(window)), at, tuple(layout.slices.values()))


def part_way(
    window: Array, rest: Array, shown: float, leaving: bool, layout: Layout = HOLISTIC, gap: float = 0.2
) -> Array:
    """Samples (T, layout.size) that show only a share `shown` of a window: its beginning, after as many of `rest`.

    What a live window sees of a gesture that begins, or, `leaving`, is over: then it is its end, before rest. Between
    the two a body takes `gap` of the window's length to get from one posture to the other.
    """
    now = np.arange(len(window))
    away, hidden = len(now) + round(gap * len(now)), len(now) - round(shown * len(now))
    if leaving:
        samples, times, at = (window, rest), (now, now + away), now + hidden
    else:
        samples, times, at = (rest, window), (now - away, now), now - hidden
    return resample(np.concatenate(samples), np.concatenate(times), at, tuple(layout.slices.values()))


def blend(
    windows: Array, y: Array, rest: Array, rest_y: Array, rng: np.random.Generator, layout: Layout = HOLISTIC
) -> tuple[Array, Array]:
    """Windows (n, T, layout.size) with one-hot y (n, labels), some only `part_way` in or out of as many of rest.

    Some of the rest is made of two: one arm does what it does in another window (`borrow_arm`). Where there are no
    rows of rest, all stays as it is. A window that shows less than `HARDLY` of an action is rest, one that shows more
    than `MOSTLY` is the action, and between the two it is in proportion: so the probability of an action rises while
    it is made, and falls once.
    """
    windows, y, rest = windows.copy(), y.copy(), rest.copy()
    for i in np.flatnonzero(rng.random(len(rest)) < BORROWED):
        other = rest[rng.integers(len(rest))]
        rest[i] = borrow_arm(
            rest[i], mirror(other, layout) if rng.random() < 0.5 else other, SIDES[rng.integers(2)], layout
        )
    for i in np.flatnonzero(rng.random(len(windows)) < PARTLY) if len(rest) else ():
        shown = rng.random()
        windows[i] = part_way(windows[i], rest[i], shown, rng.random() < 0.5, layout)
        share = np.clip((shown - HARDLY) / (MOSTLY - HARDLY), 0, 1)
        y[i] = share * y[i] + (1 - share) * rest_y[i]
    return windows, y


def borrow_arm(window: Array, other: Array, side: str, layout: Layout = HOLISTIC) -> Array:
    """Samples (T, layout.size) in which one arm, with its hand, does what it does in another window of that length.

    It hangs from the shoulder of the body that borrows it and has its size. Samples without a pose in either window
    keep their own.
    """
    if "pose" not in layout.slices:
        return window
    new, size = window.copy(), _shoulders(window, layout)[1] / max(_shoulders(other, layout)[1], 1e-6)
    both = layout.present(window, "pose") & layout.present(other, "pose")
    pose, lent = layout.view(new, "pose"), layout.view(other, "pose")
    shoulder, arm = _number(layout, f"{side}_shoulder"), [_number(layout, f"{side}_{joint}") for joint in ARM]
    here, there = pose[both][:, [shoulder], :3], lent[both][:, [shoulder], :3]
    moved = lent[both][:, arm]
    moved[..., :3] = here + (moved[..., :3] - there) * size
    pose[np.ix_(both, arm)] = moved
    hand = f"{side}_hand"
    if hand in layout.slices:
        points = layout.view(other, hand)[both] * np.float32(size)
        points[..., :2] += here[..., :2] - there[..., :2] * size
        points[~layout.present(other, hand)[both]] = 0
        layout.view(new, hand)[both] = points
    return new


def slow_camera(window: Array, layout: Layout, pictures: int, start: float = 0.0) -> Array:
    """Samples (T, layout.size) as `resample` would have filled them in from only so many `pictures`, two at least.

    start  when the first was taken, in 0..1 of the time between two
    """
    count = len(window)
    between = count / max(pictures, 2)
    taken = np.arange(start * between, count, between)
    groups = tuple(layout.slices.values())
    return resample(retime(window, layout, taken), taken, np.arange(count), groups)


def move(
    window: Array,
    layout: Layout = HOLISTIC,
    yaw: float = 0.0,
    roll: float = 0.0,
    scale: float = 1.0,
    shift: tuple[float, float] = (0.0, 0.0),
) -> Array:
    """Samples (T, layout.size) of the same body turned, seen by a tilted camera, nearer or farther, and elsewhere.

    yaw    radians about the vertical axis through the middle of the shoulders; positive brings what is in front of
           the body to the picture's left
    roll   radians about that middle in the picture, clockwise
    scale  about the picture's middle
    shift  in picture widths and heights, right and down
    """
    moved, (centre, _), turn = window.copy(), _shoulders(window, layout), _rotation(yaw, roll)
    to = (centre[:2] - 0.5) * scale + 0.5 + shift
    for part in layout.parts:
        seen = layout.present(window, part.name)
        if not seen.any():
            continue
        points = layout.view(moved, part.name)[..., :3]
        unit = np.array([1, ASPECT, DEPTHS.get(part.name, 1.0)])
        linear = (scale * unit[:, None] * turn / unit).astype(np.float32)
        pivot = np.empty((len(window), 3), np.float32)
        pivot[:, :2], pivot[:, 2] = centre[:2], -_depth(window, layout, part, centre[2]) / unit[2]
        added = -pivot @ linear
        added[:, :2] += to
        added[:, 2] = -_origin(points, part) * linear[0, 2]  # z is counted from there, before and after
        turned = points @ linear
        for axis in range(3):  # three times as fast as broadcasting along so short an axis
            points[..., axis] = turned[..., axis] + added[:, axis, None]
        points[~seen] = 0
    return moved


def proportion(
    window: Array, layout: Layout = HOLISTIC, tall: float = 1.0, arms: float = 1.0, depth: float = 1.0
) -> Array:
    """Samples (T, layout.size) of another body before another kind of camera.

    tall   heights are so many times as large, about the picture's middle
    arms   are so many times as long, from the shoulders; the hands go with them
    depth  every z is so many times as large
    """
    new = window.copy()
    longer = {side: _lengthen(new, layout, side, arms) for side in SIDES} if "pose" in layout.slices else {}
    for part in layout.parts:
        points, seen = layout.view(new, part.name), layout.present(window, part.name)
        if part.name in HANDS and longer:
            points[..., :2] += longer[part.name.removesuffix("_hand")][:, None]
        points[..., 1] = (points[..., 1] - 0.5) * tall + 0.5
        points[..., 2] *= depth
        points[~seen] = 0
    return new


def _lengthen(samples: Array, layout: Layout, side: str, times: float) -> Array:
    """Make an arm of the pose so many `times` as long, in `samples`; how far (T, 2) that moved its wrist."""
    pose = layout.view(samples, "pose")
    shoulder, wrist = (_number(layout, f"{side}_{joint}") for joint in ("shoulder", "wrist"))
    arm = [_number(layout, f"{side}_{joint}") for joint in ARM]
    before = pose[:, wrist, :2].copy()
    pose[:, arm, :3] += (pose[:, arm, :3] - pose[:, [shoulder], :3]) * np.float32(times - 1)
    return pose[:, wrist, :2] - before


def _rotation(yaw: float, roll: float) -> Array:
    """(3, 3) that rows of (right, down, back) are multiplied with: about the vertical axis, then in the picture."""
    (cos, sin), (cos_roll, sin_roll) = ((np.cos(angle), np.sin(angle)) for angle in (yaw, roll))
    about = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    return about @ np.array([[cos_roll, sin_roll, 0], [-sin_roll, cos_roll, 0], [0, 0, 1]])


def _shoulders(window: Array, layout: Layout) -> tuple[Array, float]:
    """The middle (3,) of the shoulders, and their width in image widths; means over the samples with a pose."""
    if "pose" in layout.slices:
        pose = layout.view(window, "pose")[layout.present(window, "pose")]
        if len(pose):
            left, right = (pose[:, _number(layout, f"{side}_shoulder"), :3].mean(axis=0) for side in SIDES)
            return (left + right) / 2, float(np.hypot(*((left - right)[:2] * (1, ASPECT))))
    return np.array([0.5, 0.5, 0], np.float32), 0.3  # a person at a webcam


def _origin(points: Array, part: Part) -> Array:
    """The x (T,) of where z is counted from in landmarks (T, points, 3).

    The middle of the hips of a pose, the wrist of a hand, about the middle of a face (MediaPipe's documentation).
    """
    if "left_hip" in part.names:
        return points[:, [part.names.index("left_hip"), part.names.index("right_hip")], 0].mean(axis=1)
    return points[..., 0].mean(axis=1) if part.points > DENSE else points[:, 0, 0]


def _depth(window: Array, layout: Layout, part: Part, shoulders: float) -> Array | float:
    """How far a part's z = 0 lies behind the shoulders, whose z in the pose is given, in image widths: (T,)."""
    if part.name == "pose":
        return -shoulders * DEPTHS["pose"]
    if part.name not in ANCHORS or "pose" not in layout.slices:
        return 0.0
    z = layout.view(window, "pose")[:, _number(layout, ANCHORS[part.name]), 2]
    return np.where(layout.present(window, "pose"), z - shoulders, 0) * DEPTHS["pose"]


def _number(layout: Layout, landmark: str) -> int:
    return next(part for part in layout.parts if part.name == "pose").names.index(landmark)


def lose(window: Array, layout: Layout, part: str, start: int, stop: int) -> Array:
    """Samples (T, layout.size) with a part missing from sample `start` to before `stop`."""
    lost = window.copy()
    lost[start:stop, layout.slices[part]] = 0
    return lost


def hang(window: Array, layout: Layout, hand: str, shift: Sequence[float]) -> Array:
    """Samples (T, layout.size) whose one wrist is elsewhere by `shift`, right and down, in widths of the shoulders.

    The elbow goes half as far. The window itself where that hand was found in a share of `HARDLY_FOUND`: that arm does
    something.
    """
    if "pose" not in layout.slices or layout.present(window, hand).mean() >= HARDLY_FOUND:
        return window
    new, side = lose(window, layout, hand, 0, len(window)), hand.removesuffix("_hand")
    arm = [_number(layout, f"{side}_{joint}") for joint in ARM]
    share = np.array([[0.5]] + [[1]] * (len(ARM) - 1)) * _shoulders(window, layout)[1]
    moved = (share * shift / (1, ASPECT)).astype(np.float32)
    pose, seen = layout.view(new, "pose"), layout.present(window, "pose")
    pose[np.ix_(seen, arm, [0, 1])] += moved
    return new


def show_idle(window: Array, layout: Layout, hand: str, at: int, turn: float, keep: Array) -> Array:
    """Samples (T, layout.size) with a still hand at the wrist of the pose, in all those that have none.

    The window itself where that hand was found in a share of `HARDLY_FOUND`, or the other was not at the sample `at`:
    its shape there, mirrored, turned by `turn` radians and with fingers keep (5,) times as long, is the hand's.
    """
    other, there = _twin(hand), layout.present(window, hand)
    if "pose" not in layout.slices or other not in layout.slices or there.mean() >= HARDLY_FOUND:
        return window
    if not layout.present(window, other)[at]:
        return window
    shape = layout.view(window, other)[at]
    shape = (shape - shape[0]) * (-1, ASPECT, 1)
    fingers = shape[1:].reshape(FINGERS, JOINTS, 3)
    fingers[:, 1:] = fingers[:, :1] + (fingers[:, 1:] - fingers[:, :1]) * keep[:, None, None]
    shape = shape @ _rotation(0, turn) / (1, ASPECT, 1)
    new, empty = window.copy(), layout.present(window, "pose") & ~there
    wrist = layout.view(window, "pose")[empty][:, [_number(layout, f"{hand.removesuffix('_hand')}_wrist")], :2]
    points = np.repeat(shape[None].astype(np.float32), len(wrist), axis=0)
    points[..., :2] += wrist
    layout.view(new, hand)[empty] = points
    return new


def fold_finger(window: Array, layout: Layout, hand: str, finger: int, keep: Array) -> Array:
    """Samples (T, layout.size) with a finger, 0 the thumb, drawn in to its first joint: keep (T,) of its length."""
    folded = window.copy()
    points = layout.view(folded, hand)[:, 1 + finger * JOINTS : 1 + (finger + 1) * JOINTS]
    points[:, 1:] = points[:, :1] + (points[:, 1:] - points[:, :1]) * keep[:, None, None].astype(window.dtype)
    return folded


def shake(window: Array, layout: Layout, size: float, rng: np.random.Generator) -> Array:
    """Samples (T, layout.size) with noise of standard deviation `size`, in image widths, in x, y and z.

    Every landmark has its own, half of which it keeps from one sample to the next; a face has none (`DENSE`).
    """
    shaken, sizes = window.copy(), np.array([1, 1 / ASPECT, 1]) * size / np.sqrt(2)
    for part in layout.parts:
        points, seen = layout.view(shaken, part.name), layout.present(window, part.name)
        if part.points > DENSE or not seen.any():
            continue
        noise = rng.standard_normal((3, len(window) + 1, part.points), np.float32)
        for axis in range(3):
            points[..., axis] += (noise[axis, 1:] + noise[axis, :-1]) * (seen * sizes[axis]).astype(np.float32)[:, None]
    return shaken


def sheet(
    windows: Array,
    labels: Sequence[str],
    rng: np.random.Generator,
    layout: Layout = HOLISTIC,
    strength: Strength = DEFAULT,
) -> Figure:
    """Windows (n, T, layout.size), a column each: as they are, and below four augmented ones; four moments of each.

    The grey frames are the picture; what lies outside them the camera would not have seen.
    """
    from matplotlib.figure import Figure

    versions = 5
    figure = Figure(figsize=(5.2 * len(windows), 1.12 * versions + 0.3), layout="constrained", facecolor="#191919")
    grid = figure.subplots(versions, len(windows), squeeze=False)
    for column, (window, label) in enumerate(zip(windows, labels, strict=True)):
        grid[0, column].set_title(label.replace("$", r"\$"), color="white", fontsize=10)
        for row in range(versions):
            _film(grid[row, column], augment(window, rng, layout, strength) if row else window, layout)
    for row in range(versions):
        grid[row, 0].set_ylabel(f"augmented {row}" if row else "as recorded", color="white", fontsize=8)
    return figure


def _film(axes: Axes, window: Array, layout: Layout, moments: int = 4) -> None:
    """Draw moments of a window (T, layout.size) side by side."""
    from matplotlib.collections import LineCollection

    from handsign.screen import PART_COLOURS

    at = np.linspace(0, len(window) - 1, moments + 2).round().astype(int)[1:-1]
    for frame, sample in enumerate(window[at]):
        corner = np.array([frame * 1.12, 0])
        box = corner + np.array([[0, 0], [1, 0], [1, ASPECT], [0, ASPECT], [0, 0]])
        axes.plot(*box.T, color="#666666", linewidth=0.6)
        for part, colour in zip(layout.parts, PART_COLOURS * len(layout.parts), strict=False):
            points = layout.view(sample, part.name)
            shown = np.broadcast_to(points.any(), len(points))
            if "visibility" in part.fields:
                shown = shown & (points[:, part.fields.index("visibility")] >= 0.5)
            pairs = np.array(sorted(part.connections), int).reshape(-1, 2)
            lines = (corner + points[:, :2] * (1, ASPECT))[pairs[shown[pairs].all(axis=1)]]
            axes.add_collection(LineCollection(list(lines), colors=[np.array(colour[::-1]) / 255], linewidths=0.8))
    axes.set(xlim=(-0.1, moments * 1.12), ylim=(ASPECT * 1.15, -ASPECT * 0.05), aspect="equal", xticks=[], yticks=[])
    axes.set_facecolor("#191919")
    axes.spines[:].set_visible(False)
