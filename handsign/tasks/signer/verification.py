"""Verification of the people whom the network was trained on: genuine recordings against those of impostors.

A recording is scored by several systems: the network on its windows, and trees on each kind of `FEATURES`. The score of
a claim is the log odds of the person against all others together, so a recording on which all evidence is low is not
rejected for that. `BLEND` is the sum of all systems, each divided by its standard deviation. These weights were fixed
before anything was measured on the test recordings.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from handsign.data.readers import read
from handsign.data.take import Take
from handsign.errors import InputError
from handsign.evaluate.classification import ClassificationEvaluator
from handsign.reading import lines, open_file
from handsign.tasks.signer import features
from handsign.tasks.signer.identification import timed, together
from handsign.tasks.signer.scores import BLEND, Claim, headline, log_odds, roc_figure, verification_metrics
from handsign.tasks.signer.scores import summary as verification_summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from handsign.data.dataset import Dataset
    from handsign.data.windowing import Windowing
    from handsign.evaluate.evaluator import Intervals, TrainedModel
    from handsign.types import Array, Predict


VERIFICATION = "verification"

FEATURES: Mapping[str, Callable[[Array], Array]] = {
    "actions": features.action_features,
    "pieces": features.segment_features,
}
"""Features of a recording: name -> (samples (T, 4) -> (n, features))."""

TREES, LEAF, MAX_ROWS = 200, 3, 600
"""Of extremely randomised trees (Geurts, Ernst and Wehenkel, 2006), and rows of a recording that they are fitted on."""


@dataclass(frozen=True)
class SignerEvaluator(ClassificationEvaluator):
    """Metrics of windows and of whole recordings, and verification."""

    template: ClassVar[Path] = Path(__file__).with_name("identify.html")
    protocols: ClassVar[tuple[str, ...]] = (VERIFICATION,)

    def score(self, predict: Predict, data: Dataset, part: str, intervals: Intervals | None = None) -> dict[str, Any]:
        """Metrics of windows, and `recordings`: how many, and the share that is right by all its windows together."""
        chosen = data.part == part
        y_pred, y_true, take = predict(data.X[chosen]), data.y[chosen].argmax(axis=1), data.take[chosen]
        found = super().score(lambda X: y_pred, data, part)
        right = [together(y_pred[take == name]).argmax() == y_true[take == name][0] for name in np.unique(take)]
        return {**found, "recordings": {"count": len(right), "accuracy": float(np.mean(right))}}

    def summary(self, results: Mapping[str, Any], data: Dataset) -> str:
        """As of a classification, then the accuracy on whole recordings, and the verification."""
        lines = [super().summary(results, data)] if "test" in results or VERIFICATION not in results else []
        if "test" in results:
            of = results["test"]["recordings"]
            lines.append(f"whole recordings: {of['accuracy']:.1%} of {of['count']} are recognised")
        if VERIFICATION in results:
            lines.append(verification_summary(results[VERIFICATION]))
        return "\n".join(lines)

    def figures(self, results: Mapping[str, Any], data: Dataset) -> dict[str, Figure]:
        """As of a classification, and the ROC curves of a verification."""
        found = super().figures(results, data)
        if VERIFICATION in results:
            found["verification.png"] = roc_figure(results[VERIFICATION])
        return found

    def check(self, protocol: str | None, test: Path | None, labels: Path | None) -> None:
        """Check the options of the verification before a long training.

        Raises:
            InputError: the recordings or labels are not there, or the options do not go together.
        """
        if protocol != VERIFICATION:
            super().check(protocol, test, labels)
        if labels and not test:
            raise InputError("--labels tell about the recordings of --test DIR; give that, too")
        if test and not test.is_dir():
            raise InputError(f"{test} is no folder; --test takes one with a folder a person in it")
        if labels:
            _illegal(labels)

    def run_protocol(
        self, protocol: str | None, model: TrainedModel, test: Path | None, labels: Path | None
    ) -> dict[str, Any]:
        """`verification`: see `verify`."""
        return {VERIFICATION: verify(model, test, labels)} if protocol == VERIFICATION else {}


def verify(model: TrainedModel, test: Path | None = None, labels: Path | None = None) -> dict[str, Any]:
    """`verification_metrics` of `BLEND`, and of every system under `systems`, as `metrics.json` has them.

    test    recordings to verify, a folder for each person; None: the test part, with claims for everybody
    labels  CSV `filename,is_illegal`: which of the recordings at `test` are not by the person whose folder they are in

    Raises:
        InputError: there are no usable recordings, or no genuine or no false claims.
    """
    data, windowing = model.data, model.windowing
    learned = set(data.take[data.part != "test"].tolist())
    known = [take for take in read(model.source, model.format, windowing.duration) if isinstance(take, Take)]
    claims = _claims(model, test, labels) if test else _claims_to_be_all(known, learned, data.labels, windowing)
    usable = {claim.name: claim.take for claim in claims if claim.take is not None}
    if not usable:
        raise InputError("there is no usable recording to verify; keep some with --test-size, or name them with --test")
    takes = list(usable.values())
    scores = {"network": _network_evidence(model, takes)}
    learned_from = [timed(take) for take in known if take.name in learned]
    for name, extract in FEATURES.items() if learned_from else ():
        scores[name] = trees(extract, learned_from, [timed(take) for take in takes], data.labels, model.seed)
    scores[BLEND] = np.sum([of / max(log_odds(of).std(), 1e-9) for of in scores.values()], axis=0)
    systems = {
        name: verification_metrics(log_odds(of), claims, list(usable), data.labels) for name, of in scores.items()
    }
    rest = {"recordings": len(takes), "unusable": [c.name for c in claims if c.take is None]}
    return {**systems[BLEND], **rest, "systems": {name: headline(of) for name, of in systems.items()}}


def _claims_to_be_all(
    takes: Sequence[Take], learned: set[str], labels: Sequence[str], windowing: Windowing
) -> list[Claim]:
    """For every recording that is not in `learned`, a claim to be each of the people."""
    own = [(take, windowing.label(take)) for take in takes if take.name not in learned]
    return [Claim(take.name, label, who == label, take) for take, who in own for label in labels]


def _claims(model: TrainedModel, test: Path, labels: Path | None) -> list[Claim]:
    """The claim of every recording at `test` to be the person of its folder; without labels, claims to be everybody."""
    people, found, damaged = model.data.labels, {}, set()
    for one in read(test, model.format, model.windowing.duration):
        if isinstance(one, Take):
            found[one.name] = one
        else:
            damaged.add(one.name)
    if labels is None:
        return _claims_to_be_all(list(found.values()), set(), people, model.windowing)
    illegal, claims = _illegal(labels), []
    for name in sorted({*found, *damaged}):
        person, file = Path(name).parent.name, Path(name).name
        if person in people and file in illegal:
            claims.append(Claim(name, person, not illegal[file], found.get(name)))
    if not claims:
        raise InputError(f"{labels} tells about no recording at {test} of {', '.join(people)}")
    return claims


def _illegal(path: Path) -> dict[str, bool]:
    """File name -> whether it is by somebody else."""
    try:
        with open_file(path) as raw, io.TextIOWrapper(raw, "utf-8", newline="") as file:
            return {row["filename"]: bool(int(row["is_illegal"])) for row in csv.DictReader(lines(file))}
    except InputError as error:
        raise InputError(f"{path} is no table with the columns filename and is_illegal (0 or 1): {error}") from error


def _network_evidence(model: TrainedModel, takes: Sequence[Take]) -> Array:
    """The network's evidence (recordings, labels) for each label, of each recording."""
    windows = [[x for x, _ in model.windowing.pairs(take, model.data.rate, model.format.groups)] for take in takes]
    probabilities = model.predict(model.network.encode_all(np.stack([x for own in windows for x in own])))
    return _combined(probabilities, [len(own) for own in windows])


def _combined(probabilities: Array, counts: Sequence[int]) -> Array:
    """Probabilities (n, labels) of windows, `counts` of each recording -> evidence (recordings, labels), 0 if none."""
    ends = np.cumsum(counts)[:-1]
    empty = np.zeros(probabilities.shape[1])
    return np.stack([together(own) if len(own) else empty for own in np.split(probabilities, ends)])


def trees(
    extract: Callable[[Array], Array], known: Sequence[Take], new: Sequence[Take], labels: Sequence[str], seed: int
) -> Array:
    """Evidence (recordings, labels) for the takes `new` by trees that are fitted on the features of `known`."""
    from sklearn.ensemble import ExtraTreesClassifier

    rng = np.random.default_rng(seed)
    rows = [extract(take.samples) for take in known]
    rows = [of if len(of) <= MAX_ROWS else of[np.sort(rng.choice(len(of), MAX_ROWS, replace=False))] for of in rows]
    who = [np.full(len(of), labels.index(take.info.signer)) for of, take in zip(rows, known, strict=True)]
    asked = [extract(take.samples) for take in new]
    probabilities = np.zeros((sum(map(len, asked)), len(labels)))
    if any(map(len, rows)) and len(probabilities):
        settings = {"min_samples_leaf": LEAF, "class_weight": "balanced", "random_state": seed, "n_jobs": -1}
        forest = ExtraTreesClassifier(TREES, **settings).fit(np.concatenate(rows), np.concatenate(who))
        probabilities[:, forest.classes_] = forest.predict_proba(np.concatenate(asked))
    return _combined(probabilities, [len(of) for of in asked])
