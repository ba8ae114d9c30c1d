"""Train a network of a task on takes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handsign import tasks
from handsign.api import arguments
from handsign.errors import InputError
from handsign.learn.config import TrainConfig

if TYPE_CHECKING:
    from handsign.bundle.info import BundleInfo
    from handsign.data.dataset import Dataset
    from handsign.evaluate.evaluator import TrainedModel
    from handsign.learn.network import Network
    from handsign.learn.training import TrainResult
    from handsign.tasks import Task
    from handsign.types import Array


@dataclass(frozen=True, eq=False, repr=False)
class Training:
    """A trained network, ready to be saved; made by `train`.

    data       the windows, and which of them were kept for testing and validation
    result     the Keras model and how its training went; str(result) says it in a line
    intervals  prediction intervals of a model that forecasts
    """

    task: Task
    network: Network
    data: Dataset
    result: TrainResult
    intervals: list[list[float]] | None

    def predict(self, x: Array) -> Array:
        """Encoded windows (n, *x) -> predictions (n, *y)."""
        model = self.result.model
        few = len(x) <= 512  # a forecast asks hundreds of times, and `predict` takes long to begin
        return model.predict_on_batch(x) if few else model.predict(x, batch_size=512, verbose=0)

    def save(self, path: str | Path) -> BundleInfo:
        """Write the model's four files beside each other: `path`, an `.h5`, and `.weights.h5`, `.json` and `.onnx`.

        Raises:
            InputError: `path` does not end in .h5, or cannot be written.
        """
        from handsign.bundle.info import describe
        from handsign.bundle.saving import save

        data = self.data
        window, trigger = self.task.windowing.length, self.network.trigger
        info = describe(self.task.format, data.labels, window, data.rate, trigger, self.intervals)
        return save(self.result.model, Path(path), info, self.result.compact)

    def metrics(self, part: str = "test") -> dict[str, Any]:
        """How good the model is on a part of the data: test, val or train.

        Raises:
            InputError: there is no such part.
        """
        from handsign.evaluate.evaluator import evaluate

        results = evaluate(self.task.evaluator, self.network, self.predict, self.data, self.intervals)
        if part not in results:
            raise InputError(f"there is no part {part!r} of the data; there are: {', '.join(results)}")
        return results[part]

    def trained(self, source: Path, seed: int = 0) -> TrainedModel:
        """What an evaluation protocol is given; `source` is where the takes are."""
        from handsign.evaluate.evaluator import TrainedModel

        task = self.task
        return TrainedModel(
            format=task.format,
            windowing=task.windowing,
            network=self.network,
            data=self.data,
            source=source,
            predict=self.predict,
            seed=seed,
        )


def fit(task: Task, network: Network, data: Dataset, path: Path, config: TrainConfig, **options: Any) -> Training:
    """Train a network of a task on a dataset; `path` is where the model is to be saved, `options` as of `learn.train`.

    Raises:
        InputError: as `learn.training.train`.
    """
    from handsign.learn.training import train

    task = task.with_shape(data.X.shape[1], data.X.shape[2:])  # films may have other sizes
    result = train(network, data, path, config, **options)
    compact = result.compact or result.model

    def predict(windows: Array) -> Array:
        return compact.predict_on_batch(network.encode_all(windows))

    return Training(task, network, data, result, task.evaluator.prediction_intervals(predict, data))


def train(data: str | Path, task: str, network: str | Sequence[str] = (), **options: Any) -> Training:
    """Train a model of a task. Nothing is written until it is saved; a progress bar goes to stderr.

    data     a folder of takes, or a dataset of `preprocess.py`
    network  another of the task's networks, by its name, or several that are combined
    options  fields of `TrainConfig`, such as `epochs` and `seed`, apart from `resume`

    Raises:
        InputError: there is nothing to train on, or no such task, network or option.
        ModuleNotFoundError: the packages of the extra `train` are not installed.
    """
    from handsign.data.prepare import open_dataset

    chosen = tasks.load(task)
    net = chosen.network(*([network] if isinstance(network, str) else network))
    config = arguments.record(TrainConfig, {"logs": None, **net.config}, options)
    dataset = open_dataset(Path(data), chosen.format, chosen.windowing, None, config.seed)
    with tempfile.TemporaryDirectory() as folder:
        return fit(chosen, net, dataset, Path(folder, "model.h5"), config)
