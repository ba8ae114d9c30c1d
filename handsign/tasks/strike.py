"""Strikes: what is the body doing in this picture, or in the last few? Punch, kick, or something other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from handsign import frames, silhouette, variations
from handsign.bundle import Bundle, BundleInfo
from handsign.glance import Glance
from handsign.task import Task

SAMPLE = (frames.HEIGHT, frames.WIDTH, 3)


def of(goal: Glance) -> dict[str, Any]:
    """The fields of the task that depend on its network."""
    return {"goal": goal, "build": goal.build, "trigger": goal.trigger, "training": goal.training}


def but(**different: Any) -> Callable[[Task], Mapping[str, Any]]:
    """What makes another network of the one a task has."""
    return lambda task: of(replace(task.goal, **different))


def by_silhouette() -> Bundle:
    """What recognises strikes without having learned anything; it has to see the room without anybody first."""
    print(
        "the first two seconds show the background: step out of the picture, then come in and stand still for a moment"
    )
    info = BundleInfo(
        task="strike",
        labels=list(silhouette.ACTIONS),
        window=1,
        rate=frames.RATE,
        sample=SAMPLE,
        **{"threshold": 0.5, "hold": 2, "rearm": 0.5, "stand": "stand", "every": 0.1},
    )
    return Bundle(info, silhouette.predictor(), 1 + len(SAMPLE))


TASK = Task(
    name="strike",
    sample=SAMPLE,
    window=1,
    rate=frames.RATE,
    sense=frames.small_pictures,
    sheet=variations.sheet,
    **of(Glance()),
    variants={
        "binary": but(binary=True),
        "original": but(original=True),
        "mobilenet": but(backbone="mobilenet"),
        "lstm": but(cell="LSTM"),
    },
    untrained={"silhouette": by_silhouette},
    actions=("punch", "kick", "other"),
    readers={"/": frames.read},
    store=frames.Pictures,
    data="strikes",
    model="strike.h5",
)
