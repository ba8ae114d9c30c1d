"""Signs and silence in long streams: `python benchmarks/stream.py [--network NAME] [--seed N ...] [--folds N ...]`.

Models that never saw some sessions of asl_words watch streams made of the takes of those sessions, with rest between
them, as `realtime.py` would. Two or three words a fold are kept out of training too: to the model they are unknown
signs, which it should let pass like rest. Writes `benchmarks/results/stream.json`.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import held_out
import msgspec
import numpy as np

from handsign import tasks
from handsign.cli import options as cli
from handsign.data.readers import read
from handsign.data.take import Take, is_rest
from handsign.data.windows import resample
from handsign.landmarks.holistic import POSE_NAMES
from handsign.learn.config import TrainConfig
from handsign.live.trigger import Event
from handsign.tasks.sign.transforms.spatial import change_view

if TYPE_CHECKING:
    from handsign.bundle.info import BundleInfo
    from handsign.data.dataset import Dataset
    from handsign.landmarks.layout import Layout
    from handsign.learn.network import Network
    from handsign.live.recogniser import Recogniser
    from handsign.tasks import Task

Array = np.ndarray[Any, Any]
RATE = 30.0
"""Frames a second of the stream: those of a camera."""
REST = (1.5, 4.0)
"""Seconds of rest before each sign."""
GAP = (0.2, 0.4)
"""Seconds from one piece to the next, in which the body goes from where it was to where it has to be."""
AFTER = 1.0
"""Seconds after its end that a sign may still be answered in: for so long some of it is in the window."""
STALE = 1
"""Frames at the start of a take of asl_words that do not belong to it: the first is nearly the last of the take before
(nearer than any frame is to its next) and some ten steps away from the second. It is what was left in the camera's
buffer during the pause of seconds between takes; live there is no such jump."""
OUTCOMES = ("found", "missed", "doubled", "wrong")
PLACES = ("rest", "unknown")


@dataclass(frozen=True)
class Sign:
    """What is signed from `start` to `end` seconds of a stream; `known` if the model could learn it."""

    label: str
    start: float
    end: float
    known: bool = True


@dataclass(frozen=True, eq=False)
class Stream:
    """Samples (T, *sample) at `times` (T,) seconds, and the signs in them, in order."""

    samples: Array
    times: Array
    signs: Sequence[Sign]


@dataclass
class Score:
    """What became of the signs of streams, and of the time in which nothing should have been said.

    signs    (label, outcome, seconds from its middle to its event; None unless it was found)
    false    (place, what was signed there: "" for rest; what was heard)
    seconds  of each place: without the time of signs
    unknown  how often each unknown word was signed
    """

    signs: list[tuple[str, str, float | None]] = field(default_factory=list)
    false: list[tuple[str, str, str]] = field(default_factory=list)
    seconds: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)

    def __iadd__(self, other: Score) -> Score:
        self.signs += other.signs
        self.false += other.false
        self.seconds += other.seconds
        self.unknown += other.unknown
        return self


def score(signs: Sequence[Sign], events: Sequence[Event], length: float) -> Score:
    """Judge the events of a stream of `length` seconds, with `signs` in order.

    The time of a sign goes from its start until `AFTER` its end, or until the next sign starts. A known sign in whose
    time any other label is heard is wrong, whatever else is heard; otherwise it is missed, found or doubled as its
    label is heard never, once or more often. So the four add up to all known signs. Everything heard in the time of
    an unknown sign or in no sign's time is false, and the rest of the time counts as that place's.
    """
    result = Score()
    after = [*(sign.start for sign in signs), length][1:]
    ends = [min(sign.end + AFTER, limit) for sign, limit in zip(signs, after, strict=True)]
    free = list(events)
    for sign, end in zip(signs, ends, strict=True):
        own = [event for event in free if sign.start <= event.time < end]
        free = [event for event in free if event not in own]
        if sign.known:
            result.signs.append((sign.label, *_outcome(sign, own)))
        else:
            result.unknown[sign.label] += 1
            result.seconds["unknown"] += end - sign.start
            result.false += [("unknown", sign.label, event.label) for event in own]
    result.false += [("rest", "", event.label) for event in free]
    result.seconds["rest"] += length - sum(end - sign.start for sign, end in zip(signs, ends, strict=True))
    return result


def _outcome(sign: Sign, events: Sequence[Event]) -> tuple[str, float | None]:
    if any(event.label != sign.label for event in events):
        return "wrong", None
    if len(events) == 1:
        return "found", events[0].time - (sign.start + sign.end) / 2
    return ("doubled" if events else "missed"), None


def compose(takes: Sequence[Take], known: Sequence[str], layout: Layout, rng: np.random.Generator) -> Stream:
    """Takes of signs and of rest -> a stream with every sign once, in random order, and rest before and after each.

    Labels not `known` are unknown signs. Rest is takes of rest, drawn anew until it is long enough.
    """
    pieces, times, signs, now = list(_in_turn(takes, rng)), [], [], 0.0
    for take in pieces:
        times.append(now + take.times - take.times[0])
        label, end = take.info.action, float(times[-1][-1])
        if not is_rest(label):
            signs.append(Sign(label, now, end, label in known))
        now = end + rng.uniform(*GAP)
    samples = np.concatenate(one_body([take.samples for take in pieces], layout))
    at = np.arange(0.0, times[-1][-1], 1 / RATE)
    return Stream(resample(samples, np.concatenate(times), at, tuple(layout.slices.values())), at, signs)


def _in_turn(takes: Sequence[Take], rng: np.random.Generator) -> Iterator[Take]:
    """All signs in random order, with so many takes of rest around them that `REST` is filled."""
    rest = [take for take in takes if is_rest(take.info.action)]
    signs = [take for take in takes if not is_rest(take.info.action)]
    assert rest, "there is no rest to put between the signs"
    if not signs:
        yield from (rest[i] for i in rng.permutation(len(rest)))
        return
    for i in [*rng.permutation(len(signs)).tolist(), None]:
        left = rng.uniform(*REST)
        while left > 0:
            take = rest[rng.integers(len(rest))]
            left -= take.times[-1] - take.times[0] + np.mean(GAP)
            yield take
        if i is not None:
            yield signs[i]


def one_body(pieces: Sequence[Array], layout: Layout) -> list[Array]:
    """Pieces (T, *sample), moved and scaled so that the shoulders of all are where they are on average.

    In the recordings the person sits down anew for every word: it would jump from one piece to the next.
    """
    bodies = [_shoulders(piece, layout) for piece in pieces]
    seen = [body for body in bodies if body is not None]
    if not seen:
        return list(pieces)
    place, size = np.median([place for place, _ in seen], axis=0), np.median([size for _, size in seen])
    return [
        piece if body is None else _moved(piece, layout, body, place, size)
        for piece, body in zip(pieces, bodies, strict=True)
    ]


def _shoulders(samples: Array, layout: Layout) -> tuple[Array, float] | None:
    """The middle (2,) of the shoulders and how far apart they are; None where nobody is to be seen."""
    numbers = [POSE_NAMES.index(f"{side}_shoulder") for side in ("left", "right")]
    left, right = (layout.view(samples, "pose")[layout.present(samples, "pose"), i, :2] for i in numbers)
    if not len(left):
        return None
    return np.median((left + right) / 2, axis=0), float(np.median(np.linalg.norm(left - right, axis=1)))


def _moved(samples: Array, layout: Layout, body: tuple[Array, float], place: Array, size: float) -> Array:
    """Samples of a `body`, moved and scaled so that its shoulders are at `place` (2,), `size` apart."""
    scale = size / body[1]
    right, down = place - 0.5 - (body[0] - 0.5) * scale  # `change_view` scales about the image's middle
    return change_view(samples, layout, scale=scale, shift=(right, down))


def unknown_words(data: Dataset, folds: Sequence[Array], seed: int) -> list[list[str]]:
    """For every fold the words that its model must not learn: each word once, in a fold whose sessions have it."""
    rng = np.random.default_rng(seed)
    names = np.array(data.labels)[data.y.argmax(axis=1)]
    words = [label for label in data.labels if not is_rest(label)]
    shown = {word: [i for i, out in enumerate(folds) if (names[out] == word).any()] for word in words}
    dealt: list[list[str]] = [[] for _ in folds]
    for word in sorted(
        rng.permutation(words).tolist(), key=lambda word: len(shown[word])
    ):  # those with least choice first
        dealt[min(shown[word], key=lambda i: len(dealt[i]))].append(word)
    return dealt


def streams(
    data: Dataset, takes: Mapping[str, Take], out: Array, known: Sequence[str], layout: Layout, most: int, seed: int
) -> Iterator[Stream]:
    """A stream of every session in the mask `out` (n,): all its rest, and of each word `most` takes.

    A session of nothing but rest gives a stream of its takes.
    """
    rng = np.random.default_rng(seed)
    for session in sorted(set(data.session[out])):
        own: dict[str, list[Take]] = defaultdict(list)
        for name in rng.permutation(data.take[data.session == session]):
            own[takes[name].info.action].append(takes[name])
        chosen = [take for label, of in own.items() for take in (of if is_rest(label) else of[:most])]
        yield compose(chosen, known, layout, rng)


def recorded(task: Task) -> dict[str, Take]:
    """The takes of asl_words by their names, without their stale frames."""
    found = read(held_out.SHARED / "asl_words/asl_words.npz", task.format, task.windowing.duration)
    whole = [take for take in found if isinstance(take, Take)]
    return {take.name: replace(take, samples=take.samples[STALE:], times=take.times[STALE:]) for take in whole}


def watch(stream: Stream, session: Recogniser) -> list[Event]:
    """What `session` recognises in a stream, given to it sample by sample."""
    events = []
    for time, sample in zip(stream.times.tolist(), stream.samples, strict=True):
        session.update_sample(sample, time)
        events += [session.event] if session.event else []
    return events


def shares(found: Score) -> dict[str, Any]:
    """The fixed names of `stream.json` and what they are made of."""
    count = Counter(outcome for _, outcome, _ in found.signs)
    delays = [delay for _, _, delay in found.signs if delay is not None]
    minutes = {place: found.seconds[place] / 60 for place in PLACES}
    false = Counter(place for place, _, _ in found.false)
    return {
        **{outcome: _ratio(count[outcome], len(found.signs)) for outcome in OUTCOMES},
        "false_per_minute": _ratio(len(found.false), sum(minutes.values())),
        "delay_s": round(float(np.median(delays)), 3) if delays else None,
        "delay_p95_s": round(float(np.quantile(delays, 0.95)), 3) if delays else None,
        "signs": len(found.signs),
        "unknown_signs": found.unknown.total(),
        **{f"minutes_{place}": round(minutes[place], 2) for place in PLACES},
        **{f"false_per_minute_{place}": _ratio(false[place], minutes[place]) for place in PLACES},
    }


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def by_word(found: Score) -> dict[str, dict[str, int]]:
    """For each word how often it was what, and how often it was heard in rest and unknown signs."""
    words = sorted({label for label, _, _ in found.signs} | {heard for _, _, heard in found.false})
    rows = {}
    for word in words:
        outcome = Counter(o for label, o, _ in found.signs if label == word)
        heard = Counter(place for place, _, label in found.false if label == word)
        rows[word] = {name: outcome[name] for name in OUTCOMES} | {
            f"heard_in_{place}": heard[place] for place in PLACES
        }
    return rows


def by_unknown(found: Score) -> dict[str, dict[str, Any]]:
    """For each unknown word how often it was signed, and what was heard then."""
    heard = {word: Counter(label for _, shown, label in found.false if shown == word) for word in found.unknown}
    return {word: {"signed": found.unknown[word], "heard": dict(heard[word].most_common())} for word in sorted(heard)}


def text(rows: Mapping[str, Mapping[str, Any]], *fields: str) -> str:
    """Rows as a table of these of their fields, or all."""
    head = fields or list(next(iter(rows.values()), {}))
    cells = [["", *head], *([name, *(str(row[field]) for field in head)] for name, row in rows.items())]
    widths = [max(len(line[i]) for line in cells) for i in range(len(head) + 1)]
    return "\n".join("  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells)


@lru_cache(maxsize=1)
def opened(network: str | None) -> tuple[Task, Network, Dataset, Mapping[str, Take]]:
    """The task, its network, the dataset and the takes it was made of."""
    task = tasks.load("sign")
    return task, task.network(*([network] if network else [])), held_out.asl_words(task), recorded(task)


def fold(args: argparse.Namespace, seed: int, number: int) -> Fold:
    """Train (or find) the model of a fold and a seed, and let it watch the streams of the sessions held out."""
    task, network, data, takes = opened(args.network)
    layout = task.format.columns
    assert layout, "a body is looked for"
    out = held_out.asl_folds(data)[number]
    unknown = unknown_words(data, held_out.asl_folds(data), seed)[number]
    learned = held_out.without(data, out, unknown, seed)
    given = {"seed": seed, "logs": None} | ({"epochs": args.epochs} if args.epochs else {})
    name = f"stream-{args.network or 'default'}-{number}-{seed}"
    model = held_out.trained(task, network, learned, TrainConfig(**given), name)
    found = Score()
    for stream in streams(data, takes, out, learned.labels, layout, args.takes, 100 * seed + number):
        found += score(stream.signs, watch(stream, task.recogniser(model)), float(stream.times[-1]))
    return Fold(found, unknown, model.info)


@dataclass(frozen=True)
class Fold:
    """What was found in the streams of a fold, the words its model did not learn, and what it says of itself."""

    score: Score
    unknown: Sequence[str]
    info: BundleInfo


def run(args: argparse.Namespace) -> dict[str, Any]:
    """All folds and seeds asked for -> what is written."""
    total, rows, jobs = Score(), {}, list(itertools.product(args.seed, args.folds))
    with ProcessPoolExecutor(args.workers, multiprocessing.get_context("spawn"), held_out.few_threads) as pool:
        for (seed, number), found in zip(jobs, pool.map(partial(fold, args), *zip(*jobs, strict=True)), strict=True):
            total += found.score
            row = shares(found.score) | {"unknown": " ".join(found.unknown)}
            rows[f"fold {number}, seed {seed}"] = row
            print(f"fold {number}, seed {seed}: found {row['found']}, false {row['false_per_minute']}/min", flush=True)
    return {
        **shares(total),
        "network": args.network or "default",
        "trigger": msgspec.to_builtins(found.info.trigger),
        "folds": rows,
        "words": by_word(total),
        "unknown_words": by_unknown(total),
        "epochs": args.epochs,
        "takes": args.takes,
        **held_out.machine(),
        "versions": found.info.versions,
    }


def main() -> None:
    """Measure, print tables, and write `benchmarks/results/stream.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", help="another network of the task (default: its own)")
    parser.add_argument("--seed", type=int, nargs="+", default=[0, 1, 2], help="of training and streams; pooled")
    parser.add_argument("--folds", type=int, nargs="+", choices=range(held_out.FOLDS), default=range(held_out.FOLDS))
    parser.add_argument("--epochs", type=int, help="at most so many (default: as train.py)")
    parser.add_argument("--takes", type=int, default=10, help="of every word and session, of 30 (default: 10)")
    parser.add_argument("--workers", type=cli.positive, default=2, help="trainings side by side, a thread each")
    args = parser.parse_args()
    result = run(args)
    target = held_out.ROOT / "benchmarks/results/stream.json"
    held_out.write(result, target)
    columns = (*OUTCOMES, "false_per_minute", *(f"false_per_minute_{place}" for place in PLACES), "delay_s", "signs")
    print(text(result["folds"] | {"all": result}, *columns), text(result["words"]), sep="\n\n")
    print("", text(result["unknown_words"]), f"written: {target}", sep="\n\n")


if __name__ == "__main__":
    cli.run(main)
