"""What is somebody doing in this picture, or in the last few? A frozen backbone sees, what is behind it learns.

The network takes raw pictures: grey, their size and the backbone are layers of it. Its last part, `head`, is trained on
the backbone's features of the pictures and of variations of them, which are computed once and kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from handsign import silhouette
from handsign.errors import InputError
from handsign.goals import Classify, Loss, is_rest
from handsign.seen import FeatureCache
from handsign.takes import Take
from handsign.variations import COUNT
from handsign.windows import resample

if TYPE_CHECKING:
    import keras

    from handsign.dataset import Dataset, Folds

Array = np.ndarray[Any, Any]
BLOCKS = 5
"""Contiguous pieces of an action's pictures: neighbours are near-copies, and belong on the same side of a split."""
UNITS = 1024
"""Of the layer that is trained."""
LARGER = 2
"""Pictures of 100 x 56 are shown to the backbone at so many times their size."""
MOST = 64
"""Variations of one picture, however few there are of its action."""
ORIGINAL = {"learning_rate": 1e-6, "weight_decay": 0.0}


@dataclass(frozen=True)
class Glance(Classify):
    """Which action does a picture, or the end of a few, show? Answers are as those of `Classify`.

    backbone  of `backbone.BACKBONES`
    binary    one sigmoid for two labels in place of a softmax
    cell      Keras' recurrent layer over the features of a window, where that has more than one picture
    original  the article's loss, which wants logits but is given probabilities, and its learning rate and epochs
    copies    how many variations of each picture are learned from
    """

    backbone: str = "lite0"
    binary: bool = False
    cell: str = "GRU"
    original: bool = False
    copies: int = COUNT
    trials: ClassVar[tuple[str, ...]] = ("signers", "blocks")

    # --- the network ---

    @property
    def trigger(self) -> Mapping[str, Any]:
        """The article's levels; a tenth of a second between looks, and two that agree."""
        levels = {"threshold": 0.4, "quiet": 1.0} if self.binary else {"threshold": 0.35, "quiet": 0.4}
        return {**levels, "release": 0.3, "hold": 2, "rearm": 0.5, "stand": "stand", "every": 0.1}

    @property
    def training(self) -> Mapping[str, Any]:
        """What `training.Options` are by default."""
        if self.original:
            return {**ORIGINAL, "epochs": 50 if self.binary else 500}
        return {"batch": 64, "epochs": 20}

    @property
    def loss(self) -> Loss:  # type: ignore[override]
        """Cross-entropy; in the original of probabilities as if they were logits."""
        return _as_logits(self.binary) if self.original else Classify.loss

    def build(self, shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
        """Pictures (n, window, 56, 100, 3) in 0..255 -> probabilities (n, labels).

        Raises:
            InputError: a binary network for other than two labels, or the backbone's weights are not there.
        """
        from handsign.networks import import_keras

        layers = import_keras().layers
        eye = self._eye(shape[1:])
        features = (shape[0], eye.output_shape[-1])
        raw = layers.Input(shape)
        if shape[0] == 1:
            seen = layers.Reshape(features)(eye(layers.Reshape(shape[1:])(raw)))
        else:
            seen = layers.TimeDistributed(eye, name="each")(raw)
        return import_keras().Model(raw, self._head(features, labels)(seen))

    def _eye(self, shape: tuple[int, ...]) -> keras.Model:
        """Pictures (n, *shape) in 0..255 -> features (n, width): the channels' mean, enlarged, and the backbone."""
        from handsign.backbone import BACKBONES
        from handsign.networks import import_keras

        keras = import_keras()
        height, width, channels = shape
        size = (LARGER * height, LARGER * width, 3)
        picture = keras.Input(shape)
        mean = keras.initializers.Constant(1 / channels)
        grey = keras.layers.Conv2D(3, 1, use_bias=False, kernel_initializer=mean, name="grey")(picture)
        x = keras.layers.UpSampling2D(LARGER, interpolation="bilinear")(grey)
        x = keras.layers.Rescaling(1 / 127.5, -1)(x)
        eye = keras.Model(picture, BACKBONES[self.backbone](size)(x), name="eye")
        eye.trainable = False
        return eye

    def _head(self, shape: tuple[int, ...], labels: Sequence[str]) -> keras.Model:
        """Features (n, window, width) -> probabilities (n, labels): 1,052,675 weights for 1 x 1024 and three labels."""
        from handsign.networks import import_keras

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

    # --- what it learns from ---

    def pieces(self, takes: Sequence[Take], groups: Sequence[slice]) -> Sequence[Take]:
        """All pictures of an action, one take after the other, in `BLOCKS` blocks; few long takes are cut for that."""
        actions = [take.info.action for take in takes]
        many = {action for action, count in Counter(actions).items() if count >= BLOCKS}
        total, before, found = Counter[str](), Counter[str](), []
        for take in takes:
            total[take.info.action] += len(take.times)
        for take, action in zip(takes, actions, strict=True):
            block = (before[action] + np.arange(len(take.times))) * BLOCKS // total[action]
            before[action] += len(take.times)
            if action in many:
                block[:] = block[len(block) // 2]
            for number in np.unique(block).tolist():
                own, name = block == number, f"{take.name}#{number}"
                found.append(replace(take, samples=take.samples[own], times=take.times[own], name=name))
        return found

    def unit(self, take: Take) -> str:
        """The block of its action that a piece is in."""
        return f"{take.info.action}#{take.name.rpartition('#')[2]}"

    def rate(self, takes: Sequence[Take], window: int, rate: float) -> float:
        """The task's own: how long a strike takes does not depend on how long takes are."""
        return rate

    def least(self, window: int) -> float:
        """As many as fill a window."""
        return window - 1

    def pairs(self, take: Take, window: int, rate: float, groups: Sequence[slice]) -> Iterator[tuple[Array, str]]:
        """The windows that end with each of the take's pictures, as they are seen live, each with the action."""
        offsets = (np.arange(window) - (window - 1)) / rate
        for at in take.times[take.times - take.times[0] >= -offsets[0] - 1e-6]:
            yield resample(take.samples, take.times, at + offsets, groups), self.label(take)

    def lesson(self, model: keras.Model, data: Dataset, part: str) -> tuple[keras.Model, Array, Array]:
        """The head, on features (n, window, width) of a part's pictures; to train on, of variations of them as well.

        Of every action there are as many then: pictures of rarer ones have more variations. A picture's variations
        depend on nothing but the picture; those of a longer window's are the same for all pictures of a take.
        """
        head, (X, y) = model.get_layer("head"), data.rows(part)
        counts = self._counts(y) if part == "train" else np.zeros(len(X), int)
        flip = not any(side in label.casefold() for label in data.labels for side in ("left", "right"))
        takes = data.take[data.part == part]
        with FeatureCache(_eye_of(model), f"{self.backbone} x{LARGER} {X.shape[2:]}") as cache:
            found = [
                cache(x, int(n), self._seed(x, take), flip)
                for x, n, take in zip(cache.progress(X), counts, takes, strict=True)
            ]
        features = np.concatenate([np.empty((0, *head.input_shape[1:]), np.float32), *found])
        return head, features, np.repeat(y, counts + 1, axis=0)

    def _seed(self, window: Array, take: str) -> int:
        data = np.ascontiguousarray(window).tobytes() if len(window) == 1 else str(take).encode()
        return int.from_bytes(blake2b(data, digest_size=4).digest(), "little")

    def _counts(self, y: Array) -> Array:
        """How many variations of each of the rows y (n, labels) are learned from, so that the labels are in balance."""
        label, counts = y.argmax(axis=1), np.zeros(len(y), int)
        each = np.bincount(label)
        for number in np.unique(label):
            share = np.array_split(np.arange((self.copies + 1) * each.max()), each[number])
            counts[label == number] = [min(len(part) - 1, MOST) for part in share]
        return counts

    # --- how good it is ---

    def summary(self, results: Mapping[str, Any], data: Dataset) -> str:
        """As `Classify.summary`, with what is easy to beat and how the actions were brought into balance."""
        y = data.rows("train")[1]
        each = [(own := y[:, i] == 1).sum() + (self._counts(y)[own]).sum() for i in range(len(data.labels))]
        learned = (
            f"{label} {int(y[:, i].sum())} (x {each[i] / max(y[:, i].sum(), 1):.0f})"
            for i, label in enumerate(data.labels)
        )
        lines = [super().summary(results, data), f"pictures learned from, with variations: {', '.join(learned)}"]
        beside = ", ".join(
            f"{name.replace('_', ' ')} {share:.1%}" for name, share in results.get("baselines", {}).items()
        )
        return "\n".join([*lines, *([f"on the same pictures: {beside}"] if beside else [])])

    def folds(self, data: Dataset) -> Folds:
        """Each block of all actions is left out in turn."""
        from handsign.dataset import left_out

        return left_out(data, "block", np.array([f"block {name.rpartition('#')[2]}" for name in data.take.tolist()]))

    def baselines(self, data: Dataset, parts: Sequence[Array]) -> dict[str, float]:
        """Accuracy on the test rows of the given parts (n,) together, by what should be easy to beat.

        majority: the action there is most of; raw_pixels: a linear model (ridge) on grey pixels; silhouette: the one
        that learns nothing, `silhouette.Silhouette`, with the median of all pictures for a background.
        """
        truth = data.y.argmax(axis=1)
        said: dict[str, list[Array]] = {"majority": [], "raw_pixels": [], "silhouette": []}
        drawn = self._silhouettes(data)
        for part in parts:
            train, test = part == "train", part == "test"
            said["majority"].append(np.bincount(truth[train]).argmax() == truth[test])
            said["raw_pixels"].append(_linear(data.X, truth, train)(data.X[test]) == truth[test])
            said["silhouette"].append(drawn[test] == truth[test])
        return {name: float(np.concatenate(right).mean()) for name, right in said.items()} if parts else {}

    def _silhouettes(self, data: Dataset) -> Array:
        """The label (n,) that the silhouette gives every row, -1 for an action that is none of the labels."""
        judge = silhouette.Silhouette(np.median(data.X[:, -1], axis=0))
        names = [silhouette.label_of(judge(window[-1]), data.labels) for window in data.X]
        return np.array([data.labels.index(name) if name else -1 for name in names])


def _linear(X: Array, truth: Array, train: Array) -> Any:
    """A linear model that has learned the rows `train`: windows (n, T, H, W, 3) -> numbers of labels (n,)."""
    from sklearn.linear_model import RidgeClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def flat(windows: Array) -> Array:
        return windows.mean(axis=-1).reshape(len(windows), -1)

    learned = make_pipeline(StandardScaler(), RidgeClassifier(flat(X[:1]).shape[1])).fit(flat(X[train]), truth[train])
    return lambda windows: learned.predict(flat(windows))


def _eye_of(model: keras.Model) -> keras.Model:
    """The part of a network that turns pictures into features."""
    names = [layer.name for layer in model.layers]
    return model.get_layer("eye") if "eye" in names else model.get_layer("each").layer


def _as_logits(binary: bool) -> Loss:
    """The article's loss, of the second of two probabilities or of all, taken for logits."""

    def loss(y: Any, said: Any) -> Any:
        from keras import losses

        if binary:
            return losses.binary_crossentropy(y[..., 1:], said[..., 1:], from_logits=True)
        return losses.categorical_crossentropy(y, said, from_logits=True)

    return loss
