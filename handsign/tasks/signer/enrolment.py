"""Verification of people whom the network was not trained on: enrolled from a few recordings, without training.

The embedding of a recording is the input of the last layer of a network that identifies people, averaged over the
recording's windows. A claim is scored by the cosine similarity between the embeddings of the new recording and of the
enrolled ones, in standard deviations of the similarities of a cohort's recordings (z-norm: Auckenthaler, Carey and
Lloyd-Thomas, "Score normalization for text-independent speaker verification systems", 2000).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handsign.bundle.check import read_checked
from handsign.bundle.onnx_session import open_session
from handsign.data.readers import read
from handsign.data.take import Take
from handsign.errors import InputError
from handsign.files import atomic
from handsign.reading import open_npz

if TYPE_CHECKING:
    from handsign.bundle.info import BundleInfo
    from handsign.tasks import Task
    from handsign.types import Array


LEVEL = 2.0
"""Score that a claim needs, in standard deviations: about one in forty of other people's recordings reaches it."""


@dataclass(frozen=True, eq=False)
class People:
    """The enrolled people.

    names   (n,) str, the person of each enrolled recording
    own     (n, d) float32, embeddings of these recordings
    cohort  (m, d) float32, embeddings of other people's recordings
    h5      SHA-256 of the model that computed them
    """

    names: Array
    own: Array
    cohort: Array
    h5: str

    def _check(self) -> None:
        """Raise an InputError for arrays of other kinds or shapes than `save` writes."""
        people = self.names.dtype.kind == "U" and self.names.shape == self.own.shape[:1]
        vectors = self.own.ndim == self.cohort.ndim == 2 and self.own.shape[1] == self.cohort.shape[1]
        numbers = self.own.dtype.kind == self.cohort.dtype.kind == "f" and len(self.cohort) > 0
        if not (people and vectors and numbers and np.isfinite(self.own).all() and np.isfinite(self.cohort).all()):
            raise InputError("its arrays do not fit together")

    def score(self, name: str, found: Array) -> float:
        """Score of the claim that an embedding (d,) is of the person `name`: see `z_norm`."""
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
                found._check()
        except InputError as error:
            raise InputError(f"nobody is enrolled in {path} ({error}); do so with 'realtime.py enrol'") from error
        if found.h5 != info.h5:
            raise InputError(f"{path} was made with another model; enrol people again, or give the --model of then")
        return found


def z_norm(found: Array, own: Array, cohort: Array) -> float:
    """Cosine similarity of an embedding (d,) to own (k, d), in standard deviations above the mean of cohort (m, d)."""
    centre = cohort.mean(axis=0)

    def unit(vectors: Array) -> Array:
        away = vectors - centre
        return away / np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-9)

    person = unit(own.mean(axis=0))
    others = unit(cohort) @ person
    return float((unit(found) @ person - others.mean()) / max(others.std(), 1e-9))


def embedder(path: Path) -> Callable[[Array], Array]:
    """The input of the last layer of the network in a bundle: encoded windows x (n, *x) -> (n, d) float32.

    Raises:
        InputError: as `handsign.bundle.check.read_checked`.
    """
    import onnx

    network = onnx.load_model_from_string(read_checked(path)[0])
    last = [node for node in network.graph.node if node.op_type in {"Gemm", "MatMul"}][-1].input[0]
    network.graph.output.append(onnx.ValueInfoProto(name=last))
    session = open_session(network.SerializeToString())
    name = session.get_inputs()[0].name
    return lambda x: np.asarray(session.run([last], {name: np.ascontiguousarray(x, np.float32)})[0])


def embedding(take: Take, task: Task, rate: float, embed: Callable[[Array], Array]) -> Array:
    """The embedding (d,) of a recording: the mean over its windows."""
    windows = task.windowing.pairs(take, rate, task.format.groups)
    return embed(np.stack([task.network().encode(window) for window, _ in windows])).mean(axis=0)


def people_path(model: Path) -> Path:
    """Path of the people who are enrolled with a model."""
    return model.with_name(f"{model.stem}.people.npz")


@dataclass(frozen=True)
class Enroller:
    """Enrols people with a trained model, and verifies recordings that claim to be by them."""

    task: Task
    model: Path

    @property
    def path(self) -> Path:
        """Where the people are who were enrolled with the model."""
        return people_path(self.model)

    @cached_property
    def info(self) -> BundleInfo:
        """What the model was made for."""
        return self.task.load_model(self.model).info

    def embeddings(self, path: Path) -> list[tuple[Take, Array]]:
        """The recordings at a path with their embeddings (d,).

        Raises:
            InputError: there is none that can be used.
        """
        embed, rate = embedder(self.model.with_suffix(".onnx")), self.info.rate
        takes = read(path, self.task.format, self.task.windowing.duration)
        found = [(take, embedding(take, self.task, rate, embed)) for take in takes if isinstance(take, Take)]
        if not found:
            raise InputError(f"{path} holds no usable recording of {self.task.name}")
        return found

    def enrol(self, signer: str, recordings: Path, cohort: Path) -> People:
        """Enrol a person by recordings, in place of earlier ones; the first time also save those at `cohort`.

        Raises:
            InputError: recordings or the model cannot be used.
        """
        info, path = self.info, self.path
        new = self.embeddings(recordings)
        old = People.load(path, info) if path.exists() else None
        others = old.cohort if old else np.stack([at for _, at in self.embeddings(cohort)])
        names, own = np.full(len(new), signer), np.stack([at for _, at in new])
        if old is not None:
            kept = old.names != signer
            names, own = np.concatenate([old.names[kept], names]), np.concatenate([old.own[kept], own])
        people = People(names, own, others, info.h5)
        people.save(path)
        return people

    def verify(self, signer: str, recordings: Path) -> list[tuple[Take, float]]:
        """The recordings with their scores for the claim to be by `signer`, in standard deviations of other people's.

        Raises:
            InputError: nobody of that name is enrolled, or the recordings cannot be used.
        """
        people = People.load(self.path, self.info)
        if signer not in people.names:
            known = ", ".join(sorted(set(people.names.tolist())))
            raise InputError(f"{signer} is not enrolled; there are: {known}")
        return [(take, people.score(signer, at)) for take, at in self.embeddings(recordings)]
