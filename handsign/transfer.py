"""Learning from what another model knows: its weights to begin with, and some layers that keep them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from handsign.errors import InputError

if TYPE_CHECKING:
    import keras

    from handsign.task import Task


def beginning_with(task: Task, path: Path | None, freeze: int = 0) -> Task:
    """The task, whose network begins with the weights of the model at `path`; its first `freeze` layers keep them.

    Only layers that have weights are counted. They are matched by their order; one of another shape, such as the last
    where there are other labels, begins at random, as do all behind it.

    Raises:
        InputError: `freeze` without a model to take weights from.
    """
    if path is None and freeze:
        raise InputError("--freeze keeps layers as they are, which takes --weights FILE that they come from")
    if path is None:
        return task

    def build(shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
        from handsign.bundle import load_h5

        if not path.is_file():
            raise InputError(f"--weights {path} is not there; it takes a trained model (.h5)")
        model = task.build(shape, labels)
        own, there = _learned(model), _learned(load_h5(path))
        fitting = _begin(own, there)
        if not fitting or freeze > fitting:
            raise InputError(f"{fitting} of {len(own)} layers of {task.name} fit {path}; --freeze {freeze} takes more")
        for layer in own[:freeze]:
            layer.trainable = False
        print(f"{fitting} of {len(own)} layers begin with the weights of {path}, {freeze} of them keep these")
        return model

    return replace(task, build=build)


def _learned(model: keras.Model) -> list[keras.Layer]:
    return [layer for layer in model.layers if layer.weights]


def _begin(own: Sequence[keras.Layer], there: Sequence[keras.Layer]) -> int:
    """Take over the weights of layers as long as they fit; how many did."""
    for count, (layer, other) in enumerate(zip(own, there, strict=False)):
        if [w.shape for w in layer.weights] != [w.shape for w in other.weights]:
            return count
        layer.set_weights(other.get_weights())
    return min(len(own), len(there))
