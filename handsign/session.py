"""One person and one task: recording takes, or recognising what is done. Opens no camera, window or socket."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from handsign.goals import is_rest
from handsign.takes import Store, Take, TakeInfo
from handsign.windows import resample

if TYPE_CHECKING:
    from handsign.sources import Frame
    from handsign.task import Sense, Task

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Line:
    """A path (n, 2) in shares of the picture, red, amber or blue, as a line and perhaps a dot for each point."""

    points: Array
    ink: str
    dots: bool = False


@dataclass(frozen=True)
class View:
    """What a window shows beside the picture; `fan` are bands, widest first: points (n, 2), radii (n,) in widths."""

    title: str = ""
    state: str = "idle"
    recording: bool = False
    countdown: float | None = None
    progress: float | None = None
    message: str = ""
    keys: Sequence[tuple[str, str]] = ()
    help: bool = False
    scores: Sequence[tuple[str, float]] = ()
    threshold: float | None = None
    leader: str | None = None
    sentence: Sequence[str] = ()
    footer: str = ""
    lines: Sequence[Line] = ()
    fan: Sequence[tuple[Array, Array]] = ()


class Session:
    """What a window, a test or a file does with a task: `see` frames in the order of their times, `press` keys.

    A subclass says in `commands` what its keys do: key -> (what the help says, method), and in `mirrored` whether its
    picture may be shown like a mirror.
    """

    mirrored = True

    def __init__(self, task: Task, sense: Sense) -> None:
        self.task = task
        self.done = False
        self.message = ""
        self.help = False
        self.sample: Array | None = None
        self.sense = sense
        self.commands: Mapping[str, tuple[str, Callable[[], None]]] = {}

    def keys(self) -> dict[str, tuple[str, Callable[[], None]]]:
        """Every key that does something now."""
        return {**self.commands, "h": ("help", self._toggle_help), "q": ("quit", self.quit)}

    def press(self, key: str) -> None:
        """A key was pressed; one that does nothing says so."""
        known = {**self.keys(), "esc": ("quit", self.quit), "quit": ("quit", self.quit)}  # the last: window closed
        if key in known:
            known[key][1]()
        else:
            self.message = f"{key} does nothing here; h shows the keys"

    def see(self, frame: Frame) -> Any:
        """The next frame: sense it, then do with the sample what this session is for."""
        self.sample = frame.sample if frame.sample is not None else self.sense(frame.image)
        return self.take_in(self.sample, frame)

    def take_in(self, sample: Array, frame: Frame) -> Any:
        """What a subclass does with the sample (*sample,) of a frame."""
        raise NotImplementedError

    def view(self) -> View:
        """What to show now."""
        return View(message=self.message, help=self.help, keys=[(k, what) for k, (what, _) in self.keys().items()])

    def picture(self, image: Array) -> Array:
        """What to show where the image (H, W, 3) uint8 BGR of a frame is seen."""
        return image

    @property
    def keeps(self) -> bool:
        """Whether no frame may be dropped now, however late it comes."""
        return False

    def quit(self) -> None:
        """End the session; a take in progress is dropped, everything saved stays."""
        self.done = True

    def _toggle_help(self) -> None:
        self.help = not self.help


@dataclass(frozen=True)
class Plan:
    """What to record: `sequences` takes of `length` frames of each action, with `pause` seconds before each.

    The pauses become takes of `rest` where it names one. Of what the camera gives a take has every `every`-th frame.
    """

    actions: Sequence[str]
    sequences: int
    length: int
    pause: float
    rest: str | None = None
    every: int = 1


@dataclass(frozen=True)
class Saved:
    """A take that this session wrote, and what was found in it (shares of its frames)."""

    path: Path
    action: str
    rate: float
    quality: Mapping[str, float]

    def __str__(self) -> str:
        shares = "".join(f"  {what} {share:.0%}" for what, share in self.quality.items())
        return f"{self.path.parent.name}/{self.path.stem}{shares}  {self.rate:.1f} frames a second"


GAP = 1.0
"""Seconds without a picture that a take does not survive: the camera was away."""
READY = 0.5
"""Seconds before a take from which on no picture is dropped: those on their way already may have gaps before them."""
EDGE = 0.3
"""Seconds after a take and before the next that are no rest yet or no more: who signs is late or early."""


class Recording(Session):
    """Records the takes of a plan that are not there yet, one after another, and then is done.

    `info` is what every take's `TakeInfo` has in common; `cue` is told each action as its take begins. With `plan.rest`
    a pause is saved with the take behind it whenever there is less than one for every round of the plan's actions;
    `saved` does not list those.
    """

    def __init__(
        self, task: Task, sense: Sense, plan: Plan, store: Store, info: TakeInfo, cue: Callable[[str], None]
    ) -> None:
        super().__init__(task, sense)
        self.plan, self.store, self.info, self._cue = plan, store, info, cue
        self.saved: list[Saved] = []
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
        self._passed = 0  # how many frames since the last one that was kept
        self._over: Saved | None = None  # the take that the next one replaces
        self._skip_full()
        self.done = self._complete
        if plan.rest and not self.done:
            self.message = f"pauses are recorded as {plan.rest}: move as you do when you sign nothing"

    @property
    def _complete(self) -> bool:
        return self._index == len(self.plan.actions) and self._over is None

    @property
    def action(self) -> str:
        """The action being recorded."""
        return self._over.action if self._over else self.plan.actions[min(self._index, len(self.plan.actions) - 1)]

    @property
    def keeps(self) -> bool:
        """In a take, and for `READY` seconds before it."""
        soon = self._starts is not None and self._now >= self._starts - READY
        return soon or self._frames is not None

    def take_in(self, sample: Array, frame: Frame) -> None:
        """Count down, then collect a take's frames."""
        away = not 0 < frame.time - self._now < GAP
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
        seen = self._idle if self._frames is None else self._frames
        self._passed = (self._passed + 1) % self.plan.every if self._frames else 0
        if self._passed:
            return
        seen.append((frame.time, np.array(sample, np.float32)))
        if self._frames and len(self._frames) == self.plan.length:
            self._finish(self._frames)

    def _take(self, frames: Sequence[tuple[float, Array]], action: str) -> Take:
        times, samples = np.array([at for at, _ in frames]), np.stack([sample for _, sample in frames])
        return Take(samples, times - times[0], msgspec.structs.replace(self.info, action=action))

    def _save_rest(self) -> None:
        """The middle of the pause as a take, if there are not yet as many as rounds of the plan's actions."""
        plan, times = self.plan, [at for at, _ in self._idle]
        calm = [(at, sample) for at, sample in self._idle if times[0] + EDGE <= at <= times[-1] - EDGE]
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
        if self._over:
            path = self._over.path
            self.store.replace(path, take)
        else:
            path = self.store.add(take)
        rate = (len(take.times) - 1) / float(take.times[-1])
        saved = Saved(path, self.action, rate, self.task.quality(take.samples))
        self._over = None
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
        elif self._over is not None:
            self.message = f"{self._over.path.stem} is being redone already"
            return
        elif not self.saved:
            self.message = "there is no take of this session to redo yet"
            return
        else:
            self._over = self.saved.pop()
            self.message = f"{self._over.path.stem} is kept until its new take is there"
        self._drop()

    def _next(self) -> None:
        self._drop()
        redone, self._over = self._over, None
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
        take = f"redoing {self._over.path.stem}" if self._over else f"take {self._taken + 1} of {plan.sequences}"
        number = list(plan.actions).index(self.action) + 1
        title = f"{self.action}   {take}   action {number} of {len(plan.actions)}"
        state = "paused" if self._paused else "recording" if recording else "get ready"
        return View(
            title="everything is recorded" if self._complete else title,
            state="done" if self._complete else state,
            recording=recording,
            countdown=self._starts - self._now if waiting else None,
            progress=len(self._frames or ()) / plan.length if recording else None,
            message=self.message,
            help=self.help,
            keys=super().view().keys,
        )


@dataclass(frozen=True)
class Event:
    """Something recognised at `t` seconds."""

    t: float
    label: str
    probability: float


class Trigger:
    """Probabilities over time -> events: one per gesture, not one per frame.

    An event needs the same label to lead with at least `threshold` in `hold` looks in a row. Its sign then goes on as
    long as its probability is at least `release`, whatever leads, and the same label can come again `rearm` seconds
    after that; another label need not wait. A label for rest never comes, nor does one whose probability is zero.

    Rest keeps the others back where it leads, or, with `quiet`, where it has at least that probability. With `stand`
    an event of that name comes after `hold` looks in a row in which no label leads, once after each other event.
    """

    def __init__(
        self,
        labels: Sequence[str],
        threshold: float,
        hold: int,
        rearm: float,
        release: float,
        quiet: float | None = None,
        stand: str = "",
    ) -> None:
        self.labels, self.hold, self.rearm, self.quiet, self.stand = labels, hold, rearm, quiet, stand
        self.threshold = max(threshold, 1e-6)
        self.release = min(max(release, 1e-6), self.threshold)  # what is clear enough to come goes on
        self._rest = np.array([is_rest(label) for label in labels])
        self._stands = True
        self._leader: int | None = None
        self._looks = 0
        self._last: int | None = None
        self._seen = -np.inf

    def see(self, t: float, probabilities: Array) -> Event | None:
        """The probabilities (labels,) at `t` seconds; an event if they complete one."""
        leader = self.leads(probabilities)
        self._looks = self._looks + 1 if leader == self._leader else 1
        self._leader = leader
        if self._last is not None and probabilities[self._last] >= self.release:
            self._seen = t  # before asking for how long it was away: looks may be rarer than `rearm`
        elif t - self._seen >= self.rearm:
            self._last = None
        if self._looks < self.hold or (leader is not None and leader == self._last):
            return None
        if leader is None:
            return self._stand(t, probabilities)
        self._last, self._seen, self._stands = leader, t, False
        return Event(t, self.labels[leader], float(probabilities[leader]))

    def leads(self, probabilities: Array) -> int | None:
        """The number of the label that is clearly shown, if any and not rest, by probabilities (labels,)."""
        others = np.where(self._rest, 0.0, probabilities)
        best = int(others.argmax())
        rest = float(probabilities[self._rest].max(initial=0.0))
        kept_back = rest > others[best] if self.quiet is None else rest >= self.quiet
        return best if others[best] >= self.threshold and not kept_back else None

    def _stand(self, t: float, probabilities: Array) -> Event | None:
        if self._stands or not self.stand or self._seen == t:  # what came last still goes on
            return None
        self._stands = True
        return Event(t, self.stand, float(np.where(self._rest, probabilities, 0.0).sum()))


class Recognising(Session):
    """Keeps the last samples, asks the model about the window they fill, and turns its answers into events.

    Where the task's gate finds that nothing is going on the model is not asked: it is rest then, if that has a label.
    `predict` (n, window, *sample) -> (n, labels); the window holds the span of time that was trained on, whatever
    the frame rate: `window` samples, `rate` of them a second. Between two looks there are at least `every` seconds.
    """

    def __init__(
        self,
        task: Task,
        sense: Sense,
        predict: Callable[[Array], Array],
        labels: Sequence[str],
        window: int,
        rate: float,
        trigger: Trigger,
        tell: Callable[[Event], None] = lambda event: None,
        every: float = 0.0,
    ) -> None:
        super().__init__(task, sense)
        self._predict, self.labels, self.trigger, self._tell = predict, labels, trigger, tell
        self._every, self._looked = every - 1e-3, -np.inf  # the times of a file's pictures are rounded
        self._offsets = (np.arange(window) - (window - 1)) / rate
        self._recent: deque[tuple[float, Array]] = deque()
        self._rest = np.array([is_rest(label) for label in labels], np.float32)
        self._active = True  # whether the gate was open for the last window
        self.probabilities: Array | None = None
        self.events: list[Event] = []
        self.sentence: deque[str] = deque(maxlen=5)
        self.commands = {"c": ("clear", self._clear)}

    def take_in(self, sample: Array, frame: Frame) -> Array | None:
        """Probabilities (labels,) of the window that ends now, or None until it is full."""
        span, recent = -self._offsets[0], self._recent
        if recent and not 0 < frame.time - recent[-1][0] <= max(span / 2, 0.5):
            recent.clear()  # the camera was away: what came before does not belong to what comes now
        recent.append((frame.time, np.asarray(sample, np.float32)))
        while len(recent) > 1 and recent[1][0] <= frame.time - span:
            recent.popleft()
        if recent[0][0] > frame.time - span + 1e-6:
            self.probabilities = None
            return None
        if 0 <= frame.time - self._looked < self._every:
            return self.probabilities
        self._looked = frame.time
        times = np.array([at for at, _ in recent])
        samples = np.stack([sample for _, sample in recent])
        window = resample(samples, times, frame.time + self._offsets, self.task.groups)
        self._active = self.task.gate(window)
        answer = self.task.goal.answer
        self.probabilities = answer(self._predict, self.task.encode(window)) if self._active else self._rest
        event = self.trigger.see(frame.time, self.probabilities)
        if event:
            self.events.append(event)
            if event.label != self.trigger.stand:
                self.sentence.append(event.label)
            self._tell(event)
        return self.probabilities

    def _clear(self) -> None:
        self.sentence.clear()
        self.message = "the sentence is empty"

    def view(self) -> View:
        """Bars, the sign recognised now, the sentence."""
        found = self.probabilities
        scores = list(zip(self.labels, map(float, found if found is not None else []), strict=False))
        best = max(scores, key=lambda score: score[1], default=("", 0.0))
        leads = self.trigger.leads(found) if found is not None else None
        shown = best[0] if best[1] >= self.trigger.threshold else None
        return View(
            title=self.task.name,
            state="filling the window" if not scores else "predicting" if self._active else "at rest",
            message=self.message,
            help=self.help,
            keys=super().view().keys,
            scores=scores,
            threshold=self.trigger.threshold,
            leader=shown if leads is None else self.labels[leads],
            sentence=list(self.sentence),
        )
