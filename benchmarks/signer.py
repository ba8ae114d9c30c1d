"""How well SYNTHETIC people are told apart by how they move a mouse, and verified: part of `make bench-paths`.

Ten people of `handsign.crowd`, near each other and different from session to session, in the layout of the Balabit
challenge: imported, learned from, and asked about sessions of half a minute to one and a half, of which a third are by
somebody else. Where ../shared/data is, also: which of the eight sessions of asl_words is a fingertip's path from, in
words that nothing was learned from? `--demo DIR` only writes the recordings there.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from argparse import Namespace
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import held_out
import numpy as np

from handsign import bundle, cli, crowd, dataset, enrolment, recording, training, verification
from handsign import task as tasks
from handsign.identify import together
from handsign.takes import Take, read
from handsign.training import Options

Array = np.ndarray[Any, Any]
STRANGERS = 6
"""People whom nothing was learned from, for enrolment; and ENROLLED of their sessions, the others are asked about."""
ENROLLED, ASKED = 3, 4
EPOCHS = 15
"""Fewer than `train.py` has by itself, so that this takes minutes."""


def synthetic(folder: Path, size: crowd.Size, options: Options) -> dict[str, Any]:
    """Import, train, verify, enrol."""
    crowd.challenge(folder, size)
    task, data_folder = tasks.load("signer"), folder / "data"
    told = {"action": None, "signer": None, "canvas": None}
    recording.import_takes(Namespace(path=folder / "training_files", data=data_folder, task=task.name, **told))
    data, takes = dataset.prepare(task, data_folder, dataset.Split(test_size=0.0, val_size=0.0))
    began = time.process_time()
    trained = training.train(task, data, folder / "signer.h5", options)
    used = time.process_time() - began
    told = verification.evaluate(
        task,
        data,
        data_folder,
        lambda x: trained.model.predict(x, batch_size=512, verbose=0),
        folder / "test_files",
        folder / "public_labels.csv",
    )
    bundle.save(trained.model, folder / "signer.h5", bundle.describe(task, data.labels, data.rate))
    del told["curves"]
    return {
        "accuracy": told["accuracy"],
        "auc": told["mean_auc"],
        "eer": told["eer"],
        "verification": told,
        "enrolment": strangers(folder, task, takes, data.rate, size),
        "windows": len(data.X),
        "parameters": trained.model.count_params(),
        "epochs": trained.epochs,
        "training_cpu_seconds": round(used, 1),
    }


def strangers(folder: Path, task: Any, takes: list[Take], rate: float, size: crowd.Size) -> dict[str, Any]:
    """How well people enrolled from a few sessions are verified, by what the network says last, or one layer before."""
    rng, everybody = np.random.default_rng(1), crowd.people(size.people + STRANGERS)[size.people :]
    paths = folder / "strangers"
    for i, who in enumerate(everybody):
        for n in range(ENROLLED + ASKED):
            crowd.write(paths / f"new{i}/session_{n}", crowd.rows(who, float(np.mean(size.test_seconds)), rng))
    new = [take for take in read(paths, task) if isinstance(take, Take)]
    network = bundle.Bundle.load(folder / "signer.h5", task)
    ways = {
        "embedding": enrolment.embedder(folder / "signer.onnx"),
        "scores": lambda x: np.tile(together(network.predict(x)), (len(x), 1)),
    }
    return {name: _enrolled(task, takes, new, rate, embed) for name, embed in ways.items()}


def _enrolled(task: Any, takes: list[Take], new: list[Take], rate: float, embed: Any) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score, roc_curve

    cohort = np.stack([enrolment.where(take, task, rate, embed) for take in takes])
    at = {take.name: enrolment.where(take, task, rate, embed) for take in new}
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


def fingertips(options: Options) -> dict[str, Any]:
    """Which session of asl_words a fingertip is from: learned from two thirds of the words, asked about the rest."""
    task = tasks.load("signer")
    data = held_out.asl_words(tasks.load("sign"))
    word = np.array(data.labels)[data.y.argmax(axis=1)]
    chosen = np.flatnonzero(word != "-")[::2]
    X = np.stack([task.adapt(window) for window in data.X[chosen]])
    X = np.concatenate([np.repeat(X[:, :1], max(task.window - X.shape[1], 0), axis=1), X], axis=1)
    words = sorted(set(word[chosen].tolist()))
    asked = np.isin(word[chosen], words[::3])
    y, labels = task.goal.targets(data.session[chosen].tolist())
    part = np.where(asked, "test", "train")
    columns = {"take": data.take[chosen], "signer": data.session[chosen], "session": data.session[chosen], "part": part}
    data = replace(data, X=X, y=y, labels=labels, **columns)
    with tempfile.TemporaryDirectory() as folder:
        trained = training.train(task, data, Path(folder, "fingers.h5"), options)
    said = trained.model.predict(training.encode(task, X[asked]), batch_size=512, verbose=0)
    true = y[asked].argmax(axis=1)
    rows = [np.flatnonzero(true == t) for t in range(len(labels))]
    tens = [own[i : i + 10] for own in rows for i in range(0, len(own) - 9, 10)]
    right = [together(said[ten]).argmax() == true[ten[0]] for ten in tens]
    return {
        "sessions": len(labels),
        "words_asked": words[::3],
        "one_take": float((said.argmax(axis=1) == true).mean()),
        "ten_takes": float(np.mean(right)),
        "guessing": float(np.bincount(true).max() / len(true)),
    }


def main() -> None:
    """Measure, and write `benchmarks/results/signer.json`."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--demo", type=Path, metavar="DIR", help="write the synthetic recordings there, and stop")
    options.add_argument("--epochs", type=cli.positive, default=EPOCHS, help=f"of the network (default: {EPOCHS})")
    options.add_argument("--output", type=Path, default=held_out.ROOT / "benchmarks/results/signer.json")
    args = options.parse_args()
    size = crowd.Size()
    if args.demo:
        crowd.challenge(args.demo, size)
        print(f"written: {args.demo}/training_files, test_files, public_labels.csv, all of it synthetic")
        return
    how = Options(**{**tasks.load("signer").training, "epochs": args.epochs, "logs": None})
    with tempfile.TemporaryDirectory() as folder:
        found = synthetic(Path(folder), size, how)
    facts = {**held_out.machine(), "data": "synthetic: no person moved", "size": asdict(size)}
    there = (held_out.SHARED / "asl_words").is_dir()
    results = {**found, "fingertips": fingertips(how) if there else None, **facts}
    held_out.write(results, args.output)
    print(verification.summary(results["verification"]))
    print({name: results[name] for name in ("enrolment", "fingertips", "training_cpu_seconds")})


if __name__ == "__main__":
    cli.run(main)
