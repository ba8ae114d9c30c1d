"""How far the shipped model of paths sees ahead, on recordings of people it has not learned from: `make bench-paths`.

The people are synthetic (`synthetic_take`), ten others than those of the sample recordings; beside the model stand
staying put, constant velocity and constant acceleration. About people this says that the program works, no more.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import held_out
import numpy as np

from handsign import tasks
from handsign.cli import options as cli
from handsign.data.dataset import Dataset
from handsign.data.prepare import prepare
from handsign.data.split import Split
from handsign.data.store import Store
from handsign.evaluate import forecasting
from handsign.tasks import Task
from handsign.tasks.trajectory.synthetic import synthetic_take
from handsign.types import Array

PEOPLE = range(1, 11)
"""Seeds; the sample recordings are of others, 11 to 20."""
POINTS = 3600


def recordings(task: Task, rate: float) -> Dataset:
    """A minute of each of the people, all of it for testing."""
    with TemporaryDirectory() as folder:
        for seed in PEOPLE:
            Store(Path(folder)).add(synthetic_take(seed, POINTS))
        data = prepare(Path(folder), task.format, task.windowing, Split(), rate)[0]
    return replace(data, part=np.full(len(data.X), "test"))


def measured(model: Path, name: str) -> tuple[dict[str, Any], float]:
    """The table of `ForecastEvaluator.score`, and the samples a second that its steps are."""
    task = tasks.load(name)
    bundle, network = task.load_model(model), task.network()
    data = recordings(task, bundle.info.rate)

    def predict(windows: Array) -> Array:
        return bundle.predict(network.encode_all(windows))

    return task.evaluator.score(predict, data, "test", bundle.info.prediction_intervals), bundle.info.rate


def main() -> None:
    """Ask, and write `benchmarks/results/trajectory.json`."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", type=Path, default=held_out.ROOT / "trajectory.h5")
    options.add_argument("--output", type=Path, default=held_out.ROOT / "benchmarks/results/trajectory.json")
    args = options.parse_args()
    table, rate = measured(args.model, "trajectory")
    facts = {"recordings": f"{len(PEOPLE)} synthetic people, {POINTS} points each", "rate": rate}
    held_out.write({**table, **facts, **held_out.machine()}, args.output)
    print(forecasting.lines(table))


if __name__ == "__main__":
    cli.run(main)
