"""`realtime.py` for films: one continued beside how it really goes on, or what comes next in front of a camera."""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from handsign import films
from handsign import task as tasks
from handsign.errors import InputError
from handsign.files import atomic
from handsign.live import open_live, open_sense, open_window, play
from handsign.session import Session, View
from handsign.windows import resample

if TYPE_CHECKING:
    from handsign.sources import Frame
    from handsign.task import Sense, Task

Array = np.ndarray[Any, Any]
OUTPUT = Path("animate.mp4")
COLUMNS = 8
"""Of the small pictures that are shown live."""
SEEN, SAID = (205, 205, 205), (233, 180, 86)
"""The colours, BGR, of the frames around what was seen and what was said."""


def watch(args: argparse.Namespace) -> None:
    """`realtime.py`: continue a film of squares or of a `.npy` file and draw it; or a camera's or video's, live.

    Raises:
        InputError: the model is not there, or was made for pictures of another size.
    """
    from handsign.bundle import Bundle, made_for

    info = made_for(args.model)
    task = tasks.load(args.task)
    size = info.sample[:2]
    task = replace(task, sample=info.sample, window=info.window, sense=partial(films.grey, size))
    predict = Bundle.load(args.model, task).predict
    film = films.one(args.source or films.SQUARES) if args.camera is None else None
    if film is None:
        continue_live(args, task, predict, info.rate)
        return
    if film[0].shape[1:] != info.sample:
        raise InputError(f"{args.source} has pictures of {film[0].shape[1:3]}, the model was made for {size}")
    draw(film, continued(predict, film[0], task.goal.steps), args.output or OUTPUT, info.rate)


def continued(predict: Callable[[Array], Array], film: Array, steps: int, given: int = films.GIVEN) -> Array:
    """The first `given` pictures of a film (T, H, W, 1), and `steps` that a model says come then, told all before."""
    seen = film[:given]
    return np.concatenate([seen, films.ahead(predict, seen[None], steps)[0]])


def draw(film: tuple[Array, Array], track: Array, output: Path, rate: float, given: int = films.GIVEN) -> None:
    """Write a film as it was continued (`track`, (n, H, W, 1)) beside how it went on, picture by picture and as MP4.

    The pictures, `1_animate.png` and so on, lie in the folder of `output`, as many as the film has. The MP4 goes on to
    the end of the track.
    """
    from handsign.screen import VideoFile

    shown, following = film
    truth = [shown[0], *following]
    output.parent.mkdir(parents=True, exist_ok=True)
    with VideoFile(output, rate) as video:
        for i, picture in enumerate(_sides(track, truth, given)):
            video.write(picture)
            if i < len(shown):
                with atomic(output.parent / f"{i + 1}_animate.png") as temporary:
                    cv2.imwrite(str(temporary), picture)
    print(f"written: {output.parent / '1_animate.png'} to {min(len(track), len(shown))}_animate.png, {output}")


def _sides(track: Array, truth: list[Array], given: int) -> Iterator[Array]:
    """Each picture of a track beside the true one, if that is known: (500, 1000, 3) uint8 BGR."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), layout="constrained")
    canvas, both = FigureCanvasAgg(figure), figure.subplots(1, 2)
    for i, picture in enumerate(track):
        known = i < len(truth)
        told = "Initial trajectory" if i < given else "Predictions !"
        right = truth[i] if known else np.zeros_like(picture)
        for axes, shown, title in zip(
            both, (picture, right), (told, "Ground truth" if known else "(not known)"), strict=True
        ):
            axes.clear()
            axes.imshow(shown[..., 0], vmin=0, vmax=1)
            axes.set_title(title, fontsize=20)
            axes.set_axis_off()
        canvas.draw()
        yield np.asarray(canvas.buffer_rgba())[..., 2::-1].copy()


def continue_live(args: argparse.Namespace, task: Task, predict: Callable[[Array], Array], rate: float) -> None:
    """Show what comes next in front of a camera or in a video, until it ends or somebody quits."""
    from handsign.screen import VideoFile

    with ExitStack() as stack:
        source = stack.enter_context(open_live(args, task))
        video = stack.enter_context(VideoFile(args.output, source.rate)) if args.output else None
        window = stack.enter_context(open_window(args, f"handsign: {task.name}"))
        sense = stack.enter_context(open_sense(task, source))
        session = Continuing(task, sense, predict, rate)
        play(session, source, window, video)
    print(f"{'stopped' if session.done else f'{source.name} ended'}: continued {session.looks} times")
    if args.output:
        print(f"written: {args.output}")


class Continuing(Session):
    """Keeps the last pictures and, `rate` times a second, has the model continue them.

    seen  (GIVEN, H, W, 1) what the model was shown last, and said (steps, H, W, 1), what it said comes next
    """

    mirrored = False

    def __init__(self, task: Task, sense: Sense, predict: Callable[[Array], Array], rate: float) -> None:
        super().__init__(task, sense)
        self._predict, self._period = predict, 1 / rate
        self._offsets = (np.arange(films.GIVEN) - (films.GIVEN - 1)) / rate
        self._recent: deque[tuple[float, Array]] = deque()
        self._asked = -np.inf
        self.looks = 0
        self.seen: Array | None = None
        self.said: Array | None = None

    def take_in(self, sample: Array, frame: Frame) -> Array | None:
        """Remember the picture; every `1 / rate` seconds say what comes next."""
        now = frame.time
        if self._recent and now <= self._recent[-1][0]:  # another film
            self._recent.clear()
            self._asked = -np.inf
        self._recent.append((now, sample))
        while len(self._recent) > 2 and self._recent[1][0] <= now + self._offsets[0]:
            self._recent.popleft()
        full = self._recent[0][0] <= now + self._offsets[0] + 1e-6
        if full and now - self._asked >= self._period - 1e-6:
            self._ask(now)
        return self.said

    def _ask(self, now: float) -> None:
        times, samples = (np.array(of) for of in zip(*self._recent, strict=True))
        self.seen = resample(samples, times, now + self._offsets).astype(np.float32)
        self.said = films.ahead(self._predict, self.seen[None], self.task.goal.steps)[0]
        self._asked, self.looks = now, self.looks + 1

    def picture(self, image: Array) -> Array:
        """What was seen in the first row, what was said in those below, as wide as the image."""
        if self.seen is None or self.said is None:
            return image
        side = image.shape[1] // COLUMNS
        rows = [_row(self.seen, side, SEEN)]
        rows += [_row(self.said[i : i + COLUMNS], side, SAID) for i in range(0, len(self.said), COLUMNS)]
        sheet = np.concatenate(rows)
        whole = np.full((max(image.shape[0], len(sheet)), *image.shape[1:]), 24, np.uint8)
        top = (len(whole) - len(sheet)) // 2
        whole[top : top + len(sheet), : sheet.shape[1]] = sheet
        return whole

    def view(self) -> View:
        """What the rows are."""
        of = "waiting for pictures" if self.seen is None else "Initial trajectory in grey, predictions in blue"
        return View(title=of, state="continuing", message=self.message, help=self.help, keys=super().view().keys)


def _row(pictures: Array, side: int, colour: tuple[int, int, int]) -> Array:
    """Up to `COLUMNS` pictures (n, H, W, 1) in 0..1 beside each other: (height, COLUMNS x side, 3) uint8 BGR."""
    height = round(side * pictures.shape[1] / pictures.shape[2])
    row = np.full((height, COLUMNS * side, 3), 24, np.uint8)
    for i, picture in enumerate(pictures):
        grey = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
        large = cv2.resize(grey, (side - 4, height - 4), interpolation=cv2.INTER_NEAREST)
        row[:, i * side : (i + 1) * side] = colour
        row[2:-2, i * side + 2 : (i + 1) * side - 2] = large[..., None]
    return row
