"""The question 'who is it?': what `goals.Classify` asks, of the person who moves instead of what is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from handsign.errors import InputError
from handsign.goals import Ask, Classify
from handsign.windows import span

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from handsign.dataset import Dataset
    from handsign.takes import Take

Array = np.ndarray[Any, Any]
FLOOR = 0.01
"""Added to a probability before its logarithm: one window that is sure of a thing must not outvote all others."""


@dataclass(frozen=True)
class Identify(Classify):
    """Who is it? Targets are the takes' signers, and no session is in two parts of a split.

    A window is so many samples as they came, whatever time they took: how somebody's movement was sampled is part of
    what it looks like, and hours in which nothing moved are nothing to look at. The last value of a sample is how many
    seconds the one before it is ago; `timed` sees to it.

    most   windows of a recording at most, spread evenly over it
    """

    most: int = 100
    page: ClassVar[str] = "identify.html"
    trials: ClassVar[tuple[str, ...]] = ("verification",)

    def label(self, take: Take) -> str:
        """The signer."""
        return take.info.signer

    def unit(self, take: Take) -> str:
        """The session, where the take says which."""
        return f"{take.info.signer}/{take.info.session}" if take.info.session else take.name

    def rate(self, takes: Sequence[Take], window: int, rate: float) -> float:
        """The recordings' own (their median): nothing is resampled, and live a window fills as fast as one of them."""
        return float(np.median([len(take.times) / max(span(take.times), 1e-3) for take in takes] or [rate]))

    def least(self, window: int) -> float:
        """A short recording is looked at as it is."""
        return 0.0

    def pairs(self, take: Take, window: int, rate: float, groups: Sequence[slice]) -> Iterator[tuple[Array, str]]:
        """The take's windows, each with who moved."""
        return ((part, self.label(take)) for part in runs(timed(take).samples, window, self.most))

    def targets(self, answers: Sequence[str]) -> tuple[Array, list[str]]:
        """Signers (n,) -> one-hot (n, labels) float32 and their names in alphabetical order.

        Raises:
            InputError: there are not two people to tell apart.
        """
        if len(set(answers)) < 2:
            raise InputError("it takes recordings of at least two people; record or import them with --signer NAME")
        return super().targets(answers)

    def resting(self, y: Array, labels: Sequence[str]) -> Array:
        """None: a person called rest is a person."""
        return np.array([], int)

    def score(self, ask: Ask, data: Dataset, part: str, told: Mapping[str, Any]) -> dict[str, Any]:
        """As `Classify` of windows, and `recordings`: how many, and the share whose windows, together, are right."""
        chosen = data.part == part
        said, true, take = ask(data.X[chosen]), data.y[chosen].argmax(axis=1), data.take[chosen]
        found = super().score(lambda X: said, data, part, told)
        right = [together(said[take == name]).argmax() == true[take == name][0] for name in np.unique(take)]
        return {**found, "recordings": {"count": len(right), "accuracy": float(np.mean(right))}}

    def summary(self, results: Mapping[str, Any], data: Dataset) -> str:
        """As `Classify`, then how many whole recordings were right, and how people are verified."""
        lines = [super().summary(results, data)] if "test" in results or "verification" not in results else []
        if "test" in results:
            of = results["test"]["recordings"]
            lines.append(f"whole recordings: {of['accuracy']:.1%} of {of['count']} are recognised")
        if "verification" in results:
            from handsign.verification import summary

            lines.append(summary(results["verification"]))
        return "\n".join(lines)

    def pictures(self, results: Mapping[str, Any], data: Dataset) -> dict[str, Figure]:
        """As `Classify`, and the ROC curves of a verification."""
        from handsign.verification import roc_figure

        found = super().pictures(results, data)
        if "verification" in results:
            found["verification.png"] = roc_figure(results["verification"])
        return found


def timed(take: Take) -> Take:
    """The take with the seconds since the sample before as the last value of each sample; the first one's is 0."""
    samples = take.samples.copy()
    samples[:, -1] = np.diff(take.times, prepend=take.times[:1])
    return replace(take, samples=samples)


def runs(samples: Array, window: int, most: int) -> Iterator[Array]:
    """Windows (window, *sample) of consecutive samples (T, *sample), overlapping by half, at most `most` of them.

    Where there are fewer samples than that, the first one stands for those that are missing before it.
    """
    if len(samples) < window:
        samples = np.concatenate([np.repeat(samples[:1], window - len(samples), axis=0), samples])
    last = len(samples) - window
    for start in np.linspace(0, last, min(most, 1 + round(last / (window / 2)))).astype(int):
        yield samples[start : start + window]


def together(probabilities: Array) -> Array:
    """Probabilities (n, labels) of n looks at a recording -> how well each label fits (labels,): a mean logarithm."""
    return np.log(probabilities + FLOOR).mean(axis=0)
