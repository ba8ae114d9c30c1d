"""The colours of the overlay."""

from __future__ import annotations

Colour = tuple[int, int, int]
"""BGR, like the images."""

# The palette of Okabe & Ito ("Color Universal Design", 2008): distinct with every common colour vision deficiency.
PART_COLOURS: tuple[Colour, ...] = ((245, 245, 245), (167, 121, 204), (0, 159, 230), (233, 180, 86), (66, 228, 240))

BLUE, GREEN, YELLOW, RED = (150, 95, 20), (105, 145, 0), (66, 228, 240), (60, 60, 235)

WHITE, GREY = (255, 255, 255), (205, 205, 205)

TRACK = (70, 70, 70)
"""The part of a progress bar that is not filled."""

OUTLINE = (25, 25, 25)

LINE_COLOURS = {"red": RED, "amber": (0, 159, 230), "blue": (233, 180, 86)}

INTERVAL_OPACITIES = (70, 120, 180)
"""Of 255: of the 95 %, 80 % and 50 % prediction interval."""
