"""How well people and sessions are recognised that no model has seen: `make bench-unseen`.

Every session of asl_words and every set of korean_13 is left out of training whole and asked about; the model that
lies in the project is asked about another person in another room (asl_stranger). Beside the networks stand classifiers
that learn in seconds, on the same takes, as lines to beat. Two trainings run side by side, on one core each; models
that are there already are not trained again (`held_out.trained`).
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import held_out
import numpy as np
from tqdm import tqdm

from handsign import tasks
from handsign.cli import options as cli
from handsign.data.dataset import Dataset
from handsign.data.take import is_rest
from handsign.evaluate import classification
from handsign.learn.config import TrainConfig
from handsign.tasks.sign.normalise import normaliser

Array = np.ndarray[Any, Any]
NETWORKS = ("lstm", "conv")
SETS: dict[str, tuple[Callable[..., Dataset], Callable[[Dataset], list[Array]]]] = {
    "asl_words": (held_out.asl_words, held_out.asl_folds),
    "korean_13": (held_out.korean, held_out.korean_folds),
}
MOMENTS = 5


@lru_cache(maxsize=1)
def opened(name: str) -> tuple[Dataset, list[Array]]:
    """The takes of a set, and for each fold what is held out (n,) bool."""
    read, folds = SETS[name]
    data = read(tasks.load("sign"))
    return data, folds(data)


def answers(job: tuple[str, str, int, int]) -> Array:
    """Set, network, seed and fold -> what a model trained without the fold says about it (held out, labels)."""
    name, network, seed, fold = job
    data, folds = opened(name)
    task = tasks.load("sign")
    data, config = held_out.without(data, folds[fold], seed=seed), TrainConfig(seed=seed, logs=None)
    model = held_out.trained(task, task.network(network), data, config, f"{name}-{network}-{seed}-{fold}")
    return model.predict(data.X[data.part == "test"])


def networks(name: str, seeds: Sequence[int], workers: int) -> dict[str, Any]:
    """The scores of every network on a set, mean over seeds."""
    data, folds = opened(name)
    jobs = [(name, net, seed, fold) for net in NETWORKS for seed in seeds for fold in range(len(folds))]
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), held_out.few_threads) as pool:
        said = dict(zip(jobs, tqdm(pool.map(answers, jobs), name, len(jobs), disable=None), strict=True))
    return {
        net: _mean([_scores(data, folds, _put(data, folds, said, name, net, s)) for s in seeds]) for net in NETWORKS
    }


def _put(data: Dataset, folds: Sequence[Array], said: dict[Any, Array], name: str, net: str, seed: int) -> Array:
    together = np.zeros_like(data.y)
    for fold, out in enumerate(folds):
        together[out] = said[name, net, seed, fold]
    return together


def _scores(data: Dataset, folds: Sequence[Array], said: Array) -> dict[str, Any]:
    """accuracy: of the signs, all labels in play, mean over the folds; rest: the share of rest that is taken for it."""
    true, labels = data.y.argmax(axis=1), np.array(data.labels)
    right, rest = said.argmax(axis=1) == true, np.array([is_rest(label) for label in labels])[true]
    found = {
        "folds": [float(right[out & ~rest].mean()) for out in folds],
        "words": {word: float(right[labels[true] == word].mean()) for word in data.labels if not is_rest(word)},
        "ece": classification.metrics(data.y, said, data.labels)["ece"],
    }
    return {
        "accuracy": float(np.mean(found["folds"])),
        **({"rest": float(right[rest].mean())} if rest.any() else {}),
        **found,
    }


def _mean(each: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The scores of several seeds as one, with the accuracy of each."""

    def mean(values: Sequence[Any]) -> Any:
        first = values[0]
        if isinstance(first, dict):
            return {key: mean([value[key] for value in values]) for key in first}
        return np.mean(values, axis=0).round(4).tolist()

    return {**mean(each), "seeds": [round(one["accuracy"], 4) for one in each]}


def trees(name: str, seeds: Sequence[int], normalised: bool) -> dict[str, Any]:
    """ExtraTrees on means, deviations and some moments of the keypoints, body-centred or raw."""
    from sklearn.ensemble import ExtraTreesClassifier

    data, folds = opened(name)
    network = normaliser(data.X.shape[1], pad=False)
    X = network.predict(data.X, batch_size=256, verbose=0) if normalised else data.X[..., data.X.any(axis=(0, 1))]
    moments = np.linspace(0, X.shape[1] - 1, MOMENTS).round().astype(int)
    X, y = np.concatenate([X.mean(axis=1), X.std(axis=1), X[:, moments].reshape(len(X), -1)], axis=1), data.y.argmax(1)
    found = []
    for seed in seeds:
        said = np.zeros_like(data.y)
        for out in folds:
            classifier = ExtraTreesClassifier(300, random_state=seed, n_jobs=-1).fit(X[~out], y[~out])
            said[np.ix_(out, classifier.classes_)] = classifier.predict_proba(X[out])
        found.append(_scores(data, folds, said))
    return _mean(found)


def stranger(model: Path) -> dict[str, Any]:
    """What the model in the project makes of somebody else, with all its labels in play."""
    task = tasks.load("sign")
    data = held_out.recordings(task, "asl_stranger/asl_stranger.npz")
    trained = task.load_model(model)
    said = np.array(trained.info.labels)[trained.predict(data.X).argmax(axis=1)]
    true = np.array(data.labels)[data.y.argmax(axis=1)]
    each = {label: float((said[true == label] == label).mean()) for label in data.labels}
    return {"accuracy": float((said == true).mean()), "labels": each, "windows": len(true)}


def show(results: dict[str, Any]) -> str:
    """The table that is printed."""
    lines = [f"{'left out whole':16} {'classifier':24} {'signs':>7}  {'seeds':24} {'rest':>6} {'ECE':>6}"]
    for name in SETS:
        for kind, of in results.get(name, {}).items():
            seeds = " ".join(f"{value:.3f}" for value in of["seeds"])
            rest = f"{of['rest']:.3f}" if "rest" in of else ""
            lines.append(f"{name:16} {kind:24} {of['accuracy']:7.4f}  {seeds:24} {rest:>6} {of['ece']:6.3f}")
    if "asl_stranger" in results:
        of = results["asl_stranger"]
        each = ", ".join(f"{label} {share:.0%}" for label, share in of["labels"].items())
        lines.append(f"{'asl_stranger':16} {'action.h5':24} {of['accuracy']:7.4f}  {each}")
    return "\n".join(lines)


def main() -> None:
    """Train what is not there yet, ask, and write `benchmarks/results/unseen.json`."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options.add_argument("--workers", type=cli.positive, default=2, help="trainings side by side")
    options.add_argument("--model", type=Path, default=held_out.ROOT / "action.h5", help="asked about asl_stranger")
    options.add_argument("--output", type=Path, default=held_out.ROOT / "benchmarks/results/unseen.json")
    args = options.parse_args()
    results: dict[str, Any] = {**held_out.machine(), "seeds": args.seeds}
    for name in args.sets:
        results[name] = {
            **networks(name, args.seeds, args.workers),
            "ExtraTrees, body-centred": trees(name, args.seeds, True),
            "ExtraTrees, raw": trees(name, args.seeds, False),
        }
    if args.model.exists():
        results["asl_stranger"] = stranger(args.model)
    held_out.write(results, args.output)
    print(show(results))


if __name__ == "__main__":
    cli.run(main)
