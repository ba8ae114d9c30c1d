"""A path as an image: hue encodes direction, saturation speed, value acceleration; gaps and clicks are marked.

A path is an array of samples (T, 4), see `X`. Scales are fixed, so a movement looks the same in every recording and on
every canvas. The step from one sample to the next has a displacement (dx, dy) in canvas widths and takes dt seconds (at
least `MIN_INTERVAL`); its speed is v = |(dx, dy)| / dt, its acceleration a = (v - v of the previous step) / dt:

    hue         atan2(-dy, dx) / 2 pi, of the colour circle: right is red, up is green, left cyan, down violet
    saturation  0.4 + 0.6 clip(log10(v / 0.03) / log10(5 / 0.03), 0, 1)                      0.03 to 5 widths a second
    value       0.65 + 0.35 clip(sign(a) log10(1 + |a| / 0.5) / log10(1 + 100 / 0.5), -1, 1)     0.5 to 100 widths / s²

A step is a line one pixel wide, or three while a button is down. A step of at least `MIN_GAP` seconds is a gap, drawn
as a grey square of brightness 0.35 + 0.5 clip(log10(gap / 0.25) / log10(60 / 0.25), 0, 1). A button press is a white
cross. The path keeps its scale (the image covers `SPAN` canvas widths); the centre of its bounding box is the centre of
the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure, FigureBase

    from handsign.types import Array


X, Y, BUTTON, INTERVAL = range(4)
"""Columns of a sample: x and y in canvas widths (y down), the button that is down (0: none), seconds since the previous
sample."""

SIZE = 48
"""Width and height of the image in pixels."""

SPAN = 1.0
"""Canvas widths that the image covers."""

MIN_INTERVAL = 0.004
"""Seconds that a step takes at least: clocks of recordings stop and jump, which would give infinite speeds."""

MIN_GAP = 0.25
"""Seconds of the shortest step that is drawn as a gap."""

MAX_GAP = 60.0
"""Seconds of the gap that has the brightest square."""

SPEED_RANGE = (0.03, 5.0)
"""Speeds of the lowest and the highest saturation, in canvas widths a second."""

ACCELERATION_RANGE = (0.5, 100.0)
"""Scale of the logarithm and the acceleration of the highest value, in canvas widths / s²."""

_SQUARE = np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)])

_CROSS = np.array([(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)])


def step_kinematics(samples: Array) -> tuple[Array, Array, Array, Array]:
    """Displacement (T-1, 2), duration, speed and acceleration (T-1,) of the steps between samples (T, 4).

    Displacements are in canvas widths with y up, durations in seconds. The first acceleration is 0.

    >>> displacement, seconds, speed, acceleration = step_kinematics(np.array([[0, 0, 0, 0], [0.3, 0.4, 0, 0.5]]))
    >>> displacement.tolist(), seconds.tolist(), speed.tolist(), acceleration.tolist()
    ([[0.3, -0.4]], [0.5], [1.0], [0.0])
    """
    displacement = np.diff(samples[:, :2], axis=0) * np.array([1.0, -1.0], samples.dtype)
    seconds = np.maximum(samples[1:, INTERVAL], MIN_INTERVAL)
    speed = np.hypot(displacement[:, 0], displacement[:, 1]) / seconds
    return displacement, seconds, speed, np.diff(speed, prepend=speed[:1]) / seconds


def step_colours(displacement: Array, speed: Array, acceleration: Array) -> Array:
    """RGB colours (n, 3) uint8 of steps: displacement (n, 2) with y up, speed (n,), acceleration (n,)."""
    hue = np.degrees(np.arctan2(displacement[:, 1], displacement[:, 0])) % 360
    low, high = SPEED_RANGE
    log_speed = np.clip(np.log10(np.maximum(speed, low) / low) / np.log10(high / low), 0, 1)
    scale, limit = ACCELERATION_RANGE
    log_acceleration = np.sign(acceleration) * np.log10(1 + np.abs(acceleration) / scale) / np.log10(1 + limit / scale)
    value = 0.65 + 0.35 * np.clip(log_acceleration, -1, 1)
    hsv = np.stack([hue, 0.4 + 0.6 * log_speed, value], axis=1).astype(np.float32)
    return np.round(cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB)[0] * 255).astype(np.uint8).reshape(-1, 3)


def render(samples: Array, size: int = SIZE) -> Array:
    """Draw a path (T, 4) as an RGB image (size, size, 3) uint8 on black, as described at the top of this module."""
    image = np.zeros((size, size, 3), np.uint8)
    points = samples[:, :2]
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    pixels = (points - centre) * (size / SPAN) + size / 2
    displacement, _, speed, acceleration = step_kinematics(samples)
    colours = step_colours(displacement, speed, acceleration)
    intervals, pressed = samples[1:, INTERVAL], samples[:, BUTTON] > 0
    gap = intervals >= MIN_GAP
    line = ~gap & displacement.any(axis=1)
    _draw_lines(image, pixels[:-1][line], pixels[1:][line], pressed[1:][line], colours[line])
    log_gap = np.clip(np.log10(np.maximum(intervals[gap], MIN_GAP) / MIN_GAP) / np.log10(MAX_GAP / MIN_GAP), 0, 1)
    grey = np.round(255 * (0.35 + 0.5 * log_gap)).astype(np.uint8)
    _draw_shapes(image, pixels[1:][gap], _SQUARE, np.repeat(grey[:, None], 3, axis=1))
    presses = np.flatnonzero(pressed[1:] & (samples[:-1, BUTTON] == 0))
    _draw_shapes(image, pixels[1:][presses], _CROSS, np.full((len(presses), 3), 255, np.uint8))
    return image


def _draw_lines(image: Array, start: Array, end: Array, wide: Array, colour: Array) -> None:
    """Draw lines from start (n, 2) to end (n, 2) in pixels, at most a pixel between their dots; later ones on top.

    wide    (n,) bool, three pixels wide instead of one
    colour  (n, 3) uint8
    """
    if not len(start):
        return
    dots = np.ceil(np.abs(end - start).max(axis=1)).astype(int) + 1
    line = np.repeat(np.arange(len(start)), dots)
    fraction = (np.arange(len(line)) - np.repeat(np.cumsum(dots) - dots, dots)) / np.maximum(dots - 1, 1)[line]
    centres = start[line] + (end - start)[line] * fraction[:, None]
    _draw_shapes(image, centres[wide[line]], _SQUARE, colour[line][wide[line]])
    _draw_shapes(image, centres, np.zeros((1, 2), int), colour[line])


def _draw_shapes(image: Array, centres: Array, shape: Array, colour: Array) -> None:
    """Draw a shape, pixel offsets (k, 2), around each of the centres (n, 2), clipped to the image; colour (n, 3)."""
    if not len(centres):
        return
    pixels = (np.floor(centres).astype(int)[:, None] + shape).reshape(-1, 2)
    inside = ((pixels >= 0) & (pixels < len(image))).all(axis=1)
    image[pixels[inside, 1], pixels[inside, 0]] = np.repeat(colour, len(shape), axis=0)[inside]


def draw_legend(figure: FigureBase) -> None:
    """Draw the meaning of colours and marks into a (sub)figure, computed by the functions that draw images."""
    wheel, speed, acceleration, marks = figure.subplots(1, 4, width_ratios=(1, 1.6, 1.6, 1))
    y, x = np.mgrid[1:-1:121j, -1:1:121j]
    directions = np.stack([x.ravel(), y.ravel()], axis=1)
    disc = step_colours(directions, np.full(len(directions), 2.0), np.zeros(len(directions))).reshape(121, 121, 3)
    disc[np.hypot(x, y) > 1] = 255
    wheel.imshow(disc, extent=(-1, 1, -1, 1))
    wheel.set_title("direction of movement", fontsize=9)
    wheel.axis("off")
    low, high = SPEED_RANGE
    speeds = np.geomspace(low, high, 200)
    _draw_scale(speed, speeds, np.zeros(200), [f"{v:.2g}" for v in (low, (low * high) ** 0.5, high)])
    speed.set_title("speed in canvas widths a second", fontsize=9)
    scale, limit = ACCELERATION_RANGE
    exponents = np.linspace(-1, 1, 200)
    accelerations = np.sign(exponents) * scale * ((1 + limit / scale) ** np.abs(exponents) - 1)
    _draw_scale(acceleration, np.full(200, 2.0), accelerations, ["braking", "steady", "accelerating"])
    acceleration.set_title(f"acceleration: -{limit:.0f}, 0, {limit:.0f} widths/s²", fontsize=9)
    marks.imshow(_example_marks(), interpolation="nearest")
    marks.set_title("button down, dragged,\ngap of 0.3 and 60 s", fontsize=9)
    marks.axis("off")


def _draw_scale(axes: Any, speed: Array, acceleration: Array, ticks: Sequence[str]) -> None:
    """Draw the colours of speeds (n,) and accelerations (n,) from left to right, a row for each of eight directions."""
    angles = np.arange(8) * np.pi / 4
    directions = [np.tile([np.cos(angle), np.sin(angle)], (len(speed), 1)) for angle in angles]
    rows = [step_colours(direction, speed, acceleration) for direction in directions]
    axes.imshow(np.stack(rows), aspect="auto", extent=(0, 1, 0, 8))
    axes.set_yticks([])
    axes.set_xticks([0, 0.5, 1], ticks, fontsize=8)


def _example_marks() -> Array:
    """Four images by `render` in a square: a click, a drag, a short gap and a long one."""

    def image(*samples: tuple[float, float, float, float]) -> Array:
        return render(np.array(samples, np.float32), 24)

    span = 0.3
    click = image((-span, 0, 0, 0), (0, 0, 0, 0.2), (0, 0, 1, 0.1), (span, 0, 0, 0.2))
    drag = image((-span, 0, 0, 0), (0, 0, 0, 0.2), (0, 0, 1, 0.1), (span, 0, 1, 0.2))
    gaps = [image((-span, 0, 0, 0), (0, 0, 0, 0.2), (0, 0, 0, gap), (span, 0, 0, 0.2)) for gap in (0.3, MAX_GAP)]
    return np.vstack([np.hstack([click, drag]), np.hstack(gaps)])


def preview(windows: Array, titles: Sequence[str], columns: int = 6) -> Figure:
    """Figure of the images of windows (n, T, 4) with their titles, `columns` in a row, above the legend."""
    from matplotlib.figure import Figure

    rows = -(-len(windows) // columns)
    figure = Figure(figsize=(1.7 * columns, 2.0 * rows + 2.2), layout="constrained")
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=(2.0 * rows, 2.2)).flat
    for i, axes in enumerate(above.subplots(rows, columns, squeeze=False).flat):
        axes.axis("off")
        if i < len(windows):
            axes.imshow(render(windows[i], 2 * SIZE), interpolation="nearest")
            axes.set_title(titles[i].replace("$", r"\$"), fontsize=8)
    draw_legend(below)
    return figure
