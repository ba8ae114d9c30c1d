"""A path as a picture: direction is hue, speed is saturation, acceleration is brightness; gaps and clicks are marked.

Units are fixed (canvas widths and seconds), so a movement looks the same in every recording and on every canvas. For a
step from one sample to the next, a way (dx, dy) in canvas widths and dt seconds (never less than `TICK`), with speed
v = |(dx, dy)| / dt and acceleration a = (v - v of the step before) / dt:

    hue         atan2(-dy, dx) / 2 pi, of the colour circle: right is red, up is green, left cyan, down violet
    saturation  0.4 + 0.6 clip(log10(v / 0.03) / log10(5 / 0.03), 0, 1)                      0.03 to 5 widths a second
    value       0.65 + 0.35 clip(sign(a) log10(1 + |a| / 0.5) / log10(1 + 100 / 0.5), -1, 1)     0.5 to 100 widths / s²

A step while a button is down is three pixels wide. A gap of at least `GAP` seconds is no line but a grey square, the
longer the lighter: 0.35 + 0.5 clip(log10(gap / 0.25) / log10(60 / 0.25), 0, 1). Where a button goes down is a white
cross.
The path is not scaled: `SPAN` widths fill the picture, and the middle of the path's bounding box lies in its middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = np.ndarray[Any, Any]
X, Y, PRESSED, SINCE = range(4)
"""Columns of a sample: x and y in canvas widths, which button is down (0: none), seconds since the sample before."""
SIZE = 48
"""Pixels along each side of the picture."""
SPAN = 1.0
TICK = 0.004
"""Seconds. Clocks of recordings stand still, or jump; a step is never taken to be faster than this."""
GAP = 0.25
LONG = 60.0
SPEEDS = (0.03, 5.0)
ACCELERATIONS = (0.5, 100.0)


def steps(window: Array) -> tuple[Array, Array, Array, Array]:
    """Samples (T, 4) -> way (T-1, 2) in widths with y up, seconds, speed and acceleration (T-1,) of each step."""
    way = np.diff(window[:, :2], axis=0) * np.array([1.0, -1.0], window.dtype)
    seconds = np.maximum(window[1:, SINCE], TICK)
    speed = np.hypot(way[:, 0], way[:, 1]) / seconds
    return way, seconds, speed, np.diff(speed, prepend=speed[:1]) / seconds


def colours(way: Array, speed: Array, acceleration: Array) -> Array:
    """Steps (n, 2), (n,), (n,) -> their colours (n, 3) uint8, red, green, blue."""
    hue = np.degrees(np.arctan2(way[:, 1], way[:, 0])) % 360
    low, high = SPEEDS
    fast = np.clip(np.log10(np.maximum(speed, low) / low) / np.log10(high / low), 0, 1)
    unit, most = ACCELERATIONS
    pushed = np.sign(acceleration) * np.log10(1 + np.abs(acceleration) / unit) / np.log10(1 + most / unit)
    hsv = np.stack([hue, 0.4 + 0.6 * fast, 0.65 + 0.35 * np.clip(pushed, -1, 1)], axis=1).astype(np.float32)
    return np.round(cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB)[0] * 255).astype(np.uint8).reshape(-1, 3)


def picture(window: Array, size: int = SIZE) -> Array:
    """A path (T, 4) -> its picture (size, size, 3) uint8, red, green, blue, on black. See the top of this file."""
    image = np.zeros((size, size, 3), np.uint8)
    points = window[:, :2]
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    at = (points - middle) * (size / SPAN) + size / 2
    way, _, speed, acceleration = steps(window)
    gap, still = window[1:, SINCE] >= GAP, ~way.any(axis=1)
    drawn = ~gap & ~still
    _draw(
        image, at[:-1][drawn], at[1:][drawn], window[1:, PRESSED][drawn] > 0, colours(way, speed, acceleration)[drawn]
    )
    long = np.clip(np.log10(np.maximum(window[1:, SINCE][gap], GAP) / GAP) / np.log10(LONG / GAP), 0, 1)
    grey = np.round(255 * (0.35 + 0.5 * long)).astype(np.uint8)
    _stamp(image, at[1:][gap], _SQUARE, np.repeat(grey[:, None], 3, axis=1))
    down = np.flatnonzero((window[1:, PRESSED] > 0) & (window[:-1, PRESSED] == 0))
    _stamp(image, at[1:][down], _CROSS, np.full((len(down), 3), 255, np.uint8))
    return image


_SQUARE = np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)])
_CROSS = np.array([(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)])


def _draw(image: Array, start: Array, end: Array, wide: Array, colour: Array) -> None:
    """Lines from start (n, 2) to end (n, 2) pixels, all at once: a dot at least every pixel. Later ones lie on top."""
    if not len(start):
        return
    dots = np.ceil(np.abs(end - start).max(axis=1)).astype(int) + 1
    line = np.repeat(np.arange(len(start)), dots)
    part = (np.arange(len(line)) - np.repeat(np.cumsum(dots) - dots, dots)) / np.maximum(dots - 1, 1)[line]
    at = start[line] + (end - start)[line] * part[:, None]
    _stamp(image, at[wide[line]], _SQUARE, colour[line][wide[line]])
    _stamp(image, at, np.zeros((1, 2), int), colour[line])


def _stamp(image: Array, at: Array, shape: Array, colour: Array) -> None:
    """Colour (n, 3) the pixels of a shape (k, 2) around each of at (n, 2), as far as they are in the picture."""
    if not len(at):
        return
    pixels = (np.floor(at).astype(int)[:, None] + shape).reshape(-1, 2)
    inside = ((pixels >= 0) & (pixels < len(image))).all(axis=1)
    image[pixels[inside, 1], pixels[inside, 0]] = np.repeat(colour, len(shape), axis=0)[inside]


def legend(figure: Any) -> None:
    """What the colours mean, drawn by the formulas themselves into a matplotlib (sub)figure."""
    wheel, speed, acceleration, marks = figure.subplots(1, 4, width_ratios=(1, 1.6, 1.6, 1))
    y, x = np.mgrid[1:-1:121j, -1:1:121j]
    flat = np.stack([x.ravel(), y.ravel()], axis=1)
    disc = colours(flat, np.full(len(flat), 2.0), np.zeros(len(flat))).reshape(121, 121, 3)
    disc[np.hypot(x, y) > 1] = 255
    wheel.imshow(disc, extent=(-1, 1, -1, 1))
    wheel.set_title("direction of movement", fontsize=9)
    wheel.axis("off")
    _scale(speed, np.geomspace(*SPEEDS, 200), None, "speed in canvas widths a second")
    most = ACCELERATIONS[1]
    _scale(acceleration, None, np.linspace(-1, 1, 200), f"acceleration: -{most:.0f}, 0, {most:.0f} widths/s²")
    marks.imshow(_marks(), interpolation="nearest")
    marks.set_title("button down, dragged,\ngap of 0.3 and 60 s", fontsize=9)
    marks.axis("off")


def _scale(axes: Any, speed: Array | None, pushed: Array | None, title: str) -> None:
    """A stripe for each of eight directions, from the slowest or most braked to the fastest or most pushed."""
    count = 200
    unit, most = ACCELERATIONS
    speed = np.full(count, 2.0) if speed is None else speed
    acceleration = np.zeros(count)
    if pushed is not None:
        acceleration = np.sign(pushed) * unit * ((1 + most / unit) ** np.abs(pushed) - 1)
    turns = np.arange(8) * np.pi / 4
    rows = [colours(np.tile([np.cos(t), np.sin(t)], (count, 1)), speed, acceleration) for t in turns]
    axes.imshow(np.stack(rows), aspect="auto", extent=(0, 1, 0, 8))
    axes.set_yticks([])
    ends = (
        [f"{at:.2g}" for at in (SPEEDS[0], (SPEEDS[0] * SPEEDS[1]) ** 0.5, SPEEDS[1])]
        if pushed is None
        else ["brakes", "steady", "pushes"]
    )
    axes.set_xticks([0, 0.5, 1], ends, fontsize=8)
    axes.set_title(title, fontsize=9)


def _marks() -> Array:
    """A picture of each mark, made by `picture`: a click, a drag, a short gap and a long one."""

    def path(*rows: tuple[float, float, float, float]) -> Array:
        return picture(np.array(rows, np.float32), 24)

    span = 0.3
    click = path((-span, 0, 0, 0), (0, 0, 0, 0.2), (0, 0, 1, 0.1), (span, 0, 0, 0.2))
    drag = path((-span, 0, 0, 0), (0, 0, 0, 0.2), (0, 0, 1, 0.1), (span, 0, 1, 0.2))
    gaps = [path((-span, 0, 0, 0), (0, 0, 0, 0.2), (0, 0, 0, gap), (span, 0, 0, 0.2)) for gap in (0.3, LONG)]
    return np.vstack([np.hstack([click, drag]), np.hstack(gaps)])


def sheet(windows: Array, titles: Sequence[str], columns: int = 6) -> Figure:
    """Paths (n, T, 4) as pictures, several to a row, above the legend."""
    from matplotlib.figure import Figure

    rows = -(-len(windows) // columns)
    figure = Figure(figsize=(1.7 * columns, 2.0 * rows + 2.2), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(2.0 * rows, 2.2))
    for i, axes in enumerate(above.subplots(rows, columns, squeeze=False).flat):
        axes.axis("off")
        if i < len(windows):
            axes.imshow(picture(windows[i], 2 * SIZE), interpolation="nearest")
            axes.set_title(titles[i].replace("$", r"\$"), fontsize=8)
    legend(below)
    return figure
