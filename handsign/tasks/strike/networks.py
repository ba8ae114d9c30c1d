"""Networks that classify the last picture, or the last few: a frozen backbone and a head that is trained.

The network takes raw pictures: grey, their size and the backbone are layers of it. Its last part, `head`, is trained on
the backbone's features of the pictures and of augmented copies of them, which are computed once and cached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign.bundle.info import TriggerConfig
from handsign.bundle.keras_loader import import_keras
from handsign.data.take import is_rest
from handsign.errors import InputError
from handsign.learn.network import Network
from handsign.learn.objective import ClassificationObjective
from handsign.tasks.strike import augment
from handsign.tasks.strike import backbone as backbones
from handsign.tasks.strike.augment import COPIES
from handsign.tasks.strike.feature_cache import FeatureCache

if TYPE_CHECKING:
    import keras

    from handsign.data.dataset import Dataset
    from handsign.types import Array, Loss

UNITS = 1024
"""Units of the dense layer that is trained."""

SCALE = 2
"""Pictures of 100 x 56 are enlarged by this factor for the backbone."""

MAX_COPIES = 64
"""Augmented copies of one picture, however few there are of its action."""

ORIGINAL = {"learning_rate": 1e-6, "weight_decay": 0.0}
"""The article's training."""


@dataclass(frozen=True, kw_only=True)
class PictureObjective(ClassificationObjective):
    """Classification of single pictures, or of windows of a few, by a head on a backbone's features.

    backbone  a name in `backbone.BACKBONES`
    binary    one sigmoid for two labels in place of a softmax
    cell      Keras' recurrent layer over the features of a window, where that has more than one picture
    original  the article's loss, which expects logits and is given probabilities, and its learning rate and epochs
    copies    how many augmented copies of each picture are trained on
    """

    backbone: str = "lite0"
    binary: bool = False
    cell: str = "GRU"
    original: bool = False
    copies: int = COPIES

    def network(self) -> Network:
        """The network with this objective."""
        objective = replace(self, loss=_as_logits(self.binary)) if self.original else self
        return Network(
            self.build, objective, preview=augment.preview, config=self.train_config(), trigger=self.trigger_config()
        )

    def trigger_config(self) -> TriggerConfig:
        """The article's probabilities, a tenth of a second between predictions, and two in a row that have to agree."""
        threshold, rest_threshold = (0.4, 1.0) if self.binary else (0.35, 0.4)
        return TriggerConfig(
            threshold=threshold,
            rest_threshold=rest_threshold,
            release=0.3,
            min_consecutive=2,
            refractory=0.5,
            idle_event="stand",
            min_interval=0.1,
        )

    def train_config(self) -> Mapping[str, Any]:
        """The defaults of `TrainConfig`."""
        if self.original:
            return {**ORIGINAL, "epochs": 50 if self.binary else 500}
        return {"batch": 64, "epochs": 20}

    def build(self, shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
        """Pictures (n, window, 56, 100, 3) in 0..255 -> probabilities (n, labels).

        Raises:
            InputError: a binary network for other than two labels, or the backbone's weights are not there.
        """
        layers = import_keras().layers
        extractor = _features_of_pictures(self.backbone, shape[1:])
        features = (shape[0], extractor.output_shape[-1])
        raw = layers.Input(shape)
        if shape[0] == 1:
            known = layers.Reshape(features)(extractor(layers.Reshape(shape[1:])(raw)))
        else:
            known = layers.TimeDistributed(extractor, name="each")(raw)
        return import_keras().Model(raw, self._head(features, labels)(known))

    def _head(self, shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
        """Features (n, window, width) -> probabilities (n, labels): 1,052,675 weights for 1 x 1024 and three labels."""
        layers = import_keras().layers
        features = layers.Input(shape)
        x = layers.Flatten()(features) if shape[0] == 1 else getattr(layers, self.cell)(256)(features)
        x = layers.Dense(UNITS, activation="relu")(layers.Dropout(0.3)(x))
        x = layers.Dropout(0.5)(x)
        if not self.binary:
            answer = layers.Dense(len(labels), activation="softmax")(x)
            return import_keras().Model(features, answer, name="head")
        if len(labels) != 2:
            raise InputError(f"--binary tells two actions apart, and there are {len(labels)}: {', '.join(labels)}")
        one = layers.Dense(1, activation="sigmoid")(x)
        other = layers.Rescaling(-1.0, 1.0)(one)
        pair = [one, other] if is_rest(labels[1]) else [other, one]
        return import_keras().Model(features, layers.Concatenate()(pair), name="head")

    def training_view(self, model: keras.Model, data: Dataset, part: str) -> tuple[keras.Model, Array, Array]:
        """The head, on features (n, window, width) of a part's pictures; in training of augmented copies as well.

        The actions are balanced: pictures of rarer ones have more copies. The copies of a picture depend on the picture
        alone; those of a longer window are augmented alike for all pictures of a take.
        """
        head, (X, y) = model.get_layer("head"), data.rows(part)
        counts = copies_for_balance(y, self.copies) if part == "train" else np.zeros(len(X), int)
        flip = not any(side in label.casefold() for label in data.labels for side in ("left", "right"))
        takes = data.take[data.part == part]
        with FeatureCache(_extractor(model), f"{self.backbone} x{SCALE} {X.shape[2:]}") as cache:
            found = [
                cache(x, int(n), _seed(x, take), flip)
                for x, n, take in zip(cache.progress(X), counts, takes, strict=True)
            ]
        features = np.concatenate([np.empty((0, *head.input_shape[1:]), np.float32), *found])
        return head, features, np.repeat(y, counts + 1, axis=0)


def variant(**different: Any) -> Callable[[Network], Network]:
    """A function that changes fields of a network's `PictureObjective`; several can be applied to one network."""

    def change(network: Network) -> Network:
        assert isinstance(network.objective, PictureObjective)
        return replace(network.objective, **different).network()

    return change


def copies_for_balance(y: Array, copies: int) -> Array:
    """How many augmented copies (n,) of the rows y (n, labels) are trained on, so that the labels are balanced."""
    label, counts = y.argmax(axis=1), np.zeros(len(y), int)
    each = np.bincount(label)
    for number in np.unique(label):
        share = np.array_split(np.arange((copies + 1) * each.max()), each[number])
        counts[label == number] = [min(len(part) - 1, MAX_COPIES) for part in share]
    return counts


def _seed(window: Array, take: str) -> int:
    """The seed of the augmented copies of a window (window, H, W, 3)."""
    data = np.ascontiguousarray(window).tobytes() if len(window) == 1 else str(take).encode()
    return int.from_bytes(blake2b(data, digest_size=4).digest(), "little")


def _features_of_pictures(backbone: str, shape: tuple[int, ...]) -> keras.Model:
    """Pictures (n, *shape) in 0..255 -> features (n, width): the channels' mean, enlarged, and the backbone."""
    keras = import_keras()
    height, width, channels = shape
    size = (SCALE * height, SCALE * width, 3)
    picture = keras.Input(shape)
    mean = keras.initializers.Constant(1 / channels)
    grey = keras.layers.Conv2D(3, 1, use_bias=False, kernel_initializer=mean, name="grey")(picture)
    x = keras.layers.UpSampling2D(SCALE, interpolation="bilinear")(grey)
    x = keras.layers.Rescaling(1 / 127.5, -1)(x)
    extractor = keras.Model(picture, backbones.BACKBONES[backbone](size)(x), name="eye")
    extractor.trainable = False
    return extractor


def _extractor(model: keras.Model) -> keras.Model:
    """The part of a network that turns pictures into features."""
    names = [layer.name for layer in model.layers]
    return model.get_layer("eye") if "eye" in names else model.get_layer("each").layer


def _as_logits(binary: bool) -> Loss:
    """The article's loss: cross-entropy that takes probabilities for logits, if `binary` the second of two alone."""

    def loss(y_true: Any, y_pred: Any) -> Any:
        from keras import losses

        if binary:
            return losses.binary_crossentropy(y_true[..., 1:], y_pred[..., 1:], from_logits=True)
        return losses.categorical_crossentropy(y_true, y_pred, from_logits=True)

    return loss
