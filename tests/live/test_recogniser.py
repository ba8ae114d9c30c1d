"""The recogniser: windows of the last samples, what the model is asked, and the events that come of it."""

from dataclasses import replace

import numpy as np
import pytest

from handsign.bundle.bundle import Bundle
from handsign.bundle.info import BundleInfo, TriggerConfig
from handsign.capture.source import Frame, Source
from handsign.landmarks.holistic import HOLISTIC
from handsign.live.recogniser import LAST_EVENTS

IMAGE = np.zeros((48, 64, 3), np.uint8)


def sample(value):
    """A person with a right hand, whose coordinates are all `value`."""
    return HOLISTIC.assemble({"pose": np.full((33, 4), 0.5), "right_hand": np.full((21, 3), value)})


def with_encode(task, encode):
    """The task with another `encode`."""
    return replace(task, networks={"default": replace(task.network(), encode=encode)})


def open_recogniser(
    task, answer=lambda x: np.array([[0.9, 0.1]]), window=30, labels=("x", "y"), on_event=None, **levels
):
    """A task's recogniser of windows of so many samples at 30 a second, and the x that its model was asked about."""
    asked = []

    def predict(x):
        asked.append(x)
        return answer(x)

    trigger = TriggerConfig(**{"threshold": 0.7, "min_consecutive": 2, "refractory": 0.5, "release": 0.4, **levels})
    info = BundleInfo(
        task=task.name, labels=list(labels), window=window, rate=30.0, sample=task.format.shape, trigger=trigger
    )
    recogniser = task.recogniser(Bundle(info, predict, 2), on_event or (lambda event: None))
    return recogniser, asked


def stream(session, times, value=lambda t: 0.5 + 0.4 * np.sin(2 * t)):
    return [session.update(Frame(IMAGE, float(t), sample(value(t)))) for t in times]


class TestRecogniser:
    @pytest.mark.parametrize("rate", [15, 30, 60])
    def test_the_window_spans_the_same_time_at_any_frame_rate(self, sign, rate):
        session, asked = open_recogniser(sign)
        stream(session, np.arange(2 * rate + 1) / rate)
        last = asked[-1]
        assert last.shape == (1, 30, 1662)
        expected = 0.5 + 0.4 * np.sin(2 * (2.0 - np.arange(29, -1, -1) / 30))
        assert last[0, :, -1] == pytest.approx(expected, abs=1e-3)
        assert last[0, -1, -1] == pytest.approx(expected[-1], abs=1e-6)

    @pytest.mark.parametrize("rate", [15, 30, 60])
    def test_the_model_is_not_asked_before_the_window_is_full(self, sign, rate):
        session, asked = open_recogniser(sign)
        answers = stream(session, np.arange(2 * rate) / rate)
        first = next(i for i, found in enumerate(answers) if found is not None)
        assert first / rate == pytest.approx(29 / 30, abs=1 / rate)
        assert len(asked) == 2 * rate - first
        assert session.view().state == "predicting"

    def test_frames_at_uneven_times_are_resampled(self, sign):
        session, asked = open_recogniser(sign)
        stream(session, np.cumsum(np.random.default_rng(0).uniform(0.01, 0.06, 100)))
        end = np.random.default_rng(0).uniform(0.01, 0.06, 100).sum()
        expected = 0.5 + 0.4 * np.sin(2 * (end - np.arange(29, -1, -1) / 30))
        assert asked[-1][0, :, -1] == pytest.approx(expected, abs=2e-3)

    @pytest.mark.parametrize(
        ("rate", "min_interval", "predictions"), [(30, 0.1, 21), (30, 0.0, 61), (29.97, 0.1, 21), (5, 0.1, 11)]
    )
    def test_predictions_are_min_interval_apart(self, sign, rate, min_interval, predictions):
        session, asked = open_recogniser(sign, window=1, min_interval=min_interval)
        answers = stream(session, np.arange(round(2 * rate) + 1) / rate)
        assert len(asked) == predictions
        assert all(np.array_equal(answer, [0.9, 0.1]) for answer in answers)

    def test_a_gap_starts_a_new_window(self, sign):
        session, asked = open_recogniser(sign)
        stream(session, np.arange(60) / 30)
        count = len(asked)
        answers = stream(session, 10 + np.arange(29) / 30)
        assert answers == [None] * 29
        assert len(asked) == count
        assert session.view().state == "filling the window"
        assert session.view().leader is None
        assert stream(session, [10 + 29 / 30])[0] is not None

    def test_a_slow_camera_is_no_gap(self, sign):
        session, asked = open_recogniser(sign)
        stream(session, np.arange(20) / 4)
        assert asked

    def test_a_sign_is_one_event_and_one_word_of_the_sentence(self, sign):
        events = []
        session, _ = open_recogniser(sign, on_event=events.append)
        stream(session, np.arange(150) / 30)
        assert [event.label for event in events] == ["x"]
        assert list(session.events) == events
        assert events[0].time == pytest.approx(30 / 30)  # the window is full, and a second prediction agrees
        assert session.view().sentence == ["x"]
        assert session.view().leader == "x"
        assert session.view().scores == [("x", 0.9), ("y", 0.1)]

    def test_the_sentence_keeps_the_last_five_until_cleared(self, sign):
        turns = iter(np.arange(10_000) // 10 % 2)
        session, _ = open_recogniser(sign, lambda x: np.eye(2)[[next(turns)]])
        stream(session, np.arange(29 + 75) / 30)
        assert [event.label for event in session.events] == ["x", "y", "x", "y", "x", "y", "x", "y"]
        assert list(session.sentence) == ["y", "x", "y", "x", "y"]
        session.press("c")
        assert session.view().sentence == []
        assert len(session.events) == 8

    def test_the_model_sees_what_the_network_encodes(self, sign):
        session, asked = open_recogniser(with_encode(sign, lambda window: window[:, -63:] * 2))
        stream(session, np.arange(30) / 30, lambda t: 0.25)
        assert asked[0].shape == (1, 30, 63)
        assert (asked[0] == 0.5).all()

    @pytest.mark.parametrize("threshold", [0.0, 0.7])
    @pytest.mark.parametrize("labels", [["x", "y", "nothing"], ["x", "y", "z"]])
    def test_behind_a_closed_gate_the_model_is_not_asked(self, sign, labels, threshold):
        task = replace(sign, gate=lambda window: bool(window[-1, -1] > 0.2))
        answer = np.array([[0.9, 0.1, 0.0]])
        session, asked = open_recogniser(task, lambda x: answer, labels=labels, threshold=threshold)
        stream(session, np.arange(60) / 30, lambda t: 0.1)
        assert asked == []
        expected = [0.0, 0.0, 1.0] if "nothing" in labels else [0.0] * 3
        assert session.view().state == "at rest"
        assert session.view().scores == list(zip(labels, expected, strict=True))
        assert session.view().leader == ("nothing" if "nothing" in labels else None)
        stream(session, [2.0], lambda t: 0.5)
        assert session.view().state == "predicting"
        assert session.view().scores[0] == ("x", 0.9)
        assert list(session.events) == []

    @pytest.mark.parametrize("labels", [["x", "y", "nothing"], ["x", "y", "z"]])
    def test_a_closed_gate_interrupts_agreement_and_ends_a_sign(self, sign, labels):
        """The gate opens for the predictions marked 1, at 30 a second: single ones never add up to an event."""
        gates = [1, 0] * 20 + [1, 1, 1] + [0] * 10 + [1, 1, 1] + [0] * 30 + [1, 1, 1]
        task = replace(sign, gate=lambda window: bool(window[-1, -1] > 0.2))
        session, asked = open_recogniser(task, lambda x: np.array([[0.9, 0.1, 0.0]]), labels=labels)
        stream(session, np.arange(29) / 30, lambda t: 0.1)
        stream(session, (29 + np.arange(len(gates))) / 30, lambda t: 0.5 if gates[round(t * 30) - 29] else 0.1)
        assert len(asked) == sum(gates)
        assert [(event.label, round(event.time * 30) - 29) for event in session.events] == [("x", 41), ("x", 87)]

    def test_the_gate_sees_the_raw_window(self, sign):
        seen = []
        task = with_encode(sign, lambda window: window[:, :1])
        task = replace(task, gate=lambda window: bool(seen.append(window)) or True)
        session, asked = open_recogniser(task)
        stream(session, np.arange(30) / 30)
        assert seen[0].shape == (30, 1662)
        assert asked[0].shape == (1, 30, 1)

    def test_many_events_do_not_fill_the_memory(self, sign):
        """The last events are kept; how many there were of each label is counted apart from them."""
        turns = iter(np.tile(np.eye(2), (LAST_EVENTS, 1)))
        events, count = [], LAST_EVENTS + 7
        levels = {"min_consecutive": 1, "refractory": 0.0}
        session, _ = open_recogniser(sign, lambda x: next(turns)[None], window=1, on_event=events.append, **levels)
        stream(session, np.arange(count) / 30)
        assert len(events) == count
        assert list(session.events) == events[-LAST_EVENTS:]
        assert len(session._recent) == 1
        assert session.counts == {"x": count - count // 2, "y": count // 2}
        assert session.summary(Source()) == f"source ended: {count - count // 2} x x, {count // 2} x y"

    def test_the_summary_says_that_nothing_was_recognised(self, sign):
        session, _ = open_recogniser(sign)
        session.press("q")
        assert session.summary(Source()) == "stopped: nothing recognised"

    def test_a_sample_of_ones_own_is_as_good_as_a_frame(self, sign):
        (one, _), (other, _) = (open_recogniser(sign) for _ in range(2))
        completed = []
        for t in np.arange(60) / 30:
            by_frame = one.update(Frame(IMAGE, float(t), sample(0.5)))
            by_sample = other.update_sample(sample(0.5), float(t))
            assert (by_frame is None) == (by_sample is None)
            assert other.event == one.event
            completed += [other.event] if other.event else []
        assert completed == list(other.events) == list(one.events)
        assert len(completed) == 1
