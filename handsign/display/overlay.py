"""Draw the overlay: landmarks, polylines, prediction intervals and text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from handsign.display.landmarks import draw_landmarks
from handsign.display.palette import (
    BLUE,
    GREEN,
    GREY,
    INTERVAL_OPACITIES,
    LINE_COLOURS,
    RED,
    TRACK,
    WHITE,
    YELLOW,
)
from handsign.display.text import Canvas, line_height

if TYPE_CHECKING:
    from handsign.display.view import Line, View
    from handsign.landmarks.layout import Layout
    from handsign.types import Array


HALF_OPACITY_RADIUS = 0.06
"""Radius at which a prediction interval has half of its opacity, relative to the image's width."""


def paint(image: Array, sample: Array | None, layout: Layout | None, view: View, mirror: bool = False) -> Array:
    """A copy of an image (H, W, 3) uint8 BGR with the landmarks of a sample and a view drawn on it.

    sample  (layout.size,); None draws no landmarks
    layout  of the sample; None if the task's samples are not landmarks
    mirror  flip the image and what is drawn at places in it, but not the text

    >>> from handsign.display.view import View
    >>> image = np.zeros((240, 320, 3), np.uint8)
    >>> paint(image, None, None, View(title="hello", scores=[("hello", 0.8), ("thanks", 0.2)])).shape
    (240, 320, 3)
    """
    output = image.copy()
    if layout is not None and sample is not None:
        draw_landmarks(output, sample, layout)
    draw_prediction_intervals(output, view.prediction_intervals)
    for line in view.lines:
        draw_line(output, line)
    if mirror:
        cv2.flip(output, 1, dst=output)  # in place: no second copy
    canvas = Canvas(output)
    top = _header(canvas, view)
    bottom = _sentence(canvas, view, _footer(canvas, view))
    _scores(canvas, view, top, bottom, right=not mirror)  # away from the right hand, with which most people sign
    if view.countdown is not None and view.countdown > 0:
        _countdown(canvas, math.ceil(view.countdown))
    if view.help:
        _help(canvas, view)
    return output


def draw_line(image: Array, line: Line) -> None:
    """Draw a polyline on an image (H, W, 3) uint8 BGR, in place, with a gap where a point is exactly (0, 0)."""
    height, width = image.shape[:2]
    points = (line.points * (width - 1, height - 1) * 16).round().astype(np.int32)  # in 1/16 pixel
    thickness, gaps = max(2, round(min(height, width) / 240)), np.flatnonzero(~line.points.any(axis=1))
    runs = [run[run.any(axis=1)] for run in np.split(points, gaps)]
    runs = [run for run in runs if len(run) > 1]
    cv2.polylines(image, runs, False, LINE_COLOURS[line.colour], thickness, cv2.LINE_AA, 4)
    if line.dots:
        for x, y in points.tolist():
            cv2.circle(image, (x, y), 16 * thickness, LINE_COLOURS[line.colour], -1, cv2.LINE_AA, 4)


def draw_prediction_intervals(image: Array, intervals: Sequence[tuple[Array, Array]]) -> None:
    """Draw three prediction intervals, the widest first, on an image (H, W, 3) uint8 BGR, in place.

    Each is discs around points (n, 2), relative to the image's size, with radii (n,), relative to its width. The
    larger a disc, the lower its opacity: otherwise the last discs of a path would hide all others. They are drawn at
    a quarter of the size, since discs of hundreds of pixels take long and their edges are blurred anyway.
    """
    if not intervals:
        return
    opacity = np.zeros((image.shape[0] // 4, image.shape[1] // 4), np.uint8)
    height, width = opacity.shape
    for strongest, (points, radii) in zip(INTERVAL_OPACITIES, intervals, strict=True):
        discs = np.zeros_like(opacity)
        centres = (points * (width, height) * 16).round().astype(int).tolist()
        sizes = (radii * width * 16).round().astype(int).tolist()
        values = (strongest / (1 + radii / HALF_OPACITY_RADIUS)).tolist()
        for centre, size, value in reversed(list(zip(centres, sizes, values, strict=True))):
            cv2.circle(discs, centre, size, value, -1, cv2.LINE_8, 4)
        np.maximum(opacity, discs, out=opacity)
    weight = cv2.resize(cv2.blur(opacity, (3, 3)), image.shape[1::-1])[..., None].astype(np.uint16)
    image[...] = (image * (255 - weight) + np.array(LINE_COLOURS["blue"], np.uint16) * weight) // 255


def _header(canvas: Canvas, view: View) -> int:
    """The strip at the top: title, state or "REC", progress. Returns its bottom edge in pixels."""
    em, pad = canvas.em, canvas.em // 2
    bottom = 2 * em
    canvas.darken(0, 0, canvas.width, bottom)
    top = (bottom - line_height(em)) // 2
    state = "REC" if view.recording else view.state
    right = canvas.width - pad
    used = canvas.text(
        state, canvas.width // 2, top, right, RED if view.recording else GREY, bold=view.recording, align=1
    )
    if view.recording:
        used += em + pad
        cv2.circle(canvas.image, (right - used + em // 2, bottom // 2), em // 2, RED, -1, cv2.LINE_AA)
    canvas.text(view.title, pad, top, right - used - em, bold=True)
    if view.progress is None:
        return bottom
    end = bottom + max(3, em // 4)
    canvas.fill(0, bottom, canvas.width, end, TRACK)
    canvas.fill(0, bottom, round(canvas.width * _unit(view.progress)), end, RED if view.recording else BLUE)
    return end


def _footer(canvas: Canvas, view: View) -> int:
    """The strip at the bottom: keys and footer, with the message above. Returns its top edge in pixels."""
    em, pad = canvas.em, canvas.em // 2
    lines = _wrap(canvas, view)
    line = line_height(em) + pad // 2
    top = canvas.height - len(lines) * line - pad // 2 * bool(lines)
    canvas.darken(0, top, canvas.width, canvas.height)
    for row, items in enumerate(lines):
        y = top + pad // 2 + row * line
        for x, text, is_key in items:
            canvas.text(text, x, y, canvas.width - pad, YELLOW if is_key else GREY, bold=is_key)
    if view.message:
        top -= line + pad // 2
        canvas.darken(0, top, canvas.width, top + line + pad // 2)
        canvas.text(view.message, pad, top + pad // 2, canvas.width - pad)
    return top


def _wrap(canvas: Canvas, view: View) -> list[list[tuple[int, str, bool]]]:
    """The keys and, right-aligned, the footer, wrapped into lines of (x, text, whether it is a key)."""
    pad = canvas.em // 2
    lines: list[list[tuple[int, str, bool]]] = []
    x = canvas.width
    for key, action in view.keys:
        first, second = canvas.measure(key, bold=True), canvas.measure(action)
        if x + first + pad + second > canvas.width - pad or not lines:
            lines.append([])
            x = pad
        lines[-1] += [(x, key, True), (x + first + pad, action, False)]
        x += first + second + 3 * pad
    if view.footer:
        start = max(pad, canvas.width - pad - canvas.measure(view.footer))
        if x > start or not lines:
            lines.append([])
        lines[-1].append((start, view.footer, False))
    return lines


def _sentence(canvas: Canvas, view: View, bottom: int) -> int:
    """The sentence in large letters, or as many of its last labels as fit. Returns its top edge in pixels."""
    if not view.sentence:
        return bottom
    pad, words = canvas.em // 2, list(view.sentence)
    room = canvas.width - 2 * pad
    while len(words) > 1 and canvas.measure("  ".join(words), 1.6, True) > room:
        del words[0]
    top = bottom - line_height(round(1.6 * canvas.em)) - pad
    canvas.darken(0, top, canvas.width, bottom)
    canvas.text("  ".join(words), pad, top + pad // 2, canvas.width - pad, size=1.6, bold=True, align=0.5)
    return top


def _scores(canvas: Canvas, view: View, top: int, bottom: int, right: bool) -> None:
    """A bar for each label, in label order. If they do not fit, the most probable ones first and "+5 more"."""
    em, pad = canvas.em, canvas.em // 2
    width, row = min(max(13 * em, canvas.width // 4), canvas.width - 2 * pad), round(1.6 * em)
    left = canvas.width - width - pad if right else pad
    fits = (bottom - top - 3 * pad) // row
    if not view.scores or fits < 1:
        return
    scores = list(view.scores)
    if len(scores) > fits:
        scores = sorted(scores, key=lambda score: -score[1])[: max(fits - 1, 1)]
    hidden = len(view.scores) - len(scores)
    y, rows = top + pad, len(scores) + (hidden > 0 and fits > 1)
    canvas.darken(left, y, left + width, y + pad + row * rows, 0.5)
    for label, value in scores:
        _bar(canvas, view, label, value, (left + pad // 2, y + pad // 2, left + width - pad // 2, y + row))
        y += row
    if hidden and fits > 1:
        canvas.text(f"+{hidden} more", left + pad, y + pad // 2, left + width - pad, GREY)


def _bar(canvas: Canvas, view: View, label: str, value: float, box: tuple[int, int, int, int]) -> None:
    """The bar of one label in the box (left, top, right, bottom), in pixels."""
    left, top, right, bottom = box
    pad, leads = canvas.em // 3, label == view.leader
    fraction = _unit(value)
    end = right - canvas.measure("100%", bold=True) - pad
    canvas.darken(left, top, end, bottom, 0.6)
    canvas.fill(left, top, left + round((end - left) * fraction), bottom, GREEN if leads else BLUE)
    if view.threshold is not None:
        tick = left + round((end - left) * _unit(view.threshold))
        canvas.fill(tick - 1, top, tick + max(1, canvas.em // 12), bottom, YELLOW)
    y = top + (bottom - top - line_height(canvas.em)) // 2
    canvas.text(f"{100 * fraction:.0f}%", end, y, right - pad // 2, bold=leads, align=1)
    canvas.text(label, left + pad, y, end - pad, bold=leads)


def _unit(value: float) -> float:
    """A value clipped to 0..1; 0 for NaN."""
    return 0.0 if math.isnan(value) else min(max(value, 0.0), 1.0)


def _countdown(canvas: Canvas, number: int) -> None:
    """A large number in a disc, centred."""
    size = min(canvas.height, canvas.width) / 5 / canvas.em
    radius = round(size * canvas.em * 0.8)
    x, y = canvas.width // 2, canvas.height // 2
    area = canvas.image[y - radius : y + radius + 1, x - radius : x + radius + 1]
    disc = np.zeros(area.shape[:2], np.uint8)
    cv2.circle(disc, (radius, radius), max(radius - 2, 0), (255,), -1, cv2.LINE_AA)
    area[...] = (area * (256 - disc[..., None].astype(np.uint16) * 3 // 4)) >> 8
    cv2.circle(area, (radius, radius), max(radius - 2, 0), WHITE, max(1, canvas.em // 10), cv2.LINE_AA)
    top = y - line_height(round(size * canvas.em)) // 2
    canvas.text(str(number), x - radius, top, x + radius, size=size, bold=True, align=0.5)


def _help(canvas: Canvas, view: View) -> None:
    """The keys and what they do, in large letters, centred."""
    rows = len(view.keys) + 2
    size = min(1.6, 0.8 * canvas.height / (rows * 1.5 * canvas.em), 0.9 * canvas.width / (20 * canvas.em))
    em = round(size * canvas.em)
    column = max((canvas.measure(key, size, True) for key, _ in view.keys), default=0)
    inner = column + em + max((canvas.measure(action, size) for _, action in view.keys), default=0)
    inner = min(max(inner, canvas.measure("Keys", size, True)), canvas.width - 4 * em)
    left, line = (canvas.width - inner) // 2, round(1.5 * em)
    top = max(0, (canvas.height - rows * line) // 2)
    canvas.darken(left - 2 * em, top, left + inner + 2 * em, top + rows * line, 0.1)
    canvas.text("Keys", left, top + em // 2, left + inner, size=size, bold=True)
    for row, (key, action) in enumerate(view.keys):
        y = top + (row + 1) * line + em
        canvas.text(key, left, y, left + inner, YELLOW, size, True)
        canvas.text(action, left + column + em, y, left + inner, WHITE, size)
