"""How far the shipped model of paths sees ahead, on recordings of people it has not learned from: `make bench-paths`.

The people are synthetic (`handsign.paths`), ten others than those of the sample recordings; beside the model stand
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

from handsign import cli, forecasting
from handsign import task as tasks
from handsign.bundle import Bundle
from handsign.dataset import Dataset, Split, prepare
from handsign.paths import synthetic
from handsign.takes import Store
from handsign.training import encode

PEOPLE = range(1, 11)
"""Seeds; the sample recordings are of others, 11 to 20."""
POINTS = 3600


def recordings(name: str, rate: float) -> Dataset:
    """A minute of each of the people, all of it for testing."""
    with TemporaryDirectory() as folder:
        for seed in PEOPLE:
            Store(Path(folder)).add(synthetic(seed, POINTS))
        data = prepare(tasks.load(name), Path(folder), Split(), rate)[0]
    return replace(data, part=np.full(len(data.X), "test"))


def measured(model: Path, name: str) -> tuple[dict[str, Any], float]:
    """The table of `forecasting.score`, and the samples a second that its steps are."""
    task = tasks.load(name)
    bundle = Bundle.load(model, task)
    data = recordings(name, bundle.info.rate)
    told = forecasting.score(
        task.goal, lambda windows: bundle.predict(encode(task, windows)), data, "test", bundle.info.fan
    )
    return told, bundle.info.rate


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
