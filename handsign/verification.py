"""Is it really them? How well people can be told from those who claim to be them, a whole recording at a time.

A recording is scored by several systems: the network on its windows, and trees on each of the task's `measures`. The
score of a claim is the person's evidence less that for everybody else together (log odds), so a recording that is hard
for everybody is not held against one. The systems are added with the same weight, which is the line that counts; it was
chosen before anything was measured on the recordings in question.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign.errors import InputError
from handsign.identify import Identify, timed, together
from handsign.takes import Take, read
from handsign.training import encode

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from handsign.dataset import Dataset
    from handsign.goals import Ask
    from handsign.task import Task

Array = np.ndarray[Any, Any]
TREES, LEAF, MOST = 200, 3, 600
"""Of extremely randomised trees (Geurts, Ernst and Wehenkel, 2006), and rows of a recording that they learn from."""
BLEND = "blend"
ALL = "all"
CURVE = np.linspace(0, 1, 201)
"""False accept rates at which ROC curves are told."""


@dataclass(frozen=True)
class Claim:
    """A recording by somebody who says to be `person`; whether it is them, None if nobody knows. No take: unusable."""

    name: str
    person: str
    genuine: bool | None
    take: Take | None


def check(trial: str | None, test: Path | None, labels: Path | None) -> None:
    """See before a long training that what is needed after it is there.

    Raises:
        InputError: it is not, or the options do not go together.
    """
    if (test or labels) and trial != "verification":
        raise InputError("--test and --labels are of --evaluate verification")
    if labels and not test:
        raise InputError("--labels tell about the recordings of --test DIR; give that, too")
    if test and not test.is_dir():
        raise InputError(f"{test} is no folder; --test takes one with a folder a person in it")
    if labels:
        _illegal(labels)


def evaluate(
    task: Task, data: Dataset, source: Path, predict: Ask, test: Path | None, labels: Path | None, seed: int = 0
) -> dict[str, Any]:
    """What `metrics.json` has as `verification`: see `judged`, of every system, and of `BLEND` at the top level.

    data    what the network, `predict`: x (n, *x) -> (n, labels), was trained on; its takes lie at `source`
    test    recordings to be checked, a folder a person; without it those kept for testing, each claiming to be all
    labels  CSV `filename,is_illegal`: which of the test recordings are not by the person whose folder they are in

    Raises:
        InputError: there is nothing to check, or nobody both genuine and not.
    """
    assert isinstance(task.goal, Identify)
    learned = set(data.take[data.part != "test"].tolist())
    known = [take for take in read(source, task) if isinstance(take, Take)]
    claims = _told(task, test, labels, data.labels) if test else _kept(known, learned, data.labels, task.goal)
    usable = {claim.name: claim.take for claim in claims if claim.take is not None}
    if not usable:
        raise InputError("there is no usable recording to verify; keep some with --test-size, or name them with --test")
    takes = list(usable.values())
    scores = {"network": _asked(task, data, predict, takes)}
    learned_from = [timed(take) for take in known if take.name in learned]
    for name, measure in task.measures.items() if learned_from else ():
        scores[name] = trees(measure, learned_from, [timed(take) for take in takes], data.labels, seed)
    scores[BLEND] = np.sum([of / max(odds(of).std(), 1e-9) for of in scores.values()], axis=0)
    systems = {name: judged(odds(of), claims, list(usable), data.labels) for name, of in scores.items()}
    rest = {"recordings": len(takes), "unusable": [c.name for c in claims if c.take is None]}
    return {**systems[BLEND], **rest, "systems": {name: _short(of) for name, of in systems.items()}}


def _short(of: Mapping[str, Any]) -> dict[str, Any]:
    return {name: of[name] for name in ("mean_auc", "auc", "pooled_auc", "eer", "accuracy")}


def _kept(takes: Sequence[Take], learned: set[str], labels: Sequence[str], goal: Identify) -> list[Claim]:
    """Every recording that nothing was learned from, as a claim to be each of the people."""
    own = [(take, goal.label(take)) for take in takes if take.name not in learned]
    return [Claim(take.name, label, who == label, take) for take, who in own for label in labels]


def _told(task: Task, test: Path, labels: Path | None, people: Sequence[str]) -> list[Claim]:
    """The recordings at `test` as claims to be the person whose folder they are in (or, without labels, everybody)."""
    found, damaged = {}, {}
    for one in read(test, task):
        (found if isinstance(one, Take) else damaged)[one.name] = one
    if labels is None:
        return _kept(list(found.values()), set(), people, task.goal)
    illegal, claims = _illegal(labels), []
    for name in sorted({*found, *damaged}):
        person, file = Path(name).parent.name, Path(name).name
        if person in people and file in illegal:
            claims.append(Claim(name, person, not illegal[file], found.get(name)))
    if not claims:
        raise InputError(f"{labels} tells about no recording at {test} of {', '.join(people)}")
    return claims


def _illegal(path: Path) -> dict[str, bool]:
    """File name -> whether somebody else was at it."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {row["filename"]: bool(int(row["is_illegal"])) for row in csv.DictReader(file)}
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise InputError(f"{path} is no table with the columns filename and is_illegal (0 or 1): {error}") from error


def _asked(task: Task, data: Dataset, predict: Ask, takes: Sequence[Take]) -> Array:
    """How well the network finds each label to fit each recording (recordings, labels)."""
    windows = [[x for x, _ in task.goal.pairs(take, task.window, data.rate, task.groups)] for take in takes]
    said = predict(encode(task, np.stack([x for own in windows for x in own])))
    return _each(said, [len(own) for own in windows])


def _each(probabilities: Array, counts: Sequence[int]) -> Array:
    """Answers (n, labels) to looks at recordings, `counts` of each, together: (recordings, labels), 0 where none."""
    ends = np.cumsum(counts)[:-1]
    empty = np.zeros(probabilities.shape[1])
    return np.stack([together(own) if len(own) else empty for own in np.split(probabilities, ends)])


def trees(
    measure: Callable[[Array], Array], known: Sequence[Take], new: Sequence[Take], labels: Sequence[str], seed: int
) -> Array:
    """The same by trees that learned from what is measured in `known`."""
    from sklearn.ensemble import ExtraTreesClassifier

    rng = np.random.default_rng(seed)
    rows = [measure(take.samples) for take in known]
    rows = [of if len(of) <= MOST else of[np.sort(rng.choice(len(of), MOST, replace=False))] for of in rows]
    who = [np.full(len(of), labels.index(take.info.signer)) for of, take in zip(rows, known, strict=True)]
    asked = [measure(take.samples) for take in new]
    said = np.zeros((sum(map(len, asked)), len(labels)))
    if any(map(len, rows)) and len(said):
        settings = {"min_samples_leaf": LEAF, "class_weight": "balanced", "random_state": seed, "n_jobs": -1}
        forest = ExtraTreesClassifier(TREES, **settings).fit(np.concatenate(rows), np.concatenate(who))
        said[:, forest.classes_] = forest.predict_proba(np.concatenate(asked))
    return _each(said, [len(of) for of in asked])


def odds(scores: Array) -> Array:
    """Evidence (n, labels) -> the same less that for all the others together (n, labels)."""
    from scipy.special import logsumexp

    others = [logsumexp(np.delete(scores, i, axis=1), axis=1) for i in range(scores.shape[1])]
    return scores - np.stack(others, axis=1)


def judged(evidence: Array, claims: Sequence[Claim], names: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    """How well claims are told apart by evidence (recordings, labels), whose rows are the recordings `names`.

    auc        person -> area under the ROC curve of the claims to be them, and mean_auc, over the people who have one
    pooled_auc, eer, threshold   of all claims together: equal error rate, and the evidence at which it is reached
    accuracy   share of genuine recordings whose own person has the most evidence
    curves     person, and `ALL` -> true accept rates at the false accept rates `CURVE`
    claims     how many, and genuine, how many of them are
    An unusable recording is never accepted. Claims of which nobody knows the truth are left out.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    lowest = float(evidence.min()) - 1.0
    known = [claim for claim in claims if claim.genuine is not None]
    row = {name: i for i, name in enumerate(names)}
    score = np.array(
        [evidence[row[c.name], labels.index(c.person)] if c.name in row else lowest for c in known], np.float64
    )
    genuine, person = np.array([c.genuine for c in known], bool), np.array([c.person for c in known])
    if not (genuine.any() and (~genuine).any()):
        raise InputError("to verify takes recordings by the people themselves and by others; one of the two is missing")
    auc, curves = {}, {}
    for name in [*labels, ALL]:
        own = (person == name) | (name == ALL)
        if len(set(genuine[own].tolist())) == 2:
            wrong, right, _ = roc_curve(genuine[own], score[own])
            auc[name] = float(roc_auc_score(genuine[own], score[own]))
            curves[name] = np.interp(CURVE, wrong, right).round(4).tolist()
    wrong, right, levels = roc_curve(genuine, score, drop_intermediate=False)
    equal = int(np.argmin(np.abs(wrong - (1 - right))))
    pooled = auc.pop(ALL)
    own = [(labels.index(c.person) == evidence[row[c.name]].argmax()) for c in known if c.genuine and c.name in row]
    return {
        "mean_auc": float(np.mean(list(auc.values()) or [pooled])),
        "auc": auc,
        "pooled_auc": pooled,
        "eer": float((wrong[equal] + 1 - right[equal]) / 2),
        "threshold": float(np.clip(levels[equal], lowest, float(evidence.max()))),
        "accuracy": float(np.mean(own)) if own else None,
        "claims": len(known),
        "genuine": int(genuine.sum()),
        "curves": curves,
    }


def summary(found: Mapping[str, Any]) -> str:
    """Some lines for the terminal."""
    lines = [f"verification: mean AUC {found['mean_auc']:.4f}, EER {found['eer']:.1%}, of {found['claims']} claims"]
    lines += [f"  {name:12} AUC {value:.4f}" for name, value in found["auc"].items()]
    told = ", ".join(f"{name} {of['mean_auc']:.4f}" for name, of in found["systems"].items())
    lines.append(f"  mean AUC of each system: {told}")
    if found["unusable"]:
        lines.append(f"  not accepted, because nothing in them can be used: {', '.join(found['unusable'])}")
    return "\n".join(lines)


def roc_figure(found: Mapping[str, Any]) -> Figure:
    """True by false accept rate of each person, thin, and of all claims together, with the equal error rate marked."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 5.2), layout="constrained")
    axes = figure.subplots()
    for name, curve in found["curves"].items():
        if name != ALL:
            axes.plot(CURVE, curve, color="#9db7e8", linewidth=0.9, zorder=2)
    axes.plot([], [], color="#9db7e8", linewidth=0.9, label=f"each person, mean AUC {found['mean_auc']:.3f}")
    told = f"all claims, AUC {found['pooled_auc']:.3f}"
    axes.plot(CURVE, found["curves"][ALL], color="#3b6fd4", linewidth=2, label=told, zorder=3)
    axes.plot([0, 1], [1, 0], color="#6b7280", linestyle=":", linewidth=1.2)
    eer = found["eer"]
    axes.plot(eer, 1 - eer, "o", color="#d9822b", label=f"equal error rate {eer:.1%}", zorder=4)
    axes.set(
        xlim=(0, 1), ylim=(0, 1.005), xlabel="others who are accepted", ylabel="people who are accepted as themselves"
    )
    axes.set_title("Who is let in, at every threshold", loc="left", fontsize=11)
    axes.grid(color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(edgecolor="white", fontsize=9, loc="lower right")
    return figure
