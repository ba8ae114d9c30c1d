"""Transfer learning: a network that begins with another model's weights, some layers of which stay as they are."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from handsign.errors import InputError

if TYPE_CHECKING:
    import keras

    from handsign.learn.network import Network

log = logging.getLogger("handsign")


def with_weights(network: Network, path: Path | None, freeze: int = 0) -> Network:
    """The network that begins with the weights of the model at `path`; its first `freeze` layers keep them.

    Only layers that have weights are counted. They are matched by their order; one of another shape, such as the last
    where there are other labels, begins at random, as do all behind it.

    Raises:
        InputError: `freeze` without a model to take weights from.
    """
    if path is None and freeze:
        raise InputError("--freeze keeps layers as they are, which takes --weights FILE that they come from")
    if path is None:
        return network

    def build(shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
        from handsign.bundle.h5 import load_h5

        if not path.is_file():
            raise InputError(f"--weights {path} is not there; it takes a trained model (.h5)")
        model = network.build(shape, labels)
        own, other = _weighted_layers(model), _weighted_layers(load_h5(path))
        fitting = _copy_weights(own, other)
        if not fitting or freeze > fitting:
            raise InputError(f"{fitting} of {len(own)} layers of the network fit {path}; --freeze {freeze} takes more")
        for layer in own[:freeze]:
            layer.trainable = False
        log.info("%d of %d layers begin with the weights of %s, %d of them keep these", fitting, len(own), path, freeze)
        return model

    return replace(network, build=build)


def _weighted_layers(model: keras.Model) -> list[keras.Layer]:
    return [layer for layer in model.layers if layer.weights]


def _copy_weights(own: Sequence[keras.Layer], other: Sequence[keras.Layer]) -> int:
    """Copy the weights of layers, in order, as long as their shapes are equal; returns how many were copied."""
    for count, (to, source) in enumerate(zip(own, other, strict=False)):
        if [w.shape for w in to.weights] != [w.shape for w in source.weights]:
            return count
        to.set_weights(source.get_weights())
    return min(len(own), len(other))
