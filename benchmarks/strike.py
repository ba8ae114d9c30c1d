"""How well strikes, or what there is of real bodies in their place, are told apart: `make bench-strike`.

There are no recordings of punches, so other things are told apart in real pictures: somebody who squats or stands,
signs of one person in one room, and four poses of the hands of forty people. Every fifth of the pictures is left out
and asked about by what learned from the others, in contiguous blocks.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import held_out
import numpy as np
from tqdm import tqdm

from handsign import tasks
from handsign.bundle.info import describe
from handsign.bundle.saving import save
from handsign.capture.video import Video
from handsign.cli import options as cli
from handsign.data.dataset import Dataset
from handsign.data.prepare import prepare
from handsign.data.split import Split
from handsign.data.take import Take, TakeInfo
from handsign.errors import InputError
from handsign.evaluate import crossvalidation
from handsign.learn.config import TrainConfig
from handsign.learn.network import Network
from handsign.tasks import Task
from handsign.tasks.strike.images import ImageStore, to_sample

Array = np.ndarray[Any, Any]
Cuts = Mapping[str, Sequence[tuple[str, int, int]]]
END = 10_000
LOOKS = 50


@dataclass(frozen=True)
class Pieces:
    """What to tell apart: label -> (video, first frame, end), every n-th of them; a window has `rate` a second."""

    of: Cuts
    every: int
    rate: float


VIDEOS = {
    "squatting or standing, one person": Pieces(
        {
            "squatting": [("squats", 6, 15), ("squats", 29, 39), ("squats", 54, 64)],
            "standing": [("squats", 0, 4), ("squats", 17, 28), ("squats", 41, 53)],
        },
        every=1,
        rate=5.0,
    ),
    "three signs, one person": Pieces(
        {name: [(f"mexican_{name}", 0, END)] for name in ("ambulancia", "doctor", "dolor")}, every=1, rate=10.0
    ),
    "two signs, one person": Pieces(
        {name: [(f"mexican_{name}", 0, END)] for name in ("hoy", "yo")}, every=1, rate=10.0
    ),
}
POSES = "four poses, forty people"
NETWORKS = {"one picture": ((), 1), "three pictures, GRU": ((), 3), "three pictures, LSTM": (("lstm",), 3)}


def pictures(pieces: Pieces, folder: Path) -> None:
    """Write the frames of the pieces as takes into a folder, one of its folders a label."""
    store = ImageStore(folder)
    for label, cuts in pieces.of.items():
        for name, first, end in cuts:
            path = held_out.SHARED / "video" / f"{name}.mp4"
            with Video(path) as video:
                frames = [(frame.time, to_sample(frame.image)) for frame in video][first : min(end, END) : pieces.every]
            times = np.array([at for at, _ in frames])
            store.add(Take(np.stack([one for _, one in frames]), times - times[0], TakeInfo(action=label)))


def datasets(task: Task, folder: Path) -> Iterator[tuple[str, Dataset]]:
    """Each set by its name; nothing of it is kept for testing yet."""
    for i, (name, pieces) in enumerate(VIDEOS.items()):
        if not (folder / str(i)).exists():
            pictures(pieces, folder / str(i))
        yield name, prepare(folder / str(i), task.format, task.windowing, Split(test_size=0), pieces.rate)[0]
    if task.windowing.length == 1:  # the others are no sequences
        yield POSES, prepare(held_out.SHARED / "photo/poses", task.format, task.windowing, Split(test_size=0))[0]


def asked(task: Task, network: Network, data: Dataset) -> dict[str, Any]:
    """Accuracy by blocks, and what is easy to beat on the same pictures; CPU seconds of all that."""
    folds = task.evaluator.folds(data, "blocks", 5)
    assert folds is not None
    began = time.process_time()
    config = TrainConfig(**{**network.config, "logs": None})
    test = crossvalidation.results(network, data, folds, config)["test"]
    seconds = time.process_time() - began
    found = {name: test[name] for name in ("accuracy", "rows", "right", "log_loss", "confusion")}
    return {**found, "labels": data.labels, "cpu_s": round(seconds, 1), **task.evaluator.baselines(data, folds.parts)}


def speed(task: Task, network: Network, folder: Path) -> dict[str, Any]:
    """Milliseconds of CPU that the bundle takes for a look, on one thread; its size; its weights."""
    labels, length, rate = ["kick", "other", "punch"], task.windowing.length, task.windowing.rate
    model = network.build((length, *task.format.shape), labels)
    info = save(model, folder / "s.h5", describe(task.format, labels, length, rate, network.trigger))
    asks = task.load_model(folder / "s.h5")
    window = np.zeros((1, length, *task.format.shape), np.float32)
    asks.predict(window)
    began = time.process_time()
    for _ in range(LOOKS):
        asks.predict(window)
    taken = time.process_time() - began
    size = (folder / "s.onnx").stat().st_size
    return {"look_ms": round(1000 * taken / LOOKS, 2), "megabytes": round(size / 1e6, 1), "weights": info.parameters}


def show(results: Mapping[str, Any]) -> str:
    """The table that is printed."""
    head = f"{'':36} {'':22} {'blocks':>7} {'majority':>9} {'pixels':>7} {'silhouette':>11}"
    lines = [head]
    for name, networks in results["accuracy"].items():
        for network, of in networks.items():
            line = f"{name:36} {network:22} {of['accuracy']:7.1%} {of['majority']:9.1%}"
            lines.append(f"{line} {of['raw_pixels']:7.1%} {of['silhouette']:11.1%}")
    return "\n".join(lines)


def main() -> None:
    """Train, ask, and write `benchmarks/results/strike.json`."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--networks", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    options.add_argument("--output", type=Path, default=held_out.ROOT / "benchmarks/results/strike.json")
    args = options.parse_args()
    if not (held_out.SHARED / "video").is_dir():
        raise InputError(f"{held_out.SHARED} is not there: this benchmark needs its videos and photos")
    results: dict[str, Any] = {**held_out.machine(), "accuracy": {}, "speed": {}}
    with TemporaryDirectory() as folder:
        for title in tqdm(args.networks, "networks", disable=None):
            names, window = NETWORKS[title]
            task = tasks.load("strike").with_shape(window)
            network = task.network(*names)
            for name, data in datasets(task, Path(folder)):
                results["accuracy"].setdefault(name, {})[title] = asked(task, network, data)
            results["speed"][title] = speed(task, network, Path(folder))
    held_out.write(results, args.output)
    print(show(results))
    print(results["speed"])


if __name__ == "__main__":
    cli.run(main)
