"""The signs of the practice signer as key poses of the hands, simplified from ASL.

Coordinates and units are those of `handsign.capture.practice_body`: shoulder widths, both hands as right hands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handsign.data.take import NOTHING

if TYPE_CHECKING:
    from handsign.types import Array


Vector = tuple[float, float, float]

# Hand shapes as eight values: curl of index, middle, ring and pinky (0 straight, 1 in the fist), bend of all knuckles,
# spread of the fingers, thumb away from the hand, thumb across the palm.
SHAPES: Mapping[str, tuple[float, ...]] = {
    "relaxed": (0.30, 0.35, 0.40, 0.45, 0.15, 0.2, 0.4, 0.3),
    "flat": (0.03, 0.03, 0.03, 0.03, 0.00, 0.1, 0.3, 0.1),
    "open": (0.03, 0.03, 0.03, 0.03, 0.00, 1.0, 0.9, 0.0),
    "fist": (1.00, 1.00, 1.00, 1.00, 0.00, 0.0, 0.3, 1.0),
    "thumb up": (1.00, 1.00, 1.00, 1.00, 0.00, 0.0, 1.4, 0.0),
    "i love you": (0.02, 1.00, 1.00, 0.02, 0.00, 0.7, 1.1, 0.0),
    "beak open": (0.02, 0.02, 1.00, 1.00, 0.10, 0.2, 1.0, 0.0),
    "beak shut": (0.15, 0.15, 1.00, 1.00, 0.80, 0.0, 0.6, 0.6),
    "flat o": (0.25, 0.25, 0.25, 0.25, 0.75, 0.0, 0.5, 0.7),
}


@dataclass(frozen=True)
class Hand:
    """The pose of a right hand.

    wrist  position, in shoulder widths
    point  direction of the fingers, of any length
    palm   direction that the palm faces, of any length
    shape  name in `SHAPES`
    """

    wrist: Vector
    point: Vector
    palm: Vector
    shape: str

    @property
    def values(self) -> Array:
        """(17,) wrist, point, palm and the eight values of the shape, as numbers that can be interpolated."""
        return np.array([*self.wrist, *self.point, *self.palm, *SHAPES[self.shape]])


@dataclass(frozen=True)
class Sign:
    """A sign as key poses.

    hand     key poses of the signing hand
    other    as many of the other hand; empty if it stays in the lap
    repeats  least and greatest number of repetitions
    """

    hand: Sequence[Hand]
    other: Sequence[Hand] = ()
    repeats: tuple[int, int] = (1, 1)


LAP = Hand((-0.35, -1.45, 0.45), (0.6, -0.3, 0.7), (0.1, -1.0, 0.1), "relaxed")

FIDGETS = (
    Hand((-0.40, -1.30, 0.50), (0.7, -0.1, 0.6), (0.1, -1.0, 0.2), "relaxed"),
    Hand((-0.20, -0.85, 0.60), (0.9, 0.1, 0.3), (0.1, -0.6, -0.8), "relaxed"),
    Hand((-0.30, -0.05, 0.35), (0.5, 0.9, 0.0), (0.4, 0.1, -0.9), "relaxed"),
)

CIRCLE = tuple((0.15 * np.cos(a), 0.15 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 9))

MOVEMENTS: Mapping[str, Sign] = {
    "hello": Sign(  # the open hand waves beside the head
        (
            Hand((-0.95, 0.25, 0.40), (-0.45, 0.9, 0.1), (0.0, -0.1, 1.0), "open"),
            Hand((-0.80, 0.28, 0.40), (0.40, 0.9, 0.1), (0.0, -0.1, 1.0), "open"),
        ),
        repeats=(2, 3),
    ),
    "thanks": Sign(  # the flat hand goes from the chin forward and down
        (
            Hand((-0.28, -0.06, 0.45), (0.45, 0.9, -0.1), (0.1, 0.0, -1.0), "flat"),
            Hand((-0.28, -0.06, 0.48), (0.45, 0.9, -0.1), (0.1, 0.0, -1.0), "flat"),
            Hand((-0.38, -0.25, 0.95), (0.10, 0.5, 0.9), (0.0, 0.9, -0.5), "flat"),
            Hand((-0.40, -0.35, 1.00), (0.05, 0.2, 1.0), (0.0, 1.0, -0.2), "flat"),
        )
    ),
    "iloveyou": Sign(  # thumb, index and little finger are extended and held
        (
            Hand((-0.85, 0.12, 0.50), (0.00, 1.0, 0.0), (0.0, 0.0, 1.0), "i love you"),
            Hand((-0.78, 0.15, 0.55), (0.05, 1.0, 0.0), (0.0, 0.0, 1.0), "i love you"),
        )
    ),
    "yes": Sign(  # the fist nods
        (
            Hand((-0.68, -0.02, 0.55), (0.0, 1.0, 0.1), (0.2, -0.1, 1.0), "fist"),
            Hand((-0.68, -0.08, 0.60), (0.0, 0.1, 1.0), (0.2, -1.0, 0.1), "fist"),
        ),
        repeats=(2, 3),
    ),
    "no": Sign(  # index and middle finger close on the thumb
        (
            Hand((-0.62, 0.05, 0.50), (0.45, 0.85, 0.2), (0.75, -0.3, 0.6), "beak open"),
            Hand((-0.60, 0.02, 0.52), (0.45, 0.85, 0.2), (0.75, -0.3, 0.6), "beak shut"),
        ),
        repeats=(2, 3),
    ),
    "please": Sign(  # the flat hand circles on the chest
        tuple(Hand((-0.30 + x, -0.45 + y, 0.32), (0.95, 0.3, -0.05), (0.1, 0.0, -1.0), "flat") for x, y in CIRCLE)
    ),
    "help": Sign(  # the fist with its thumb up rests on the other palm, both rise
        (
            Hand((-0.28, -0.58, 0.50), (0.8, -0.1, 0.6), (0.6, 0.0, -0.8), "thumb up"),
            Hand((-0.28, -0.15, 0.55), (0.8, -0.1, 0.6), (0.6, 0.0, -0.8), "thumb up"),
        ),
        (
            Hand((-0.30, -0.75, 0.50), (0.9, 0.0, 0.4), (0.0, 1.0, 0.3), "flat"),
            Hand((-0.30, -0.32, 0.55), (0.9, 0.0, 0.4), (0.0, 1.0, 0.3), "flat"),
        ),
    ),
    "more": Sign(  # the fingertips of both hands tap each other
        tuple(Hand((x, -0.35, 0.50), (1.0, 0.15, 0.25), (0.2, -0.3, -1.0), "flat o") for x in (-0.60, -0.42)),
        tuple(Hand((x, -0.35, 0.50), (1.0, 0.15, 0.25), (0.2, -0.3, -1.0), "flat o") for x in (-0.60, -0.42)),
        repeats=(2, 3),
    ),
}

REST = NOTHING

SIGNS: tuple[str, ...] = (*MOVEMENTS, REST)
