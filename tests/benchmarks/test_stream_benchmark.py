"""The stream benchmark: how streams are made of takes, and how what is heard in them is judged."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from handsign.bundle.info import describe
from handsign.data.dataset import Dataset
from handsign.data.readers import read
from handsign.data.split import Split
from handsign.data.take import Take, TakeInfo
from handsign.landmarks.holistic import HOLISTIC
from handsign.live.recogniser import Recogniser
from handsign.live.trigger import Event

sys.path.insert(0, str(ROOT / "benchmarks"))

import stream
from stream import Score, Sign, compose, one_body, score, shares, streams, unknown_words, watch

HELLO, NO = Sign("hello", 2.0, 3.0), Sign("no", 6.0, 7.0)
UNKNOWN = Sign("water", 10.0, 11.0, known=False)
SIGNS = [HELLO, NO, UNKNOWN]
LENGTH = 14.0
WORDS = ["-", "hello", "no", "water"]


def heard(*events: tuple[float, str]) -> list[Event]:
    return [Event(t, label, 0.9) for t, label in events]


class TestScore:
    @pytest.mark.parametrize(
        ("events", "outcomes", "false"),
        [
            ([], ["missed", "missed"], []),
            ([(2.7, "hello"), (6.8, "no")], ["found", "found"], []),
            ([(2.0, "hello"), (7.99, "no")], ["found", "found"], []),
            ([(1.99, "hello")], ["missed", "missed"], [("rest", "", "hello")]),
            ([(4.0, "hello")], ["missed", "missed"], [("rest", "", "hello")]),
            ([(2.5, "hello"), (3.5, "hello")], ["doubled", "missed"], []),
            ([(2.5, "hello"), (4.5, "hello")], ["found", "missed"], [("rest", "", "hello")]),
            ([(2.5, "no")], ["wrong", "missed"], []),
            ([(2.5, "hello"), (3.5, "no")], ["wrong", "missed"], []),
            ([(2.5, "hello"), (2.9, "hello"), (3.5, "no")], ["wrong", "missed"], []),
            (
                [(10.5, "no"), (11.9, "hello")],
                ["missed"] * 2,
                [("unknown", "water", "no"), ("unknown", "water", "hello")],
            ),
            ([(12.0, "no")], ["missed", "missed"], [("rest", "", "no")]),
        ],
    )
    def test_each_sign_is_one_thing(self, events, outcomes, false):
        found = score(SIGNS, heard(*events), LENGTH)
        assert [outcome for _, outcome, _ in found.signs] == outcomes
        assert found.false == false

    def test_the_delay_is_from_the_middle(self):
        found = score(SIGNS, heard((2.75, "hello"), (6.25, "no"), (7.0, "no")), LENGTH)
        assert found.signs == [("hello", "found", 0.25), ("no", "doubled", None)]

    def test_time_that_is_no_signs_is_rest(self):
        found = score(SIGNS, [], LENGTH)
        assert found.seconds == {"rest": LENGTH - 6, "unknown": 2}
        assert found.unknown == {"water": 1}

    def test_a_sign_ends_where_the_next_begins(self):
        soon = Sign("no", 3.5, 4.5)
        found = score([HELLO, soon], heard((3.4, "hello"), (3.6, "no")), 5.0)
        assert [outcome for _, outcome, _ in found.signs] == ["found", "found"]
        assert found.seconds["rest"] == 2  # the last one's time is over when the stream is

    def test_without_signs_all_is_rest(self):
        found = score([], heard((1, "no")), 30.0)
        assert (found.seconds["rest"], found.false) == (30, [("rest", "", "no")])

    @given(st.lists(st.tuples(st.floats(0, 13.9), st.sampled_from(["hello", "no"])), max_size=12))
    def test_nothing_is_lost(self, events):
        found = score(SIGNS, heard(*sorted(events)), LENGTH)
        inside = sum(2 <= t < 4 or 6 <= t < 8 for t, _ in events)
        assert len(found.signs) == 2
        assert len(found.false) + inside == len(events)
        told = shares(found)
        assert sum(told[name] for name in stream.OUTCOMES) == pytest.approx(1)

    def test_rates_are_of_the_time_in_which_they_could_happen(self):
        total = Score()
        for events in ([(4.5, "no"), (10.1, "no")], [(2.5, "hello"), (6.7, "no")]):
            total += score(SIGNS, heard(*events), LENGTH)
        told = shares(total)
        assert (told["found"], told["missed"], told["signs"], told["unknown_signs"]) == (0.5, 0.5, 4, 2)
        assert told["false_per_minute"] == pytest.approx(2 / (20 / 60))
        assert told["false_per_minute_rest"] == pytest.approx(1 / (16 / 60))
        assert told["false_per_minute_unknown"] == pytest.approx(1 / (4 / 60))
        assert told["delay_s"] == pytest.approx(0.1)


def body(action: str, at: float = 0.5, size: float = 0.2, mark: float = 0.0, number: int = 0) -> Take:
    """A second of somebody whose shoulders are `size` apart; signs show a hand, whose depth is `mark`."""
    pose = np.full((20, 33, 4), at)
    pose[:, [11, 12], 0] = at + np.array([size, -size]) / 2
    hand = np.full((20, 21, 3), at) + 0.1 * size
    hand[..., 2] = mark / size
    landmarks = {"pose": pose} | ({} if action == "-" else {"right_hand": hand})
    name = f"{action}/{number}"
    return Take(HOLISTIC.assemble(landmarks), np.arange(20) / 20, TakeInfo(action=action), name)


def several(count: int = 3) -> list[Take]:
    return [body(word, 0.4 + 0.01 * i, 0.2 + 0.02 * i, WORDS.index(word), i) for word in WORDS for i in range(count)]


def composed(seed: int = 0) -> stream.Stream:
    return compose(several(), ["-", "hello", "no"], HOLISTIC, np.random.default_rng(seed))


class TestCompose:
    def test_every_sign_once_with_rest_around_it(self):
        made = composed()
        assert sorted(sign.label for sign in made.signs) == ["hello"] * 3 + ["no"] * 3 + ["water"] * 3
        assert all(sign.known == (sign.label != "water") for sign in made.signs)
        pauses = [made.signs[0].start, *(b.start - a.end for a, b in pairwise(made.signs))]
        pauses.append(float(made.times[-1]) - made.signs[-1].end)
        assert min(pauses) >= stream.REST[0] - 0.1
        assert max(pauses) <= stream.REST[1] + 2
        assert all(sign.end - sign.start == pytest.approx(0.95) for sign in made.signs)

    def test_it_comes_as_from_a_camera(self):
        made = composed()
        assert np.diff(made.times) == pytest.approx(1 / stream.RATE)
        assert made.samples.shape == (len(made.times), HOLISTIC.size)
        assert made.samples.dtype == np.float32

    def test_the_sign_is_shown_while_it_is_signed(self):
        made = composed()
        hand = HOLISTIC.present(made.samples, "right_hand")
        for sign in made.signs:
            assert hand[(made.times >= sign.start) & (made.times <= sign.end)].all()
        away = np.min([np.maximum(s.start - made.times, made.times - s.end) for s in made.signs], axis=0)
        assert not hand[away > stream.GAP[1] / 2 + 0.01].any()

    def test_nobody_jumps(self):
        pose = HOLISTIC.view(composed().samples, "pose")
        assert np.ptp(pose[:, 11, 0]) < 1e-5
        assert np.ptp(pose[:, 12, 0]) < 1e-5

    def test_the_seed_decides(self):
        first, same, other = composed(), composed(), composed(1)
        assert first.signs == same.signs
        assert np.array_equal(first.samples, same.samples)
        assert [s.label for s in first.signs] != [s.label for s in other.signs]

    def test_rest_alone(self):
        made = compose([body("-", number=i) for i in range(4)], ["-"], HOLISTIC, np.random.default_rng(0))
        assert not made.signs
        assert 4 * 0.95 <= made.times[-1] <= 4 * 0.95 + 3 * stream.GAP[1]


class TestOneBody:
    def test_shape_stays_and_missing_stays_missing(self):
        takes = [body("hello", 0.3, 0.1), body("-", 0.6, 0.3)]
        before = [take.samples.copy() for take in takes]
        small, large = one_body([take.samples for take in takes], HOLISTIC)
        assert np.array_equal(before[0], takes[0].samples)
        shoulder = HOLISTIC.view(small, "pose")[:, 11, :2]
        assert shoulder == pytest.approx(HOLISTIC.view(large, "pose")[:, 11, :2])
        reach = HOLISTIC.view(small, "right_hand")[:, 0, :2] - shoulder
        expected = (HOLISTIC.view(before[0], "right_hand")[:, 0] - HOLISTIC.view(before[0], "pose")[:, 11, :3])[:, :2]
        assert reach == pytest.approx(2 * expected, abs=1e-6)
        assert HOLISTIC.view(small, "pose")[..., 3] == pytest.approx(0.3)  # how visible it is does not grow
        for part in ("face", "left_hand"):
            assert not HOLISTIC.present(small, part).any()
        assert not HOLISTIC.present(large, "right_hand").any()

    def test_nobody_stays_nobody(self):
        empty = np.zeros((5, HOLISTIC.size), np.float32)
        person = body("-").samples
        assert not one_body([empty, person], HOLISTIC)[0].any()
        assert not one_body([empty], HOLISTIC)[0].any()


def dataset(sessions: dict[str, list[str]], each: int = 4) -> tuple[Dataset, dict[str, Take]]:
    """`each` takes of every word in every session."""
    rows = [(session, word) for session, words in sessions.items() for word in words for _ in range(each)]
    takes = [body(word, mark=WORDS.index(word), number=i) for i, (_, word) in enumerate(rows)]
    labels = sorted({word for _, word in rows})
    y = np.array([[float(word == label) for label in labels] for _, word in rows], np.float32)
    names, empty = np.array([take.name for take in takes]), np.full(len(rows), "")
    X = np.zeros((len(rows), 1, 1), np.float32)
    of = np.array([session for session, _ in rows])
    data = Dataset("sign", X, y, labels, empty, names, empty, of, 30.0, Split())
    return data, {take.name: take for take in takes}


def test_streams_are_of_what_was_held_out():
    data, takes = dataset({"a": WORDS, "b": WORDS, "c": ["-"]})
    out = data.session != "a"
    shown = {name: take for name, take in takes.items() if name in data.take[out]}  # others would be a KeyError
    made = list(streams(data, shown, out, ["-", "hello"], HOLISTIC, 2, 0))
    assert [len(one.signs) for one in made] == [6, 0]
    assert {sign.label for sign in made[0].signs if sign.known} == {"hello"}


@pytest.mark.parametrize("seed", range(5))
def test_every_word_is_unknown_once_where_it_is_shown(seed):
    data, _ = dataset({"a": ["-", "hello"], "b": ["-", "hello", "no"], "c": WORDS}, each=1)
    dealt = unknown_words(data, [data.session == name for name in "abc"], seed)
    assert sorted(word for words in dealt for word in words) == ["hello", "no", "water"]
    assert "water" in dealt[2]
    assert "no" not in dealt[0]
    assert [len(words) for words in dealt] == [1, 1, 1]


def scripted(labels: list[str], windows: np.ndarray) -> np.ndarray:
    """Knows what is shown from the hand's depth in the middle of a window, and takes water for no."""
    hand = HOLISTIC.view(windows[:, 15], "right_hand")[:, 0, 2]
    shown = [WORDS[round(float(depth) / 5)] for depth in hand]
    return np.array([[float(label == {"water": "no"}.get(word, word)) for label in labels] for word in shown])


def test_a_stream_is_watched_as_live(sign):
    takes = [body(word, mark=WORDS.index(word), number=i) for word in WORDS for i in range(2)]
    known = ["-", "hello", "no"]
    made = compose(takes, known, HOLISTIC, np.random.default_rng(0))
    info = describe(sign.format, known, sign.windowing.length, 30.0, sign.network().trigger)

    def session(gate: Callable[[np.ndarray], bool]) -> Recogniser:
        return Recogniser(info, lambda window: scripted(known, window[None])[0], sign.format.groups, gate)

    found = score(made.signs, watch(made, session(lambda window: True)), float(made.times[-1]))
    told = shares(found)
    assert told["found"] == 1
    assert found.false == [("unknown", "water", "no")] * 2
    assert told["delay_s"] == pytest.approx(14 / 30 + (info.trigger.min_consecutive - 1) / 30 - 0.475 - 0.15, abs=0.15)
    silent = watch(made, session(lambda window: False))
    assert shares(score(made.signs, silent, LENGTH))["missed"] == 1


@pytest.mark.slow
def test_the_first_frame_of_a_take_is_the_last_of_the_take_before(shared, sign):
    """Why `STALE` is one: see there."""
    found = read(shared("asl_words/asl_words.npz"), sign.format, sign.windowing.duration)
    takes = [take for take in found if take.info.action == "thank-you"]
    arms = np.stack([HOLISTIC.view(take.samples, "pose")[:, 11:17, :2] for take in takes])
    apart = np.abs(arms[:-1, -1] - arms[1:, 0]).max(axis=(1, 2))
    step = np.abs(arms[1:, 1] - arms[1:, 0]).max(axis=(1, 2))
    assert np.median(step) > 5 * np.median(apart)
    own = stream.recorded(sign)
    assert len(own[takes[0].name].times) == len(takes[0].times) - stream.STALE
