"""Metrics of verification: claims to be a person, accepted where the evidence for that person is above a threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from handsign.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from handsign.data.take import Take
    from handsign.types import Array


BLEND = "blend"
"""Name of the system that is the sum of all others."""

ALL = "all"
"""Name of the ROC curve of all claims."""

FALSE_ACCEPT_RATES = np.linspace(0, 1, 201)
"""False accept rates at which ROC curves are stored."""


@dataclass(frozen=True)
class Claim:
    """The claim that a recording is by `person`.

    name     of the recording
    genuine  whether it is by that person; None: unknown
    take     None: the recording cannot be used
    """

    name: str
    person: str
    genuine: bool | None
    take: Take | None


def log_odds(scores: Array) -> Array:
    """Log odds (n, labels) of each label against all others together, from log likelihoods (n, labels).

    >>> log_odds(np.log([[0.5, 0.3, 0.2]])).round(3).tolist()
    [[0.0, -0.847, -1.386]]
    """
    from scipy.special import logsumexp

    others = [logsumexp(np.delete(scores, i, axis=1), axis=1) for i in range(scores.shape[1])]
    return scores - np.stack(others, axis=1)


def verification_metrics(
    evidence: Array, claims: Sequence[Claim], names: Sequence[str], labels: Sequence[str]
) -> dict[str, Any]:
    """Metrics of claims scored by evidence (recordings, labels), whose rows are the recordings `names`.

    auc        person -> area under the ROC curve of the claims to be that person, where there are genuine and false
               ones; mean_auc is their mean, pooled_auc that of all claims together
    eer        equal error rate of all claims together, and threshold, the evidence at which it is reached
    accuracy   share of genuine recordings for whose own person there is the most evidence; None without any
    claims     number of claims, and genuine, how many of them are
    curves     person, and `ALL` -> true accept rates at `FALSE_ACCEPT_RATES`
    An unusable recording is never accepted. Claims whose truth is unknown are left out.

    Raises:
        InputError: there are no genuine claims, or no false ones.
    """
    known = [claim for claim in claims if claim.genuine is not None]
    row = {name: i for i, name in enumerate(names)}
    lowest = float(evidence.min()) - 1.0
    score = np.array(
        [evidence[row[c.name], labels.index(c.person)] if c.name in row else lowest for c in known], np.float64
    )
    genuine, person = np.array([c.genuine for c in known], bool), np.array([c.person for c in known])
    if not (genuine.any() and (~genuine).any()):
        raise InputError("verification takes recordings by the people themselves and by others; there is one kind only")
    auc, curves = _roc(score, genuine, person, labels)
    pooled = auc.pop(ALL)
    eer, threshold = _equal_error(score, genuine)
    correct = [(labels.index(c.person) == evidence[row[c.name]].argmax()) for c in known if c.genuine and c.name in row]
    return {
        "mean_auc": float(np.mean(list(auc.values()) or [pooled])),
        "auc": auc,
        "pooled_auc": pooled,
        "eer": eer,
        "threshold": float(np.clip(threshold, lowest, float(evidence.max()))),
        "accuracy": float(np.mean(correct)) if correct else None,
        "claims": len(known),
        "genuine": int(genuine.sum()),
        "curves": curves,
    }


def _roc(
    score: Array, genuine: Array, person: Array, labels: Sequence[str]
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Area under the ROC curve, and the curve, of each label with both kinds of claims, and of `ALL`."""
    from sklearn.metrics import roc_auc_score, roc_curve

    auc, curves = {}, {}
    for name in [*labels, ALL]:
        own = (person == name) | (name == ALL)
        if len(set(genuine[own].tolist())) == 2:
            false_accepts, true_accepts, _ = roc_curve(genuine[own], score[own])
            auc[name] = float(roc_auc_score(genuine[own], score[own]))
            curves[name] = np.interp(FALSE_ACCEPT_RATES, false_accepts, true_accepts).round(4).tolist()
    return auc, curves


def _equal_error(score: Array, genuine: Array) -> tuple[float, float]:
    """Equal error rate of scores (n,), and the score at which it is reached."""
    from sklearn.metrics import roc_curve

    false_accepts, true_accepts, thresholds = roc_curve(genuine, score, drop_intermediate=False)
    equal = int(np.argmin(np.abs(false_accepts - (1 - true_accepts))))
    return float((false_accepts[equal] + 1 - true_accepts[equal]) / 2), float(thresholds[equal])


def headline(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The single numbers, and the AUC of each person, of `verification_metrics`."""
    return {name: metrics[name] for name in ("mean_auc", "auc", "pooled_auc", "eer", "accuracy")}


def summary(metrics: Mapping[str, Any]) -> str:
    """Lines of text on a verification: `verification_metrics` with `systems` and `unusable`."""
    lines = [
        f"verification: mean AUC {metrics['mean_auc']:.4f}, EER {metrics['eer']:.1%}, of {metrics['claims']} claims"
    ]
    lines += [f"  {name:12} AUC {value:.4f}" for name, value in metrics["auc"].items()]
    systems = ", ".join(f"{name} {system['mean_auc']:.4f}" for name, system in metrics["systems"].items())
    lines.append(f"  mean AUC of each system: {systems}")
    if metrics["unusable"]:
        lines.append(f"  rejected, because they cannot be used: {', '.join(metrics['unusable'])}")
    return "\n".join(lines)


def roc_figure(metrics: Mapping[str, Any]) -> Figure:
    """ROC curves of `verification_metrics`: thin ones for each person, one of all claims with its equal error rate."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 5.2), layout="constrained")
    axes = figure.subplots()
    for name, curve in metrics["curves"].items():
        if name != ALL:
            axes.plot(FALSE_ACCEPT_RATES, curve, color="#9db7e8", linewidth=0.9, zorder=2)
    axes.plot([], [], color="#9db7e8", linewidth=0.9, label=f"each person, mean AUC {metrics['mean_auc']:.3f}")
    label = f"all claims, AUC {metrics['pooled_auc']:.3f}"
    axes.plot(FALSE_ACCEPT_RATES, metrics["curves"][ALL], color="#3b6fd4", linewidth=2, label=label, zorder=3)
    axes.plot([0, 1], [1, 0], color="#6b7280", linestyle=":", linewidth=1.2)
    eer = metrics["eer"]
    axes.plot(eer, 1 - eer, "o", color="#d9822b", label=f"equal error rate {eer:.1%}", zorder=4)
    axes.set(xlim=(0, 1), ylim=(0, 1.005), xlabel="false accept rate", ylabel="true accept rate")
    axes.set_title("Accepted claims at every threshold", loc="left", fontsize=11)
    axes.grid(color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(edgecolor="white", fontsize=9, loc="lower right")
    return figure
