"""Recognise what the last samples show."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from handsign.data.take import is_rest
from handsign.data.windows import resample
from handsign.display.view import View
from handsign.live.session import Session
from handsign.live.trigger import Trigger

if TYPE_CHECKING:
    from handsign.bundle.info import BundleInfo
    from handsign.capture.source import Frame, Source
    from handsign.live.trigger import Event
    from handsign.types import Array

LAST_EVENTS = 1000
"""How many events a recogniser remembers."""

SENTENCE = 5
"""How many labels the sentence in the window has."""

MIN_GAP = 0.5
"""Seconds between two frames above which a window starts again, or half a window, if that is longer."""


class Recogniser(Session):
    """Keeps the last samples, predicts what the window they fill shows, and turns the predictions into events.

    The window spans the time that the model was trained on, at any frame rate: `info.window` samples, `info.rate` a
    second. Where the gate is closed the model is not asked: it is rest then, if that has a label.

    predict   window (window, *sample) -> probabilities (labels,)
    groups    columns of a sample that are missing together
    gate      window (window, *sample) -> whether anything can be going on in it
    on_event  is called with every event

    probabilities  (labels,) of the last window; None while it is not full
    events         the last `LAST_EVENTS` events; `counts`: how many there were of each label
    """

    def __init__(
        self,
        info: BundleInfo,
        predict: Callable[[Array], Array],
        groups: Sequence[slice] = (),
        gate: Callable[[Array], bool] = lambda window: True,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> None:
        super().__init__()
        self.info, self.labels, self.trigger = info, info.labels, Trigger(info.labels, info.trigger)
        self._predict, self._groups, self._gate, self._on_event = predict, groups, gate, on_event
        self._min_interval = info.trigger.min_interval - 1e-3  # the times of a file's frames are rounded
        self._asked = -np.inf
        self._offsets = (np.arange(info.window) - (info.window - 1)) / info.rate
        self._recent: deque[tuple[float, Array]] = deque()
        self._rest = np.array([is_rest(label) for label in self.labels], np.float32)
        self._active = True  # whether the gate was open for the last window
        self.probabilities: Array | None = None
        self.events: deque[Event] = deque(maxlen=LAST_EVENTS)
        self.counts: Counter[str] = Counter()
        self.event: Event | None = None
        self.sentence: deque[str] = deque(maxlen=SENTENCE)
        self.commands = {"c": ("clear", self._clear)}

    def on_sample(self, sample: Array, frame: Frame) -> Array | None:
        """Probabilities (labels,) of the window that ends now, or None until it is full."""
        return self.update_sample(sample, frame.time)

    def update_sample(self, sample: Array, time: float) -> Array | None:
        """Take a sample (*sample,) at `time` seconds; probabilities (labels,) of its window, None until it is full.

        `event` is what the sample completed, if anything.
        """
        self.event = None
        if not self._remember(sample, time):
            self.probabilities = None
            return None
        if 0 <= time - self._asked < self._min_interval:
            return self.probabilities
        self._asked = time
        window = self._window(time)
        self._active = self._gate(window)
        self.probabilities = self._predict(window) if self._active else self._rest
        self.event = self.trigger.update(time, self.probabilities)
        if self.event:
            self.events.append(self.event)
            self.counts[self.event.label] += 1
            if self.event.label != self.trigger.config.idle_event:
                self.sentence.append(self.event.label)
            self._on_event(self.event)
        return self.probabilities

    def _remember(self, sample: Array, time: float) -> bool:
        """Keep a sample; whether the samples fill a window now."""
        span, recent = -self._offsets[0], self._recent
        if recent and not 0 < time - recent[-1][0] <= max(span / 2, MIN_GAP):
            recent.clear()  # the camera was away: earlier samples do not belong to later ones
        recent.append((time, np.asarray(sample, np.float32)))
        while len(recent) > 1 and recent[1][0] <= time - span:
            recent.popleft()
        return recent[0][0] <= time - span + 1e-6

    def _window(self, time: float) -> Array:
        """The window (window, *sample) that ends at `time` seconds."""
        times = np.array([at for at, _ in self._recent])
        samples = np.stack([sample for _, sample in self._recent])
        return resample(samples, times, time + self._offsets, self._groups)

    def _clear(self) -> None:
        self.sentence.clear()
        self.message = "the sentence is empty"

    def summary(self, source: Source) -> str:
        """How the session ended, and how often each label was recognised."""
        counts = ", ".join(f"{n} x {label}" for label, n in self.counts.most_common())
        return f"{super().summary(source)}: {counts or 'nothing recognised'}"

    def view(self) -> View:
        """Bars, the sign that is shown now, the sentence."""
        found = self.probabilities
        scores = list(zip(self.labels, map(float, found if found is not None else []), strict=False))
        best = max(scores, key=lambda score: score[1], default=("", 0.0))
        leader = self.trigger.leader(found) if found is not None else None
        shown = best[0] if best[1] >= self.trigger.threshold else None
        return View(
            title=self.info.task,
            state="filling the window" if not scores else "predicting" if self._active else "at rest",
            message=self.message,
            help=self.help,
            keys=super().view().keys,
            scores=scores,
            threshold=self.trigger.threshold,
            leader=shown if leader is None else self.labels[leader],
            sentence=list(self.sentence),
        )
