"""Draw the landmarks of a sample on an image."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from handsign.display.palette import OUTLINE, PART_COLOURS

if TYPE_CHECKING:
    from handsign.display.palette import Colour
    from handsign.landmarks.layout import Layout, Part
    from handsign.types import Array


MESH_POINTS = 100
"""A part with more points than this is a mesh, such as the face: drawn with thin lines and small dots."""


def draw_landmarks(image: Array, sample: Array, layout: Layout) -> None:
    """Draw a sample (layout.size,) on a contiguous image (H, W, 3) uint8 BGR, in place.

    The first two fields of every part must be x and y, relative to the image's width and height. A landmark is not
    drawn, nor the lines to it, if it is missing (exactly (0, 0)), NaN, more than 1.5 image sizes outside, or has a
    field `visibility` below 0.5.
    """
    x_columns, with_visibility, visibility = _columns(layout)
    x, y = sample[x_columns], sample[x_columns + 1]
    near = (np.abs(x - 0.5) < 2) & (np.abs(y - 0.5) < 2)  # false for NaN too; cv2.polylines overflows far outside
    shown = near & ((x != 0) | (y != 0))
    shown[with_visibility] &= sample[visibility] >= 0.5
    height, width = image.shape[:2]
    points = np.stack([np.where(shown, x, 0) * (16 * width), np.where(shown, y, 0) * (16 * height)], axis=1)
    points = points.round().astype(np.int32)  # in 1/16 pixel, so that slow movements do not jitter
    thickness = max(1, round(min(height, width) / 360))
    for part, colour, own in _coloured_parts(layout):
        draw = _draw_mesh if part.points > MESH_POINTS else _draw_bones
        draw(image, _lines(points[own], shown[own], part), colour, thickness)
    _draw_dots(image, points, shown, layout, thickness)


def _draw_mesh(image: Array, lines: list[Array], colour: Colour, thickness: int) -> None:
    """Thin lines in 1/16 pixel, with a dark copy one line to the lower right that shows on a bright background."""
    thin = max(1, thickness // 2)
    cv2.polylines(image, [line + 16 * thin for line in lines], False, OUTLINE, thin, cv2.LINE_8, 4)
    cv2.polylines(image, lines, False, colour, thin, cv2.LINE_AA, 4)


def _draw_bones(image: Array, lines: list[Array], colour: Colour, thickness: int) -> None:
    """Lines in 1/16 pixel with a dark outline. Antialiasing is cheap only for lines one pixel wide, drawn on top."""
    cv2.polylines(image, lines, False, OUTLINE, max(3, 2 * thickness - 1), cv2.LINE_8, 4)
    if thickness > 2:
        cv2.polylines(image, lines, False, colour, thickness - 1, cv2.LINE_8, 4)
    cv2.polylines(image, lines, False, colour, 1, cv2.LINE_AA, 4)


def _draw_dots(image: Array, points: Array, shown: Array, layout: Layout, thickness: int) -> None:
    """The layout's dots around points (n, 2) in 1/16 pixel, where `shown` (n,) and inside the image, all at once.

    A dot at an edge is moved inside. Writing a pixel as one 3-byte value takes a third of the time of three bytes.
    """
    height, width = image.shape[:2]
    radius, landmark, offset, colour = _dots(layout, thickness, width)
    if min(height, width) <= 2 * radius:
        return
    x, y = points.T
    shown = shown & (x >= 0) & (x < 16 * width) & (y >= 0) & (y < 16 * height)
    if not shown.all():
        landmark, offset, colour = (values[shown[landmark]] for values in (landmark, offset, colour))
    x, y = (x + 8) >> 4, (y + 8) >> 4
    centre = y.clip(radius, height - 1 - radius) * width + x.clip(radius, width - 1 - radius)
    image.reshape(-1).view("V3")[centre[landmark] + offset] = colour


@lru_cache(maxsize=8)
def _columns(layout: Layout) -> tuple[Array, Array, Array]:
    """Of n landmarks: their x columns (n,), the indices (k,) of those with a visibility, and its columns (k,)."""
    x_columns, with_visibility, visibility = [], [], []
    for part in layout.parts:
        starts = np.arange(layout.slices[part.name].start, layout.slices[part.name].stop, len(part.fields))
        if "visibility" in part.fields:
            with_visibility += range(len(x_columns), len(x_columns) + part.points)
            visibility += (starts + part.fields.index("visibility")).tolist()
        x_columns += starts.tolist()
    return np.array(x_columns), np.array(with_visibility, int), np.array(visibility, int)


@lru_cache(maxsize=8)
def _coloured_parts(layout: Layout) -> list[tuple[Part, Colour, slice]]:
    """Each part with its colour and the slice of its landmarks among all of the layout."""
    ends = np.cumsum([part.points for part in layout.parts]).tolist()
    slices = [slice(end - part.points, end) for part, end in zip(layout.parts, ends, strict=True)]
    return list(zip(layout.parts, PART_COLOURS * len(ends), slices, strict=False))


def _lines(points: Array, shown: Array, part: Part) -> list[Array]:
    """The polylines of a part's points (n, 2); single segments if some points are not shown (n,)."""
    strokes, segments = _strokes(part)
    if shown.all():
        return [points.take(stroke, axis=0) for stroke in strokes]
    return list(points[segments[shown[segments].all(axis=1)]])


@lru_cache(maxsize=32)
def _strokes(part: Part) -> tuple[list[Array], Array]:
    """The part's strokes as landmark indices, and their segments (n, 2)."""
    return [np.array(stroke) for stroke in part.strokes], np.array(sorted(part.connections), int).reshape(-1, 2)


@lru_cache(maxsize=8)
def _dots(layout: Layout, thickness: int, width: int) -> tuple[int, Array, Array, Array]:
    """The pixels of all dots in an image `width` pixels wide: joints are round with a dark outline, mesh points small.

    Returns the largest radius in pixels and, for each of m pixels, the outer ones first: its landmark (m,), its offset
    from that landmark's pixel in the flattened image (m,), and its colour (m,) as "V3".
    """
    found, radius = [], int(2.1 * thickness)
    for part, colour, own in _coloured_parts(layout):
        small = max(1, thickness // 2) / 2
        core, rim = (small, small) if part.points > MESH_POINTS else (1.5 * thickness, 2.1 * thickness)
        y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].reshape(2, -1)
        distance = np.hypot(x, y)
        inner = np.clip(core + 0.5 - distance, 0, 1)
        bgr = [a * (1 - inner) + b * inner for a, b in zip(OUTLINE, colour, strict=True)]
        disc = np.stack([distance, y * width + x, *bgr], axis=1)[distance <= rim]
        landmarks = np.arange(own.start, own.stop)
        found.append(np.column_stack([np.tile(landmarks, len(disc)), np.repeat(disc, part.points, axis=0)]))
    dots = np.concatenate(found)
    dots = dots[np.argsort(-dots[:, 1], kind="stable")]
    landmark, _, offset, *bgr = dots.round().astype(int).T
    return radius, landmark, offset, np.stack(bgr, axis=1).astype(np.uint8).view("V3")[:, 0]
