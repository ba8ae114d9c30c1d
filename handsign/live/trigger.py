"""Probabilities over time -> events: one a sign, not one a prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from handsign.data.take import is_rest

if TYPE_CHECKING:
    from handsign.bundle.info import TriggerConfig
    from handsign.types import Array


class Event(msgspec.Struct, frozen=True):
    """Something recognised at `time` seconds. In JSON the time is called `t`."""

    time: float = msgspec.field(name="t")
    label: str
    probability: float


class Trigger:
    """Turns the probabilities of labels into events.

    An event needs the same label to lead with at least `threshold` in `min_consecutive` predictions in a row. Its sign
    then goes on as long as its probability is at least `release`, whatever leads, and the same label can come again
    `refractory` seconds after that; another label need not wait. A label for rest never becomes an event, nor does one
    whose probability is zero.

    Rest keeps the others back where it leads, or, with `rest_threshold`, where it has at least that probability. With
    `idle_event` an event of that label follows `min_consecutive` predictions in a row in which no label leads, once
    after each other event.

    >>> from handsign.bundle.info import TriggerConfig
    >>> trigger = Trigger(["hello", "nothing"], TriggerConfig(threshold=0.8, min_consecutive=2))
    >>> trigger.update(0.0, np.array([0.9, 0.1])) is None
    True
    >>> trigger.update(0.1, np.array([0.9, 0.1])).label
    'hello'
    """

    def __init__(self, labels: Sequence[str], config: TriggerConfig) -> None:
        self.labels, self.config = labels, config
        self.threshold = max(config.threshold, 1e-6)
        self.release = min(max(config.release, 1e-6), self.threshold)  # what is clear enough to come goes on
        self._rest = np.array([is_rest(label) for label in labels])
        self._idle = True
        self._leader: int | None = None
        self._consecutive = 0
        self._last: int | None = None
        self._last_shown = -np.inf

    def update(self, time: float, probabilities: Array) -> Event | None:
        """Take the probabilities (labels,) at `time` seconds; returns an event if they complete one."""
        leader = self.leader(probabilities)
        self._consecutive = self._consecutive + 1 if leader == self._leader else 1
        self._leader = leader
        if self._last is not None and probabilities[self._last] >= self.release:
            self._last_shown = time  # before the refractory time is compared: predictions may be rarer than that
        elif time - self._last_shown >= self.config.refractory:
            self._last = None
        if self._consecutive < self.config.min_consecutive or (leader is not None and leader == self._last):
            return None
        if leader is None:
            return self._idle_event(time, probabilities)
        self._last, self._last_shown, self._idle = leader, time, False
        return Event(time, self.labels[leader], float(probabilities[leader]))

    def leader(self, probabilities: Array) -> int | None:
        """The index of the label that is clearly shown, if any and not rest, by probabilities (labels,)."""
        others = np.where(self._rest, 0.0, probabilities)
        best = int(others.argmax())
        rest = float(probabilities[self._rest].max(initial=0.0))
        limit = self.config.rest_threshold
        kept_back = rest > others[best] if limit is None else rest >= limit
        return best if others[best] >= self.threshold and not kept_back else None

    def _idle_event(self, time: float, probabilities: Array) -> Event | None:
        label = self.config.idle_event
        if self._idle or not label or self._last_shown == time:  # the last sign still goes on
            return None
        self._idle = True
        return Event(time, label, float(np.where(self._rest, probabilities, 0.0).sum()))
