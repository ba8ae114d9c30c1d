"""What a person sees: landmarks and text drawn on a picture (`paint`), a window for it and a video file for it.

Text is drawn by Pillow with the DejaVu font that Matplotlib brings along: cv2.putText knows ASCII only, and this build
of OpenCV has no FreeType module.
"""

from __future__ import annotations

import ctypes
import importlib.util
import math
import os
import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handsign.errors import InputError
from handsign.files import TEMPORARY

if TYPE_CHECKING:
    from handsign.keypoints import Layout, Part
    from handsign.session import Line, View

Array = np.ndarray[Any, Any]
Colour = tuple[int, int, int]  # BGR, like the pictures

# Okabe & Ito's palette ("Color Universal Design", 2008), told apart with every common colour blindness.
PART_COLOURS: tuple[Colour, ...] = ((245, 245, 245), (167, 121, 204), (0, 159, 230), (233, 180, 86), (66, 228, 240))
BLUE, GREEN, YELLOW, RED = (150, 95, 20), (105, 145, 0), (66, 228, 240), (60, 60, 235)
WHITE, GREY, TRACK, SHADE = (255, 255, 255), (205, 205, 205), (70, 70, 70), (25, 25, 25)
INKS = {"red": RED, "amber": (0, 159, 230), "blue": (233, 180, 86)}
SHADES = (70, 120, 180)  # of 255: how strong the bands of a fan are, the widest first
HALF = 0.06  # radius in widths at which a band is half as strong
OTHER_FONTS = ("malgun.ttf", "msyh.ttc", "AppleSDGothicNeo.ttc", "NotoSansCJK-Regular.ttc", "NanumGothic.ttf")
KEY_NAMES = {32: "space", 27: "esc", 13: "enter", 10: "enter", 8: "backspace", 9: "tab"}
DENSE = 100  # a part of more points than this is a mesh: its points are specks between the strokes, not joints


def draw_landmarks(image: Array, sample: Array, layout: Layout) -> None:
    """Draw a sample (layout.size,) on a contiguous image (H, W, 3) uint8 BGR, in place.

    The first two fields of every part are x and y in image widths and heights. Landmarks at exactly (0, 0) are missing
    and NaN or far away ones are unusable: they are left out with the lines to them, and so are landmarks whose
    `visibility`, where the part has it, is under 0.5.
    """
    at, judged, visibility = _columns(layout)
    x, y = sample[at], sample[at + 1]
    near = (np.abs(x - 0.5) < 2) & (np.abs(y - 0.5) < 2)  # false for NaN too; OpenCV's lines overflow far outside
    shown = near & ((x != 0) | (y != 0))
    shown[judged] &= sample[visibility] >= 0.5
    height, width = image.shape[:2]
    spots = np.stack([np.where(shown, x, 0) * (16 * width), np.where(shown, y, 0) * (16 * height)], axis=1)
    spots = spots.round().astype(np.int32)  # in 1/16 pixel, so that slow movements do not jitter
    thick = max(1, round(min(height, width) / 360))
    for part, colour, own in _inks(layout):
        draw = _draw_contours if part.points > DENSE else _draw_bones
        draw(image, _lines(spots[own], shown[own], part), colour, thick)
    _draw_dots(image, spots, shown, layout, thick)


def _draw_contours(image: Array, lines: list[Array], colour: Colour, thick: int) -> None:
    """Thin lines, given in 1/16 pixel, with a shadow that shows them on bright grounds."""
    side = max(1, thick // 2)
    cv2.polylines(image, [line + 16 * side for line in lines], False, SHADE, side, cv2.LINE_8, 4)
    cv2.polylines(image, lines, False, colour, side, cv2.LINE_AA, 4)


def _draw_bones(image: Array, lines: list[Array], colour: Colour, thick: int) -> None:
    """Lines with a dark rim. Smooth edges cost little only where a line is one pixel wide, so that is drawn on top."""
    cv2.polylines(image, lines, False, SHADE, max(3, 2 * thick - 1), cv2.LINE_8, 4)
    if thick > 2:
        cv2.polylines(image, lines, False, colour, thick - 1, cv2.LINE_8, 4)
    cv2.polylines(image, lines, False, colour, 1, cv2.LINE_AA, 4)


def _draw_dots(image: Array, spots: Array, shown: Array, layout: Layout, thick: int) -> None:
    """The layout's dots around the spots (n, 2) in 1/16 pixel that are shown (n,) and in the picture, all at once.

    The picture's edges push them inside. A colour is written as one value, in a third of the time of three.
    """
    height, width = image.shape[:2]
    reach, landmark, offset, colour = _dots(layout, thick, width)
    if min(height, width) <= 2 * reach:
        return
    x, y = spots.T
    shown = shown & (x >= 0) & (x < 16 * width) & (y >= 0) & (y < 16 * height)
    if not shown.all():
        landmark, offset, colour = (values[shown[landmark]] for values in (landmark, offset, colour))
    x, y = (x + 8) >> 4, (y + 8) >> 4
    middle = y.clip(reach, height - 1 - reach) * width + x.clip(reach, width - 1 - reach)
    image.reshape(-1).view("V3")[middle[landmark] + offset] = colour


@lru_cache(maxsize=8)
def _columns(layout: Layout) -> tuple[Array, Array, Array]:
    """Of a layout of n landmarks: columns of x (n,), which ones have a visibility (k,), and its columns (k,)."""
    at, judged, visibility = [], [], []
    for part in layout.parts:
        starts = np.arange(layout.slices[part.name].start, layout.slices[part.name].stop, len(part.fields))
        if "visibility" in part.fields:
            judged += range(len(at), len(at) + part.points)
            visibility += (starts + part.fields.index("visibility")).tolist()
        at += starts.tolist()
    return np.array(at), np.array(judged, int), np.array(visibility, int)


@lru_cache(maxsize=8)
def _inks(layout: Layout) -> list[tuple[Part, Colour, slice]]:
    """The parts, each with its colour and which of all landmarks are its own."""
    ends = np.cumsum([part.points for part in layout.parts]).tolist()
    owns = [slice(end - part.points, end) for part, end in zip(layout.parts, ends, strict=True)]
    return list(zip(layout.parts, PART_COLOURS * len(ends), owns, strict=False))


def _lines(spots: Array, shown: Array, part: Part) -> list[Array]:
    """What to join of a part's spots (n, 2): runs of them, or single lines where some are not shown."""
    strokes, pairs = _strokes(part)
    if shown.all():
        return [spots.take(stroke, axis=0) for stroke in strokes]
    return list(spots[pairs[shown[pairs].all(axis=1)]])


@lru_cache(maxsize=32)
def _strokes(part: Part) -> tuple[list[Array], Array]:
    """The part's strokes as landmark numbers, and all their lines (n, 2) one by one."""
    return [np.array(stroke) for stroke in part.strokes], np.array(sorted(part.connections), int).reshape(-1, 2)


@lru_cache(maxsize=8)
def _dots(layout: Layout, thick: int, width: int) -> tuple[int, Array, Array, Array]:
    """How far dots reach, and all their pixels, outer ones first, in a picture so wide: of which landmark (m,), how
    many pixels behind it (m,), and the colour (m,) as "V3".

    Joints are round with a dark rim, the points of a mesh are specks.
    """
    found, reach = [], int(2.1 * thick)
    for part, colour, own in _inks(layout):
        speck = max(1, thick // 2) / 2
        core, rim = (speck, speck) if part.points > DENSE else (1.5 * thick, 2.1 * thick)
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
        distance = np.hypot(x, y)
        inner = np.clip(core + 0.5 - distance, 0, 1)
        ink = [a * (1 - inner) + b * inner for a, b in zip(SHADE, colour, strict=True)]
        disc = np.stack([distance, y * width + x, *ink], axis=1)[distance <= rim]
        landmarks = np.arange(own.start, own.stop)
        found.append(np.column_stack([np.tile(landmarks, len(disc)), np.repeat(disc, part.points, axis=0)]))
    dots = np.concatenate(found)
    dots = dots[np.argsort(-dots[:, 1], kind="stable")]
    landmark, _, offset, *ink = dots.round().astype(int).T
    return reach, landmark, offset, np.stack(ink, axis=1).astype(np.uint8).view("V3")[:, 0]


def paint(image: Array, sample: Array | None, layout: Layout | None, view: View, mirror: bool = False) -> Array:
    """A new picture (H, W, 3) uint8 BGR: the image with its landmarks, mirrored if asked, and the view's text on top.

    sample (layout.size,) may be None, and so may the layout of a task whose samples are not landmarks; then no
    landmarks are drawn. The text is never mirrored.
    """
    picture = image.copy()
    if layout is not None and sample is not None:
        draw_landmarks(picture, sample, layout)
    draw_fan(picture, view.fan)
    for line in view.lines:
        draw_line(picture, line)
    if mirror:
        cv2.flip(picture, 1, dst=picture)  # in place: no second picture
    page = _Page(picture)
    top = _header(page, view)
    bottom = _sentence(page, view, _footer(page, view))
    _scores(page, view, top, bottom, right=not mirror)  # most people sign with the hand on the other side
    if view.countdown is not None and view.countdown > 0:
        _countdown(page, math.ceil(view.countdown))
    if view.help:
        _help(page, view)
    return picture


def draw_line(image: Array, line: Line) -> None:
    """Draw a path (n, 2) in shares of the image (H, W, 3) uint8 BGR in place, with gaps where it is exactly (0, 0)."""
    height, width = image.shape[:2]
    spots = (line.points * (width - 1, height - 1) * 16).round().astype(np.int32)
    thick, ends = max(2, round(min(height, width) / 240)), np.flatnonzero(~line.points.any(axis=1))
    runs = [run[run.any(axis=1)] for run in np.split(spots, ends)]
    cv2.polylines(image, [run for run in runs if len(run) > 1], False, INKS[line.ink], thick, cv2.LINE_AA, 4)
    if line.dots:
        for x, y in spots.tolist():
            cv2.circle(image, (x, y), 16 * thick, INKS[line.ink], -1, cv2.LINE_AA, 4)


def draw_fan(image: Array, fan: Sequence[tuple[Array, Array]]) -> None:
    """Bands around a path, the widest first: (points (n, 2) in image sizes, radii (n,) in its widths), each a shade.

    The wider the fainter: what may be anywhere is nowhere in particular, and the last discs would hide all others.
    Drawn on a quarter of the size: their edges are soft, and discs of hundreds of pixels take their time.
    """
    if not fan:
        return
    small = np.zeros((image.shape[0] // 4, image.shape[1] // 4), np.uint8)
    for shade, (points, radii) in zip(SHADES, fan, strict=True):
        band = np.zeros_like(small)
        spots = (points * (small.shape[1], small.shape[0]) * 16).round().astype(int).tolist()
        sizes, strengths = (radii * small.shape[1] * 16).round().astype(int).tolist(), shade / (1 + radii / HALF)
        for spot, size, strength in reversed(list(zip(spots, sizes, strengths.tolist(), strict=True))):
            cv2.circle(band, spot, size, strength, -1, cv2.LINE_8, 4)
        np.maximum(small, band, out=small)
    share = cv2.resize(cv2.blur(small, (3, 3)), image.shape[1::-1])[..., None].astype(np.uint16)
    image[...] = (image * (255 - share) + np.array(INKS["blue"], np.uint16) * share) // 255


@dataclass(frozen=True)
class _Page:
    """A picture to write on; `em` is the height of its text in pixels, and everything else is measured in it."""

    image: Array

    @property
    def width(self) -> int:
        return self.image.shape[1]

    @property
    def height(self) -> int:
        return self.image.shape[0]

    @cached_property
    def em(self) -> int:
        return max(10, round(min(self.height, self.width * 3 / 4) / 32))

    def darken(self, left: int, top: int, right: int, bottom: int, keep: float = 0.25) -> None:
        """A translucent dark panel."""
        area = self.image[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
        area[...] = cv2.convertScaleAbs(area, alpha=keep) if area.size else 0

    def fill(self, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        self.image[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = colour

    def text(
        self,
        text: str,
        left: int,
        top: int,
        right: int,
        colour: Colour = WHITE,
        size: float = 1.0,
        bold: bool = False,
        align: float = 0.0,
    ) -> int:
        """Write one line between left and right, shortened where it is longer, and return its width.

        `align` is 0 for left, 0.5 for the middle, 1 for right; `size` is in em.
        """
        pixels = max(1, round(self.em * size))
        ink, keep = _stamp(_shorten(text, right - left, pixels, bold), pixels, bold, colour)
        x, y = max(0, left + round((right - left - ink.shape[1]) * align)), max(0, top)
        area = self.image[y : y + ink.shape[0], x : x + ink.shape[1]]
        h, w = area.shape[:2]
        area[...] = (area * keep[:h, :w] + ink[:h, :w]) >> 8
        return ink.shape[1]

    def measure(self, text: str, size: float = 1.0, bold: bool = False) -> int:
        """The width of a line in pixels."""
        return _stamp(text, max(1, round(self.em * size)), bold, WHITE)[0].shape[1]


def _header(page: _Page, view: View) -> int:
    """The strip at the top: title, state or recording light, progress of the take. Returns where it ends."""
    em, pad = page.em, page.em // 2
    bottom = 2 * em
    page.darken(0, 0, page.width, bottom)
    top = (bottom - _line(em)) // 2
    state = "REC" if view.recording else view.state
    right = page.width - pad
    used = page.text(state, page.width // 2, top, right, RED if view.recording else GREY, bold=view.recording, align=1)
    if view.recording:
        used += em + pad
        cv2.circle(page.image, (right - used + em // 2, bottom // 2), em // 2, RED, -1, cv2.LINE_AA)
    page.text(view.title, pad, top, right - used - em, bold=True)
    if view.progress is None:
        return bottom
    end = bottom + max(3, em // 4)
    page.fill(0, bottom, page.width, end, TRACK)
    page.fill(0, bottom, round(page.width * _share(view.progress)), end, RED if view.recording else BLUE)
    return end


def _footer(page: _Page, view: View) -> int:
    """The strip at the bottom: keys, then frame rate, then the message above. Returns where it starts."""
    em, pad = page.em, page.em // 2
    lines = _wrap(page, view)
    line = _line(em) + pad // 2
    top = page.height - len(lines) * line - pad // 2 * bool(lines)
    page.darken(0, top, page.width, page.height)
    for row, items in enumerate(lines):
        y = top + pad // 2 + row * line
        for x, text, is_key in items:
            page.text(text, x, y, page.width - pad, YELLOW if is_key else GREY, bold=is_key)
    if view.message:
        top -= line + pad // 2
        page.darken(0, top, page.width, top + line + pad // 2)
        page.text(view.message, pad, top + pad // 2, page.width - pad)
    return top


def _wrap(page: _Page, view: View) -> list[list[tuple[int, str, bool]]]:
    """The lines of the key strip as (x, text, whether it is a key); the view's footer stands at the right end."""
    pad = page.em // 2
    lines: list[list[tuple[int, str, bool]]] = []
    x = page.width
    for key, does in view.keys:
        first, second = page.measure(key, bold=True), page.measure(does)
        if x + first + pad + second > page.width - pad or not lines:
            lines.append([])
            x = pad
        lines[-1] += [(x, key, True), (x + first + pad, does, False)]
        x += first + second + 3 * pad
    if view.footer:
        start = max(pad, page.width - pad - page.measure(view.footer))
        if x > start or not lines:
            lines.append([])
        lines[-1].append((start, view.footer, False))
    return lines


def _sentence(page: _Page, view: View, bottom: int) -> int:
    """The recognised signs in large letters, the last ones if not all fit. Returns where they start."""
    if not view.sentence:
        return bottom
    pad, words = page.em // 2, list(view.sentence)
    room = page.width - 2 * pad
    while len(words) > 1 and page.measure("  ".join(words), 1.6, True) > room:
        del words[0]
    top = bottom - _line(round(1.6 * page.em)) - pad
    page.darken(0, top, page.width, bottom)
    page.text("  ".join(words), pad, top + pad // 2, page.width - pad, size=1.6, bold=True, align=0.5)
    return top


def _scores(page: _Page, view: View, top: int, bottom: int, right: bool) -> None:
    """A bar for each label, in label order; the most probable ones and "+5 more" where they do not all fit."""
    em, pad = page.em, page.em // 2
    width, row = min(max(13 * em, page.width // 4), page.width - 2 * pad), round(1.6 * em)
    left = page.width - width - pad if right else pad
    fits = (bottom - top - 3 * pad) // row
    if not view.scores or fits < 1:
        return
    scores = list(view.scores)
    if len(scores) > fits:
        scores = sorted(scores, key=lambda score: -score[1])[: max(fits - 1, 1)]
    hidden = len(view.scores) - len(scores)
    y, rows = top + pad, len(scores) + (hidden > 0 and fits > 1)
    page.darken(left, y, left + width, y + pad + row * rows, 0.5)
    for label, value in scores:
        _bar(page, view, label, value, (left + pad // 2, y + pad // 2, left + width - pad // 2, y + row))
        y += row
    if hidden and fits > 1:
        page.text(f"+{hidden} more", left + pad, y + pad // 2, left + width - pad, GREY)


def _bar(page: _Page, view: View, label: str, value: float, box: tuple[int, int, int, int]) -> None:
    """One label with its probability in the box (left, top, right, bottom)."""
    left, top, right, bottom = box
    pad, leads = page.em // 3, label == view.leader
    share = _share(value)
    end = right - page.measure("100%", bold=True) - pad
    page.darken(left, top, end, bottom, 0.6)
    page.fill(left, top, left + round((end - left) * share), bottom, GREEN if leads else BLUE)
    if view.threshold is not None:
        tick = left + round((end - left) * _share(view.threshold))
        page.fill(tick - 1, top, tick + max(1, page.em // 12), bottom, YELLOW)
    y = top + (bottom - top - _line(page.em)) // 2
    page.text(f"{100 * share:.0f}%", end, y, right - pad // 2, bold=leads, align=1)
    page.text(label, left + pad, y, end - pad, bold=leads)


def _share(value: float) -> float:
    """A probability or progress within 0..1, 0 for NaN."""
    return 0.0 if math.isnan(value) else min(max(value, 0.0), 1.0)


def _countdown(page: _Page, number: int) -> None:
    """A big number in the middle."""
    size = min(page.height, page.width) / 5 / page.em
    radius = round(size * page.em * 0.8)
    x, y = page.width // 2, page.height // 2
    area = page.image[y - radius : y + radius + 1, x - radius : x + radius + 1]
    disc = np.zeros(area.shape[:2], np.uint8)
    cv2.circle(disc, (radius, radius), max(radius - 2, 0), 255, -1, cv2.LINE_AA)
    area[...] = (area * (256 - disc[..., None].astype(np.uint16) * 3 // 4)) >> 8
    cv2.circle(area, (radius, radius), max(radius - 2, 0), WHITE, max(1, page.em // 10), cv2.LINE_AA)
    top = y - _line(round(size * page.em)) // 2
    page.text(str(number), x - radius, top, x + radius, size=size, bold=True, align=0.5)


def _help(page: _Page, view: View) -> None:
    """The keys once more, large, in the middle."""
    rows = len(view.keys) + 2
    size = min(1.6, 0.8 * page.height / (rows * 1.5 * page.em), 0.9 * page.width / (20 * page.em))
    em = round(size * page.em)
    column = max((page.measure(key, size, True) for key, _ in view.keys), default=0)
    inner = column + em + max((page.measure(does, size) for _, does in view.keys), default=0)
    inner = min(max(inner, page.measure("Keys", size, True)), page.width - 4 * em)
    left, line = (page.width - inner) // 2, round(1.5 * em)
    top = max(0, (page.height - rows * line) // 2)
    page.darken(left - 2 * em, top, left + inner + 2 * em, top + rows * line, 0.1)
    page.text("Keys", left, top + em // 2, left + inner, size=size, bold=True)
    for row, (key, does) in enumerate(view.keys):
        y = top + (row + 1) * line + em
        page.text(key, left, y, left + inner, YELLOW, size, True)
        page.text(does, left + column + em, y, left + inner, WHITE, size)


@lru_cache(maxsize=128)
def _font(name: str, pixels: int) -> ImageFont.FreeTypeFont | None:
    """A font by file name, ours or the system's; None where there is no such font."""
    found = importlib.util.find_spec("matplotlib")  # finds it without importing it
    ours = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / name if found and found.origin else Path(name)
    try:
        return ImageFont.truetype(str(ours) if ours.exists() else name, pixels)
    except OSError:
        return None


@lru_cache(maxsize=1024)
def _spell(text: str, pixels: int, bold: bool) -> tuple[str, ImageFont.FreeTypeFont]:
    """The text on one line and a font that has all its letters; without such a font, the text in Latin letters."""
    text = "".join(c if c.isprintable() else " " for c in text)
    own = _font("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf", pixels)
    assert own is not None, "Matplotlib's DejaVu fonts are missing"
    if text.isascii():
        return text, own
    for font in (own, *(_font(name, pixels) for name in OTHER_FONTS)):
        if font is not None and all(_has(font, c) for c in text):
            return text, font
    return "".join(c if _has(own, c) else _latin(c) for c in text), own


def _has(font: ImageFont.FreeTypeFont, letter: str) -> bool:
    """Whether the font can draw the letter: what it cannot, it draws like U+FFFF, which no font has."""
    return letter == " " or bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))


def _latin(letter: str) -> str:
    """The sound that Unicode's name of a letter ends in ("HANGUL SYLLABLE AN" -> "an"), or "?"."""
    name = unicodedata.name(letter, "")
    return name.split()[-1].lower() if "SYLLABLE" in name or "LETTER" in name else "?"


@lru_cache(maxsize=1024)
def _shorten(text: str, width: int, pixels: int, bold: bool) -> str:
    """The text, or as much of its beginning as fits into `width` pixels with "..." behind it."""
    text, font = _spell(text, pixels, bold)
    if font.getlength(text) <= width:
        return text
    keep = next((n for n in range(len(text) - 1, 0, -1) if font.getlength(text[:n].rstrip() + "...") <= width), 0)
    return text[:keep].rstrip() + "..." if keep else ""


@lru_cache(maxsize=1024)
def _stamp(text: str, pixels: int, bold: bool, colour: Colour) -> tuple[Array, Array]:
    """A line of text as (ink, keep), both (h, w, 3) uint16: (area * keep + ink) / 256 is the area with the text."""
    text, font = _spell(text, pixels, bold)
    mask = Image.new("L", (math.ceil(font.getlength(text)), _line(pixels)))
    ImageDraw.Draw(mask).text((0, round(pixels * 0.95)), text, fill=255, font=font, anchor="ls")
    opaque = np.asarray(mask, np.uint16)[..., None]
    opaque = opaque + (opaque >> 7)  # 0..256
    return opaque * np.array(colour, np.uint16), np.repeat(256 - opaque, 3, axis=2)


def _line(pixels: int) -> int:
    """The height of a line of text of a size; its letters stand in the middle."""
    return round(1.25 * pixels)


class Window:
    """A window that shows pictures and reports keys; a context manager. It opens with the first picture.

    Raises:
        InputError: there is no display to open it on.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._open = False
        self._hears: Callable[[float, float], None] | None = None
        if sys.platform.startswith("linux"):
            os.environ.setdefault("QT_QPA_PLATFORM", "xcb")  # the only one in OpenCV's wheel; else Qt warns on Wayland
            if not _display_answers():  # Qt would abort the whole process
                raise InputError("there is no display to open a window on: set DISPLAY, or use --headless")

    def show(self, image: Array) -> None:
        """Show a picture (H, W, 3) uint8 BGR; the window starts at the size of the first and keeps its proportions."""
        if not self._open:
            cv2.namedWindow(self._title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
            cv2.resizeWindow(self._title, image.shape[1], image.shape[0])
            cv2.setMouseCallback(self._title, self._mouse)
            self._open = True
        cv2.imshow(self._title, image)

    def listen(self, hears: Callable[[float, float], None]) -> None:
        """Call `hears` with the pixel (x, y) of the picture that the mouse moves to, while `key` waits."""
        self._hears = hears

    def _mouse(self, event: int, x: int, y: int, flags: int, extra: Any) -> None:
        if self._hears and event in {cv2.EVENT_MOUSEMOVE, cv2.EVENT_LBUTTONDOWN, cv2.EVENT_LBUTTONUP}:
            self._hears(x, y)

    def key(self, wait_ms: int = 1) -> str | None:
        """The key pressed within `wait_ms`: a lower-case character or "space", "esc", "enter", "backspace", "tab".

        None for no key, "quit" once the window has been closed with the mouse. This also keeps the window alive.
        """
        if not self._open:
            return None
        code = cv2.waitKeyEx(max(1, wait_ms))
        if cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1:
            return "quit"
        code = code & 0xFFFF if code >= 0 else 0  # without the flags for shift, num lock, ...; arrows are above 0xFF00
        return KEY_NAMES.get(code) or (chr(code).lower() if 32 < code < 127 else None)

    def __enter__(self) -> Window:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._open and cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1:
            cv2.destroyWindow(self._title)
            cv2.waitKey(1)
        self._open = False


def _display_answers() -> bool:
    """Whether there is an X server to talk to (Wayland desktops run one too)."""
    if not os.environ.get("DISPLAY"):
        return False
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:  # OpenCV's own copy may still work
        return True
    x11.XOpenDisplay.restype = ctypes.c_void_p
    display = x11.XOpenDisplay(None)
    if display:
        x11.XCloseDisplay(ctypes.c_void_p(display))
    return bool(display)


class VideoFile:
    """An MP4 file of pictures at `rate` a second (> 0); a context manager.

    It is written under a temporary name and renamed at the end, also when an exception ends the block early: what was
    filmed is kept. Nothing is left when there was no picture.

    Raises:
        InputError: the folder does not exist, or OpenCV cannot write such a file.
    """

    def __init__(self, path: Path | str, rate: float) -> None:
        self._path, self._rate = Path(path), rate
        self._temporary = self._path.with_name(f".{self._path.stem}.{os.getpid()}{TEMPORARY}{self._path.suffix}")
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        if not self._path.parent.is_dir():
            raise InputError(f"{self._path} cannot be written: there is no folder {self._path.parent}")
        if self._path.suffix.lower() != ".mp4":
            raise InputError(f"{self._path} cannot be written: give a name that ends in .mp4")

    def write(self, image: Array) -> None:
        """Append a picture (H, W, 3) uint8 BGR; the first one fixes the size, others are scaled to it."""
        if self._writer is None:
            self._size = (image.shape[1], image.shape[0])
            self._writer = cv2.VideoWriter(
                str(self._temporary), cv2.VideoWriter.fourcc(*"mp4v"), self._rate, self._size
            )
        if not self._writer.isOpened():
            raise InputError(f"{self._path} cannot be written: check that the folder can be written to")
        same = image.shape[1::-1] == self._size
        self._writer.write(image if same else cv2.resize(image, self._size))

    def __enter__(self) -> VideoFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._writer is None:
            return
        opened = self._writer.isOpened()
        self._writer.release()
        if opened:
            self._temporary.replace(self._path)
        else:
            self._temporary.unlink(missing_ok=True)
