"""What a bundle says about its model."""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from handsign import __version__
from handsign.errors import InputError

if TYPE_CHECKING:
    from handsign.data.format import Format
    from handsign.types import Array


KEY = "handsign"
"""The key of the info in the ONNX file's metadata."""

FORMAT = 2
"""What is written. Format 1 had the levels of the trigger beside the other fields, under the names in `FORMAT_1`."""

FORMAT_1 = {
    "threshold": "threshold",
    "hold": "min_consecutive",
    "rearm": "refractory",
    "release": "release",
    "quiet": "rest_threshold",
    "stand": "idle_event",
    "every": "min_interval",
}

MAX_WINDOW = 2**24
"""The most numbers in one window, raw or encoded."""

MIN_RATE, MAX_RATE = 0.01, 10_000.0
"""Samples a second that a window may have."""

PACKAGES = ("keras", "tensorflow", "numpy", "mediapipe")
"""The packages whose versions a bundle records."""


class TriggerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """When probabilities become an event: see `handsign.live.trigger.Trigger`.

    threshold        probability that an event needs
    min_consecutive  predictions in a row that have to agree
    refractory       seconds after a sign before the same one can come again
    release          probability down to which a recognised sign goes on
    rest_threshold   probability of rest that keeps all other labels back; None: where rest leads
    idle_event       the label of an event for the end of another one; empty for none
    min_interval     seconds between two predictions, at least
    """

    threshold: float = 0.8
    min_consecutive: int = 10
    refractory: float = 0.5
    release: float = 0.4
    rest_threshold: float | None = None
    idle_event: str = ""
    min_interval: float = 0.0


class BundleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a model was made for.

    task                  the name of the task
    labels                of the outputs, in order
    window                samples in a window; rate: samples a second in it
    sample                shape of one sample; layout: its parts as (name, landmarks, fields), empty if it has none
    trigger               the levels at which predictions become events
    prediction_intervals  of a forecaster: (3, steps), the distance within which 50, 80 and 95 % of its predictions were
    versions              of the packages that it was made with
    h5                    SHA-256 of the `.h5` written with it; parameters: how many weights it has
    checksum              the file ends with a checksum of its own bytes (`handsign.bundle.check`)
    """

    task: str
    labels: list[str]
    window: int
    rate: float
    sample: tuple[int, ...]
    layout: list[tuple[str, int, tuple[str, ...]]] = []
    trigger: TriggerConfig = TriggerConfig()
    prediction_intervals: list[list[float]] = []
    versions: dict[str, str] = {}
    h5: str = ""
    parameters: int = 0
    checksum: bool = False
    format: int = FORMAT


def describe(
    form: Format,
    labels: Sequence[str],
    window: int,
    rate: float,
    trigger: TriggerConfig | None = None,
    prediction_intervals: list[list[float]] | None = None,
) -> BundleInfo:
    """The info of a model made now with the installed packages; `rate` in samples a second."""
    return BundleInfo(
        task=form.name,
        labels=list(labels),
        window=window,
        rate=rate,
        sample=form.shape,
        layout=_columns(form),
        trigger=trigger or TriggerConfig(),
        prediction_intervals=prediction_intervals or [],
        versions={KEY: __version__, **{name: importlib.metadata.version(name) for name in PACKAGES}},
    )


def _columns(form: Format) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(part.name, part.points, part.fields) for part in form.columns.parts] if form.columns else []


def parse(text: str, name: str) -> BundleInfo:
    """The info in a bundle's metadata, of this format or an earlier one; `name` is for the message.

    Raises:
        InputError: it is damaged, or of a format that is not known.
    """
    try:
        fields = msgspec.json.decode(text, type=dict[str, Any])
        form = fields.get("format")
        if form == 1:
            fields = _from_format_1(fields)
        elif form != FORMAT:
            raise InputError(f"{name} has format {form}, this program reads {FORMAT}; update it, or train again")
        return msgspec.convert(fields, BundleInfo)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InputError(f"{name} has metadata that are not understood ({error}); train again") from error


def _from_format_1(fields: dict[str, Any]) -> dict[str, Any]:
    trigger = {new: fields[old] for old, new in FORMAT_1.items() if old in fields}
    return {**fields, "trigger": trigger, "prediction_intervals": fields.get("fan", []), "format": FORMAT}


def mismatches(
    info: BundleInfo, form: Format, encode: Callable[[Array], Array], shape: tuple[Any, ...], outputs: int
) -> Iterator[str]:
    """What does not fit between a model with inputs (n, *shape), its info, and the task that is to use it."""
    if info.task != form.name:
        yield f"was trained for the task {info.task}, not {form.name}; give --task {info.task} or another --model"
    if tuple(info.sample) != tuple(form.shape):
        yield f"takes samples of shape {tuple(info.sample)}, the task {form.name} gives {tuple(form.shape)}"
    if info.layout and info.layout != _columns(form):
        yield f"was trained on other columns than the task {form.name} gives now; train again"
    if not 1 <= info.window <= MAX_WINDOW // max(math.prod(form.shape), 1) or not MIN_RATE <= info.rate <= MAX_RATE:
        yield f"claims windows of {info.window} samples at {info.rate} a second; train again"
    given = encode(np.zeros((info.window, *form.shape), np.float32)).shape
    if len(given) != len(shape) or any(isinstance(b, int) and a != b for a, b in zip(given, shape, strict=True)):
        yield f"takes windows of shape {tuple(shape)}, the task {form.name} gives {given}"
    if len(info.labels) != outputs:
        yield f"has {outputs} outputs, but there are {len(info.labels)} labels: {', '.join(info.labels)}"
    if len(set(info.labels)) != len(info.labels):
        yield f"has the same label twice: {', '.join(info.labels)}"
