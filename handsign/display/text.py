"""Text rendered on images, in any script that an installed font has."""

from __future__ import annotations

import importlib.util
import math
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handsign.display.palette import WHITE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handsign.display.palette import Colour
    from handsign.types import Array


FALLBACK_FONTS = ("malgun.ttf", "msyh.ttc", "AppleSDGothicNeo.ttc", "NotoSansCJK-Regular.ttc", "NanumGothic.ttf")
"""Fonts of Windows, macOS and Linux with Chinese, Japanese or Korean letters, for what Matplotlib's DejaVu lacks."""


@dataclass(frozen=True)
class Canvas:
    """An image (H, W, 3) uint8 BGR to draw on, in place.

    `em` is the font size in pixels and the unit of every layout. Coordinates are pixels and may lie outside.
    """

    image: Array

    @property
    def width(self) -> int:
        """Width of the image in pixels."""
        return self.image.shape[1]

    @property
    def height(self) -> int:
        """Height of the image in pixels."""
        return self.image.shape[0]

    @cached_property
    def em(self) -> int:
        """Font size in pixels, proportional to the image."""
        return max(10, round(min(self.height, self.width * 3 / 4) / 32))

    def darken(self, left: int, top: int, right: int, bottom: int, keep: float = 0.25) -> None:
        """Multiply a rectangle by `keep` (0..1): a translucent dark panel."""
        area = self.image[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
        area[...] = cv2.convertScaleAbs(area, alpha=keep) if area.size else 0

    def fill(self, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        """Fill a rectangle."""
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
        """Draw one line of text between left and right, truncated if it is too long; return its width in pixels.

        size   font size in em
        align  0 left, 0.5 centre, 1 right
        """
        pixels = max(1, round(self.em * size))
        added, keep = _render(_truncate(text, right - left, pixels, bold), pixels, bold, colour)
        x, y = max(0, left + round((right - left - added.shape[1]) * align)), max(0, top)
        area = self.image[y : y + added.shape[0], x : x + added.shape[1]]
        h, w = area.shape[:2]
        area[...] = (area * keep[:h, :w] + added[:h, :w]) >> 8
        return added.shape[1]

    def measure(self, text: str, size: float = 1.0, bold: bool = False) -> int:
        """Width of a line of text in pixels; `size` in em."""
        return _render(text, max(1, round(self.em * size)), bold, WHITE)[0].shape[1]


@lru_cache(maxsize=128)
def _font(name: str, pixels: int) -> ImageFont.FreeTypeFont | None:
    """A font by file name, from Matplotlib's or the system's fonts; None if there is no such font."""
    found = importlib.util.find_spec("matplotlib")  # locates the package without importing it
    bundled = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / name if found and found.origin else Path(name)
    try:
        return ImageFont.truetype(str(bundled) if bundled.exists() else name, pixels)
    except OSError:
        return None


@lru_cache(maxsize=1024)
def _printable(text: str, pixels: int, bold: bool) -> tuple[str, ImageFont.FreeTypeFont]:
    """The text on one line and a font with all its letters; if there is none, the other letters are romanised."""
    text = "".join(c if c.isprintable() else " " for c in text)
    default = _font("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf", pixels)
    assert default is not None, "Matplotlib's DejaVu fonts are missing"
    if text.isascii():
        return text, default
    for font in (default, *(_font(name, pixels) for name in FALLBACK_FONTS)):
        if font is not None and all(_has_glyph(font, c) for c in text):
            return text, font
    return "".join(c if _has_glyph(default, c) else _romanise(c) for c in text), default


def _has_glyph(font: ImageFont.FreeTypeFont, letter: str) -> bool:
    """Whether the font has a glyph for the letter. A font draws a missing one as U+FFFF, which no font has."""
    return letter == " " or _bitmap(font, letter) != _bitmap(font, "\uffff")


def _bitmap(font: ImageFont.FreeTypeFont, letter: str) -> bytes:
    return bytes(cast("Iterable[int]", font.getmask(letter)))


def _romanise(letter: str) -> str:
    """The last word of a letter's Unicode name, its sound in many scripts ("HANGUL SYLLABLE AN" -> "an"), or "?"."""
    name = unicodedata.name(letter, "")
    return name.split()[-1].lower() if "SYLLABLE" in name or "LETTER" in name else "?"


@lru_cache(maxsize=1024)
def _truncate(text: str, width: int, pixels: int, bold: bool) -> str:
    """The text, cut and ended with "..." if it is wider than `width` pixels."""
    text, font = _printable(text, pixels, bold)
    if font.getlength(text) <= width:
        return text
    keep = next((n for n in range(len(text) - 1, 0, -1) if font.getlength(text[:n].rstrip() + "...") <= width), 0)
    return text[:keep].rstrip() + "..." if keep else ""


@lru_cache(maxsize=1024)
def _render(text: str, pixels: int, bold: bool, colour: Colour) -> tuple[Array, Array]:
    """A line of text to blend: added and keep, both (h, w, 3) uint16. The result is (area * keep + added) / 256."""
    text, font = _printable(text, pixels, bold)
    mask = Image.new("L", (math.ceil(font.getlength(text)), line_height(pixels)))
    ImageDraw.Draw(mask).text((0, round(pixels * 0.95)), text, fill=255, font=font, anchor="ls")
    opaque = np.asarray(mask, np.uint16)[..., None]
    opaque = opaque + (opaque >> 7)  # 0..256
    return opaque * np.array(colour, np.uint16), np.repeat(256 - opaque, 3, axis=2)


def line_height(pixels: int) -> int:
    """Height in pixels of a line of text, given its font size in pixels. The letters are centred in it."""
    return round(1.25 * pixels)
