"""Somebody new, without training: enrolled from a few recordings, then accepted or rejected by another.

What a network trained to tell people apart says before its last layer, mean over a recording's windows, is where a
recording lies among people, also those it has never seen. A claim is scored by the cosine between the new recording and
the enrolled ones, in standard deviations of what the recordings of other people get (z-norm: Auckenthaler, Carey and
Lloyd-Thomas, "Score normalization for text-independent speaker verification systems", 2000).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handsign import runtime
from handsign import task as tasks
from handsign.bundle import Bundle, BundleInfo
from handsign.errors import InputError
from handsign.files import atomic
from handsign.identify import Identify
from handsign.takes import UNREADABLE, Take, open_npz, read
from handsign.task import Task

Array = np.ndarray[Any, Any]
LEVEL = 2.0
"""Standard deviations above other people that a claim needs: about one in forty of theirs has as much."""


@dataclass(frozen=True, eq=False)
class People:
    """Who is enrolled: recordings (n, d) float32 and the name (n,) of each, and those (m, d) of the cohort."""

    names: Array
    own: Array
    cohort: Array
    h5: str

    def score(self, name: str, found: Array) -> float:
        """How many standard deviations a recording (d,) is nearer to a person than those of the cohort are."""
        return z_norm(found, self.own[self.names == name], self.cohort)

    def save(self, path: Path) -> None:
        """Write it to one `.npz`."""
        with atomic(path) as temporary:
            np.savez(temporary, names=self.names, own=self.own, cohort=self.cohort, h5=np.array(self.h5))

    @classmethod
    def load(cls, path: Path, info: BundleInfo) -> People:
        """Read what `save` wrote.

        Raises:
            InputError: it is not there, damaged, or made with another model.
        """
        try:
            with open_npz(path) as file:
                found = cls(file["names"], file["own"], file["cohort"], str(file["h5"]))
        except UNREADABLE as error:
            raise InputError(f"nobody is enrolled in {path} ({error}); do so with 'realtime.py enrol'") from error
        if found.h5 != info.h5:
            raise InputError(f"{path} was made with another model; enrol people again, or give the --model of then")
        return found


def z_norm(found: Array, own: Array, cohort: Array) -> float:
    """The score of a recording (d,) that claims to be by whoever recorded own (k, d), against cohort (m, d)."""
    centre = cohort.mean(axis=0)

    def unit(vectors: Array) -> Array:
        away = vectors - centre
        return away / np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-9)

    person = unit(own.mean(axis=0))
    others = unit(cohort) @ person
    return float((unit(found) @ person - others.mean()) / max(others.std(), 1e-9))


def embedder(path: Path) -> Callable[[Array], Array]:
    """What the network in an ONNX file gives its last layer: encoded windows x (n, *x) -> (n, d) float32."""
    import onnx

    network = onnx.load(path)
    last = [node for node in network.graph.node if node.op_type in {"Gemm", "MatMul"}][-1].input[0]
    network.graph.output.append(onnx.ValueInfoProto(name=last))
    session = runtime.session(network.SerializeToString())
    name = session.get_inputs()[0].name
    return lambda x: session.run([last], {name: np.ascontiguousarray(x, np.float32)})[0]


def where(take: Take, task: Task, rate: float, embed: Callable[[Array], Array]) -> Array:
    """A recording -> where it lies among people (d,): the mean over its windows."""
    windows = task.goal.pairs(take, task.window, rate, task.groups)
    return embed(np.stack([task.encode(window) for window, _ in windows])).mean(axis=0)


def people_of(model: Path) -> Path:
    """Where the people are who were enrolled with a model."""
    return model.with_name(f"{model.stem}.people.npz")


def _opened(args: argparse.Namespace) -> tuple[Task, BundleInfo, Callable[[Path], list[tuple[Take, Array]]]]:
    """The task, the model's info, and a reader of recordings with where they lie."""
    task = tasks.load(args.task)
    if not isinstance(task.goal, Identify):
        raise InputError(f"{task.name} does not ask who somebody is; give --task")
    info = Bundle.load(args.model, task).info
    embed = embedder(args.model.with_suffix(".onnx"))

    def located(path: Path) -> list[tuple[Take, Array]]:
        found = [(take, where(take, task, info.rate, embed)) for take in read(path, task) if isinstance(take, Take)]
        if not found:
            raise InputError(f"{path} holds no usable recording of {task.name}")
        return found

    return task, info, located


def enrol(args: argparse.Namespace) -> None:
    """`realtime.py enrol`: remember somebody by the recordings at `args.path`; the cohort is those of --data."""
    _, info, located = _opened(args)
    path, new = people_of(args.model), located(args.path)
    old = People.load(path, info) if path.exists() else None
    cohort = old.cohort if old else np.stack([at for _, at in located(args.data)])
    names, own = np.full(len(new), args.signer), np.stack([at for _, at in new])
    if old is not None:
        others = old.names != args.signer
        names, own = np.concatenate([old.names[others], names]), np.concatenate([old.own[others], own])
    People(names, own, cohort, info.h5).save(path)
    print(f"{args.signer} is enrolled from {len(new)} recordings in {path}: {', '.join(sorted(set(names.tolist())))}")


def verify(args: argparse.Namespace) -> None:
    """`realtime.py verify`: is each recording at `args.path` by `args.signer`?"""
    _, info, located = _opened(args)
    people = People.load(people_of(args.model), info)
    if args.signer not in people.names:
        known = ", ".join(sorted(set(people.names.tolist())))
        raise InputError(f"{args.signer} is not enrolled; there are: {known}")
    for take, at in located(args.path):
        score = people.score(args.signer, at)
        print(f"{take.name}: {'accepted' if score >= args.level else 'rejected'} as {args.signer} ({score:+.2f})")


def parser(base: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Options of `realtime.py enrol` and `realtime.py verify`, added to those that every script has."""
    base.usage = "realtime.py enrol|verify RECORDINGS --signer NAME --task TASK [options]"
    base.add_argument("path", type=Path, metavar="RECORDINGS", help="a file or folder of them")
    base.add_argument("--signer", required=True, metavar="NAME", help="who is enrolled, or is said to have moved")
    base.add_argument("--level", type=float, default=LEVEL, help="standard deviations that a claim needs")
    return base
