"""How well SYNTHETIC people are told apart by how they move a mouse, and verified: part of `make bench-paths`.

Ten people of `benchmarks/crowd.py`, near each other and different from session to session, in the layout of the Balabit
challenge: imported, learned from, and asked about sessions of half a minute to one and a half, of which a third are by
somebody else. `--demo DIR` only writes the recordings there.
"""

from __future__ import annotations

import argparse
import tempfile
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

import held_out
import numpy as np

from benchmarks import crowd
from handsign import api, tasks
from handsign.cli import import_takes
from handsign.cli import options as cli
from handsign.data.prepare import prepare
from handsign.data.readers import read
from handsign.data.split import Split
from handsign.data.take import Take
from handsign.learn.config import TrainConfig
from handsign.tasks import Task
from handsign.tasks.signer import enrolment, scores, verification
from handsign.tasks.signer.identification import together

Array = np.ndarray[Any, Any]
STRANGERS = 6
"""People whom nothing was learned from, for enrolment; and ENROLLED of their sessions, the others are asked about."""
ENROLLED, ASKED = 3, 4
EPOCHS = 15
"""Fewer than `train.py` has by itself, so that this takes minutes."""


def synthetic(folder: Path, size: crowd.CrowdSize, config: TrainConfig) -> dict[str, Any]:
    """Import, train, verify, enrol."""
    crowd.write_challenge(folder, size)
    task, data_folder = tasks.load("signer"), folder / "data"
    unsaid = {"action": None, "signer": None, "canvas": None}
    import_takes.import_takes(Namespace(path=folder / "training_files", data=data_folder, task=task.name, **unsaid))
    data, takes = prepare(data_folder, task.format, task.windowing, Split(test_size=0.0, val_size=0.0))
    training = api.fit(task, task.network(), data, folder / "signer.h5", config)
    told = verification.verify(training.trained(data_folder), folder / "test_files", folder / "public_labels.csv")
    training.save(folder / "signer.h5")
    del told["curves"]
    return {
        "accuracy": told["accuracy"],
        "auc": told["mean_auc"],
        "eer": told["eer"],
        "verification": told,
        "enrolment": strangers(folder, task, takes, data.rate, size),
        "windows": len(data.X),
        "parameters": training.result.model.count_params(),
        "epochs": training.result.epochs,
    }


def strangers(folder: Path, task: Task, takes: list[Take], rate: float, size: crowd.CrowdSize) -> dict[str, Any]:
    """How well people enrolled from a few sessions are verified, by what the network says last, or one layer before."""
    rng, everybody = np.random.default_rng(1), crowd.sample_people(size.people + STRANGERS)[size.people :]
    paths = folder / "strangers"
    for i, who in enumerate(everybody):
        for n in range(ENROLLED + ASKED):
            crowd.write_csv(
                paths / f"new{i}/session_{n}", crowd.session_rows(who, float(np.mean(size.test_seconds)), rng)
            )
    new = [take for take in read(paths, task.format, task.windowing.duration) if isinstance(take, Take)]
    network = task.load_model(folder / "signer.h5")
    ways = {
        "embedding": enrolment.embedder(folder / "signer.onnx"),
        "scores": lambda x: np.tile(together(network.predict(x)), (len(x), 1)),
    }
    return {name: _enrolled(task, takes, new, rate, embed) for name, embed in ways.items()}


def _enrolled(task: Task, takes: list[Take], new: list[Take], rate: float, embed: Any) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score, roc_curve

    cohort = np.stack([enrolment.embedding(take, task, rate, embed) for take in takes])
    at = {take.name: enrolment.embedding(take, task, rate, embed) for take in new}
    own = sorted({take.info.signer for take in new})
    by = {who: [at[take.name] for take in new if take.info.signer == who] for who in own}
    claims = [
        (enrolment.z_norm(found, np.stack(by[person][:ENROLLED]), cohort), who == person)
        for person in own
        for who in own
        for found in by[who][ENROLLED:]
    ]
    score, genuine = np.array([s for s, _ in claims]), np.array([g for _, g in claims])
    wrong, right, _ = roc_curve(genuine, score, drop_intermediate=False)
    equal = int(np.argmin(np.abs(wrong - (1 - right))))
    accepted = score >= enrolment.LEVEL
    return {
        "auc": round(float(roc_auc_score(genuine, score)), 4),
        "eer": round(float((wrong[equal] + 1 - right[equal]) / 2), 4),
        "accepted": round(float(accepted[genuine].mean()), 4),
        "others_accepted": round(float(accepted[~genuine].mean()), 4),
    }


def main() -> None:
    """Measure, and write `benchmarks/results/signer.json`."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--demo", type=Path, metavar="DIR", help="write the synthetic recordings there, and stop")
    options.add_argument("--epochs", type=cli.positive, default=EPOCHS, help=f"of the network (default: {EPOCHS})")
    options.add_argument("--output", type=Path, default=held_out.ROOT / "benchmarks/results/signer.json")
    args = options.parse_args()
    size = crowd.CrowdSize()
    if args.demo:
        crowd.write_challenge(args.demo, size)
        print(f"written: {args.demo}/training_files, test_files, public_labels.csv, all of it synthetic")
        return
    config = TrainConfig(**{**tasks.load("signer").network().config, "epochs": args.epochs, "logs": None})
    with tempfile.TemporaryDirectory() as folder:
        found = synthetic(Path(folder), size, config)
    facts = {**held_out.machine(), "data": "synthetic: no person moved", "size": asdict(size)}
    held_out.write({**found, **facts}, args.output)
    print(scores.summary(found["verification"]))
    print(found["enrolment"])


if __name__ == "__main__":
    cli.run(main)
