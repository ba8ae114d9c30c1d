"""Real recordings with whole sessions held out, and the models trained without them: what the benchmarks share."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from handsign import api  # noqa: E402
from handsign.data.dataset import ARRAYS  # noqa: E402
from handsign.data.prepare import prepare  # noqa: E402
from handsign.data.split import Split  # noqa: E402
from handsign.errors import InputError  # noqa: E402
from handsign.files import atomic  # noqa: E402
from handsign.learn.checkpoint import checkpoint_path  # noqa: E402

if TYPE_CHECKING:
    from handsign.bundle.bundle import Bundle
    from handsign.data.dataset import Dataset
    from handsign.learn.config import TrainConfig
    from handsign.learn.network import Network
    from handsign.tasks import Task

Array = np.ndarray[Any, Any]
SHARED = ROOT.parent / "shared" / "data"
WORK = ROOT / "benchmarks" / "work"
"""Trained models are kept here, so that what was trained once is not trained again."""
SESSION = 30
"""Takes of a word in one session of asl_words, by their numbers: ../shared/data/README.md."""
FOLDS = 5


def recordings(task: Task, *paths: str) -> Dataset:
    """The takes of files and folders of `SHARED` as one dataset; the session of each is that of its file.

    Raises:
        InputError: one of them is not there.
    """
    found = [_read(task, SHARED / path) for path in paths]
    first = found[0]
    assert all(data.labels == first.labels and data.rate == first.rate for data in found), "they do not go together"
    columns = {name: np.concatenate([getattr(data, name) for data in found]) for name in ARRAYS}
    return replace(first, **columns)


def _read(task: Task, path: Path) -> Dataset:
    if not path.exists():
        raise InputError(f"{path} is not there: this benchmark needs the recordings of ../shared/data")
    return prepare(path, task.format, task.windowing, Split())[0]


def asl_words(task: Task) -> Dataset:
    """13 words and `-`, in eight sessions."""
    data = recordings(task, "asl_words/asl_words.npz")
    number = np.array([int(name.rsplit("/", 1)[1]) for name in data.take])
    return replace(data, session=np.char.add("session ", (number // SESSION).astype(str)))


def korean(task: Task) -> Dataset:
    """13 signs in three sets."""
    return recordings(task, *(f"korean_13/set{n}.npz" for n in (0, 1, 3)))


def asl_folds(data: Dataset) -> list[Array]:
    """The sessions of `asl_words` by their numbers modulo `FOLDS`: for each fold (n,) bool, what is held out."""
    number = np.array([int(name.split()[1]) for name in data.session])
    return [number % FOLDS == fold for fold in range(FOLDS)]


def korean_folds(data: Dataset) -> list[Array]:
    """The sets of `korean`: for each fold (n,) bool, what is held out."""
    return [data.session == name for name in np.unique(data.session)]


def without(data: Dataset, out: Array, words: Sequence[str] = (), seed: int = 0) -> Dataset:
    """The same dataset with `out` (n,) for testing, a share of the rest for validation, and no takes of `words`.

    Rows of `words` are gone, also from the test rows, and their labels with them.
    """
    names = np.array(data.labels)[data.y.argmax(axis=1)]
    keep = ~np.isin(names, list(words))
    known = [label for label in data.labels if label not in words]
    columns = {name: getattr(data, name)[keep] for name in ARRAYS}
    columns["y"] = columns["y"][:, [data.labels.index(label) for label in known]]
    rng = np.random.default_rng(seed)
    part = np.where(out[keep], "test", "train").astype("<U5")
    for label in known:
        rows = np.flatnonzero((names[keep] == label) & (part == "train"))
        part[rng.permutation(rows)[: round(len(rows) * data.split.val_size)]] = "val"
    return replace(data, **columns | {"part": part}, labels=known)


def trained(task: Task, network: Network, data: Dataset, config: TrainConfig, name: str) -> Bundle:
    """A network of the task trained on the train rows, or the one in `WORK` that was trained before on the same.

    What it was trained from, with and by is part of its file's name, but for the program: after a change to how
    networks are trained, remove `WORK`, as `make bench-unseen` does.
    """
    facts = repr([data.labels, data.part.tolist(), data.take.tolist(), config, data.rate]).encode()
    path = WORK / f"{name}-{hashlib.sha256(facts).hexdigest()[:12]}.h5"
    if not path.exists():
        WORK.mkdir(exist_ok=True)
        api.fit(task, network, data, path, config, name=name).save(path)
        checkpoint_path(path).unlink(missing_ok=True)
    return task.load_model(path)


def few_threads(count: int = 1) -> None:
    """Let TensorFlow use so many threads, so that several trainings can share a machine."""
    os.environ["OMP_NUM_THREADS"] = str(count)
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(count)
    tensorflow.config.threading.set_inter_op_parallelism_threads(count)


def machine() -> dict[str, str]:
    """What a benchmark was run on."""
    return {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "python": platform.python_version()}


def write(results: dict[str, Any], path: Path) -> None:
    """Write the results of a benchmark as JSON, whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
