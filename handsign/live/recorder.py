"""Record the takes of a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from handsign.data.take import Take, is_rest
from handsign.display.view import View
from handsign.live.session import Session

if TYPE_CHECKING:
    from handsign.capture.source import Frame
    from handsign.data.store import Store
    from handsign.data.take import TakeInfo
    from handsign.types import Array


@dataclass(frozen=True)
class Plan:
    """What to record: `sequences` takes of `length` frames of each action, with `pause` seconds before each.

    The pauses become takes of `rest`, if it names a label. A take has every `every`-th frame of the source.
    """

    actions: Sequence[str]
    sequences: int
    length: int
    pause: float
    rest: str | None = None
    every: int = 1


@dataclass(frozen=True)
class SavedTake:
    """A take that this session wrote, its frames a second, and shares of its frames by what was found in them."""

    path: Path
    action: str
    rate: float
    quality: Mapping[str, float]

    def __str__(self) -> str:
        shares = "".join(f"  {what} {share:.0%}" for what, share in self.quality.items())
        return f"{self.path.parent.name}/{self.path.stem}{shares}  {self.rate:.1f} frames a second"


MAX_GAP = 1.0
"""Seconds between two frames above which a take starts again: the camera was away."""

LEAD_IN = 0.5
"""Seconds before a take from which no frame is dropped: frames already on their way may have gaps before them."""

MARGIN = 0.3
"""Seconds trimmed from both ends of a pause: people begin a sign early and end it late."""


class Recorder(Session):
    """Records the takes of a plan that are not there yet, one after another, and then is done.

    info     what the `TakeInfo` of every take has in common
    cue      is called with each action as its take begins
    quality  samples (T, *sample) -> shares of frames by what was found in them
    saved    the takes that were written

    With `plan.rest` a pause is saved with the take behind it, as long as there is less than one for every round of the
    plan's actions; `saved` does not list these.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        info: TakeInfo,
        quality: Callable[[Array], Mapping[str, float]] = lambda samples: {},
        cue: Callable[[str], None] = lambda action: None,
    ) -> None:
        super().__init__()
        self.plan, self.store, self.info, self._quality, self._cue = plan, store, info, quality, cue
        self.saved: list[SavedTake] = []
        self.commands = {
            "space": ("pause", self._pause),
            "r": ("redo", self._redo),
            "n": ("next action", self._next),
        }
        self._index = 0  # of the action; behind the last one everything is recorded
        self._taken = 0  # how many takes of it there are
        self._paused = False
        self._now = 0.0
        self._starts: float | None = None
        self._frames: list[tuple[float, Array]] | None = None
        self._idle: list[tuple[float, Array]] = []  # the pause before them
        self._dropped = 0  # frames since the last one that was kept
        self._redone: SavedTake | None = None  # the take that the next one replaces
        self._skip_full()
        self.done = self._complete
        if plan.rest and not self.done:
            self.message = f"pauses are recorded as {plan.rest}: move as you do when you sign nothing"

    @property
    def _complete(self) -> bool:
        return self._index == len(self.plan.actions) and self._redone is None

    @property
    def action(self) -> str:
        """The action being recorded."""
        return self._redone.action if self._redone else self.plan.actions[min(self._index, len(self.plan.actions) - 1)]

    @property
    def keep_all(self) -> bool:
        """During a take, and `LEAD_IN` seconds before it."""
        soon = self._starts is not None and self._now >= self._starts - LEAD_IN
        return soon or self._frames is not None

    def on_sample(self, sample: Array, frame: Frame) -> None:
        """Count down, then collect a take's frames."""
        away = not 0 < frame.time - self._now < MAX_GAP
        self._now = frame.time
        if self._frames and (away or frame.skipped):
            self._drop()
            why = "the pictures stopped for a moment" if away else f"pictures had to be dropped ({frame.skipped})"
            self.message = f"{why}: the take starts again"
        elif away:
            self._idle.clear()
        if self._paused or self.done:
            return
        if self._starts is None:
            self._starts = self._now + self.plan.pause
        if self._frames is None and self._now >= self._starts:
            if self._complete:
                self.done = True
                return
            self._frames = []
            self._cue(self.action)
        kept = self._idle if self._frames is None else self._frames
        self._dropped = (self._dropped + 1) % self.plan.every if self._frames else 0
        if self._dropped:
            return
        kept.append((frame.time, np.array(sample, np.float32)))
        if self._frames and len(self._frames) == self.plan.length:
            self._finish(self._frames)

    def _take(self, frames: Sequence[tuple[float, Array]], action: str) -> Take:
        times, samples = np.array([at for at, _ in frames]), np.stack([sample for _, sample in frames])
        return Take(samples, times - times[0], msgspec.structs.replace(self.info, action=action))

    def _save_rest(self) -> None:
        """The middle of the pause as a take, if there are not yet as many as rounds of the plan's actions."""
        plan, times = self.plan, [at for at, _ in self._idle]
        calm = [(at, sample) for at, sample in self._idle if times[0] + MARGIN <= at <= times[-1] - MARGIN]
        if not plan.rest or len(calm) < max(2, plan.length / 2):
            return
        there, taken = len(self._there(plan.rest)), sum(len(self._there(action)) for action in plan.actions)
        if there < plan.sequences and there * len(plan.actions) < taken:
            self.store.add(self._take(calm[-2 * plan.length :], plan.rest))

    def _there(self, action: str) -> list[Path]:
        return self.store.paths(action, self.info.signer)

    def _finish(self, frames: Sequence[tuple[float, Array]]) -> None:
        take = self._take(frames, self.action)
        self._save_rest()
        self._drop()
        if self._redone:
            path = self._redone.path
            self.store.replace(path, take)
        else:
            path = self.store.add(take)
        rate = (len(take.times) - 1) / float(take.times[-1])
        saved = SavedTake(path, self.action, rate, self._quality(take.samples))
        self._redone = None
        self.saved.append(saved)
        self.message = str(saved)
        missing = [what for what, share in saved.quality.items() if share == 0]
        if missing and not is_rest(saved.action):
            self.message = f"no {missing[0]} was seen in {saved.path.stem}: press r to redo it"
            self._starts = self._now + 2 * self.plan.pause + 1
        self._skip_full()

    def _skip_full(self) -> None:
        for action in self.plan.actions[self._index :]:
            self._taken = len(self._there(action))
            if self._taken < self.plan.sequences:
                break
            self._index += 1

    def _drop(self) -> None:
        self._frames = self._starts = None
        self._idle.clear()

    def _pause(self) -> None:
        self._paused = not self._paused
        self.message = f"paused{', the take in progress was dropped' if self._frames else ''}" if self._paused else "on"
        self._drop()

    def _redo(self) -> None:
        if self._frames is not None:
            self.message = "the take in progress starts again"
        elif self._redone is not None:
            self.message = f"{self._redone.path.stem} is being redone already"
            return
        elif not self.saved:
            self.message = "there is no take of this session to redo yet"
            return
        else:
            self._redone = self.saved.pop()
            self.message = f"{self._redone.path.stem} is kept until its new take is there"
        self._drop()

    def _next(self) -> None:
        self._drop()
        redone, self._redone = self._redone, None
        if redone:
            self.saved.append(redone)
        if not redone or redone.action == self.action:
            self._index = min(self._index + 1, len(self.plan.actions))
        self._skip_full()
        self.message = "that was the last action" if self._complete else f"now {self.action}"

    def view(self) -> View:
        """Countdown or recording light, and how far the plan has come."""
        recording, plan = self._frames is not None, self.plan
        waiting = self._starts is not None and not recording and not self._complete
        left = self._starts - self._now if self._starts is not None and waiting else None
        take = f"redoing {self._redone.path.stem}" if self._redone else f"take {self._taken + 1} of {plan.sequences}"
        number = list(plan.actions).index(self.action) + 1
        title = f"{self.action}   {take}   action {number} of {len(plan.actions)}"
        state = "paused" if self._paused else "recording" if recording else "get ready"
        return View(
            title="everything is recorded" if self._complete else title,
            state="done" if self._complete else state,
            recording=recording,
            countdown=left,
            progress=len(self._frames or ()) / plan.length if recording else None,
            message=self.message,
            help=self.help,
            keys=super().view().keys,
        )
