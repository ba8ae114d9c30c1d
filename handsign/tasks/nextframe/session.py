"""What realtime.py shows of a model that predicts frames: a film drawn to files, or a live view of a camera."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from handsign.bundle.bundle import Bundle
from handsign.bundle.runtime import info_of_model
from handsign.capture.sensor import Sensor
from handsign.data.windows import resample
from handsign.display.view import View
from handsign.errors import InputError
from handsign.files import atomic
from handsign.learn.objective import ForecastObjective
from handsign.live.config import LiveView
from handsign.live.session import Session
from handsign.tasks.nextframe import films

if TYPE_CHECKING:
    from handsign.capture.source import Frame, Source
    from handsign.live.config import LiveConfig
    from handsign.tasks import Task
    from handsign.types import Array, Predict

log = logging.getLogger("handsign")

OUTPUT = Path("animate.mp4")

COLUMNS = 8
"""Small frames in a row of the live view."""

CONTEXT_COLOUR, FORECAST_COLOUR = (205, 205, 205), (233, 180, 86)
"""Border colours, BGR, of context and predicted frames in the live view."""


def open_films(task: Task, config: LiveConfig) -> LiveView | None:
    """The live view of a camera or video; or None, after a film of squares or of a `.npy` file was drawn to files.

    Raises:
        InputError: there is no such model, or it was made for frames of another size.
    """
    info = info_of_model(config.model)
    size = info.sample[0], info.sample[1]
    fitting = task.with_shape(info.window, info.sample)
    bundle = Bundle.load(config.model, fitting.interface(), config.labels)
    objective = fitting.network().objective
    assert isinstance(objective, ForecastObjective)
    steps = objective.steps
    film = films.load_one(config.source or films.SQUARES) if config.camera.device is None else None
    if film is None:
        sensor = Sensor(partial(films.grey, size))
        return LiveView(lambda source, extractor: Continuation(bundle.predict, info.rate, steps), sensor)
    if film[0].shape[1:] != info.sample:
        raise InputError(
            f"{config.source or films.SQUARES} has frames of {film[0].shape[1:3]}, the model was made for {size}"
        )
    draw(film, continued(bundle.predict, film[0], steps), config.output or OUTPUT, info.rate)
    return None


def continued(predict: Predict, film: Array, steps: int, context: int = films.CONTEXT) -> Array:
    """The first `context` frames of a film (T, H, W, 1), then `steps` predicted ones: (context + steps, H, W, 1)."""
    first = film[:context]
    return np.concatenate([first, films.ahead(predict, first[None], steps)[0]])


def draw(film: tuple[Array, Array], track: Array, output: Path, rate: float, context: int = films.CONTEXT) -> None:
    """Draw a continued film beside the true one, to one PNG per frame and to an MP4.

    The PNGs, `1_animate.png` and so on, are as many as the film has frames, in the folder of `output`. The MP4 has all
    frames of `track`.

    film    the film (T, H, W, 1) and the frame following each of its frames, of the same shape
    track   the film as it was continued, (n, H, W, 1)
    output  the MP4
    rate    frames a second in it
    """
    from handsign.display.video import VideoFile

    shown, following = film
    truth = [shown[0], *following]
    output.parent.mkdir(parents=True, exist_ok=True)
    with VideoFile(output, rate) as video:
        for i, picture in enumerate(_side_by_side(track, truth, context)):
            video.write(picture)
            if i < len(shown):
                with atomic(output.parent / f"{i + 1}_animate.png") as temporary:
                    cv2.imwrite(str(temporary), picture)
    first, last = output.parent / "1_animate.png", min(len(track), len(shown))
    log.info("written: %s to %d_animate.png, %s", first, last, output)


def _side_by_side(track: Array, truth: list[Array], context: int) -> Iterator[Array]:
    """Each frame of a track beside the true one, where that is known: a picture (500, 1000, 3) uint8 BGR."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), layout="constrained")
    canvas, both = FigureCanvasAgg(figure), figure.subplots(1, 2)
    for i, frame in enumerate(track):
        known = i < len(truth)
        title = "Initial trajectory" if i < context else "Predictions !"
        right = truth[i] if known else np.zeros_like(frame)
        for axes, shown, text in zip(
            both, (frame, right), (title, "Ground truth" if known else "(not known)"), strict=True
        ):
            axes.clear()
            axes.imshow(shown[..., 0], vmin=0, vmax=1)
            axes.set_title(text, fontsize=20)
            axes.set_axis_off()
        canvas.draw()
        yield np.asarray(canvas.buffer_rgba())[..., 2::-1].copy()


class Continuation(Session):
    """Keeps the last frames and, `rate` times a second, predicts the `steps` following ones.

    context   (films.CONTEXT, H, W, 1) float32, what the last forecast was made from; None before the first one
    forecast  (steps, H, W, 1) float32, the predicted frames; None before the first one
    count     forecasts so far
    """

    mirrored = False

    def __init__(self, predict: Predict, rate: float, steps: int) -> None:
        super().__init__()
        self._predict, self._period, self._steps = predict, 1 / rate, steps
        self._offsets = (np.arange(films.CONTEXT) - (films.CONTEXT - 1)) / rate
        self._recent: deque[tuple[float, Array]] = deque()
        self._last_forecast = -np.inf
        self.count = 0
        self.context: Array | None = None
        self.forecast: Array | None = None

    def on_sample(self, sample: Array, frame: Frame) -> Array | None:
        """Keep the sample (H, W, 1); every `1 / rate` seconds make a forecast, which is returned from then on."""
        now = frame.time
        if self._recent and now <= self._recent[-1][0]:  # the video began again
            self._recent.clear()
            self._last_forecast = -np.inf
        self._recent.append((now, sample))
        while len(self._recent) > 2 and self._recent[1][0] <= now + self._offsets[0]:
            self._recent.popleft()
        full = self._recent[0][0] <= now + self._offsets[0] + 1e-6
        if full and now - self._last_forecast >= self._period - 1e-6:
            self._predict_from(now)
        return self.forecast

    def _predict_from(self, now: float) -> None:
        times, samples = (np.array(of) for of in zip(*self._recent, strict=True))
        self.context = resample(samples, times, now + self._offsets).astype(np.float32)
        self.forecast = films.ahead(self._predict, self.context[None], self._steps)[0]
        self._last_forecast, self.count = now, self.count + 1

    def picture(self, image: Array) -> Array:
        """The context in the first row, the forecast in those below, as wide as the image (H, W, 3) uint8 BGR."""
        if self.context is None or self.forecast is None:
            return image
        side = image.shape[1] // COLUMNS
        rows = [_row(self.context, side, CONTEXT_COLOUR)]
        rows += [
            _row(self.forecast[i : i + COLUMNS], side, FORECAST_COLOUR) for i in range(0, len(self.forecast), COLUMNS)
        ]
        sheet = np.concatenate(rows)
        whole = np.full((max(image.shape[0], len(sheet)), *image.shape[1:]), 24, np.uint8)
        top = (len(whole) - len(sheet)) // 2
        whole[top : top + len(sheet), : sheet.shape[1]] = sheet
        return whole

    def summary(self, source: Source) -> str:
        """How the session ended, and how many forecasts were made."""
        return f"{super().summary(source)}: continued {self.count} times"

    def view(self) -> View:
        """The title explains the rows of `picture`."""
        title = "waiting for frames" if self.context is None else "Initial trajectory in grey, predictions in blue"
        return View(title=title, state="continuing", message=self.message, help=self.help, keys=super().view().keys)


def _row(frames: Array, side: int, colour: tuple[int, int, int]) -> Array:
    """Up to `COLUMNS` frames (n, H, W, 1) in 0..1 side by side, each `side` pixels wide: (..., 3) uint8 BGR."""
    height = round(side * frames.shape[1] / frames.shape[2])
    row = np.full((height, COLUMNS * side, 3), 24, np.uint8)
    for i, frame in enumerate(frames):
        grey = (np.clip(frame, 0, 1) * 255).astype(np.uint8)
        large = cv2.resize(grey, (side - 4, height - 4), interpolation=cv2.INTER_NEAREST)
        row[:, i * side : (i + 1) * side] = colour
        row[2:-2, i * side + 2 : (i + 1) * side - 2] = large[..., None]
    return row
