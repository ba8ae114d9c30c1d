"""The trigger: probabilities over time become one event a sign."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handsign.bundle.info import TriggerConfig
from handsign.live.trigger import Event, Trigger

STRIKES = ["kick", "other", "punch"]
STRIKE_LEVELS = TriggerConfig(threshold=0.35, min_consecutive=1, refractory=0.5, release=0.3, idle_event="stand")


def scores(trigger, leader, others=0.05, probability=0.9):
    """The probabilities of a trigger's labels: `probability` for `leader`, `others` for the others."""
    return np.array([probability if label == leader else others for label in trigger.labels])


def fire(trigger, leaders, step=0.1, probability=0.9):
    """The labels of the events for a row of leaders, `step` seconds apart (None: nobody leads clearly)."""
    events = [trigger.update(i * step, scores(trigger, leader, 0.1, probability)) for i, leader in enumerate(leaders)]
    return [event.label for event in events if event]


class TestTrigger:
    def new(self, min_consecutive=3, refractory=1.0, threshold=0.7, release=0.4):
        config = TriggerConfig(
            threshold=threshold, min_consecutive=min_consecutive, refractory=refractory, release=release
        )
        return Trigger(["x", "y", "nothing"], config)

    def follow(self, trigger, values, others=0.0):
        """The events of x as its probability goes through values, ten predictions each, ten a second."""
        predictions = np.repeat(values, 10)
        events = [trigger.update(i / 10, np.array([p, others, 0.1])) for i, p in enumerate(predictions)]
        return [event.label for event in events if event]

    @pytest.mark.parametrize("step", [0.01, 0.1, 1.5])
    def test_one_event_a_sign_however_long_it_lasts(self, step):
        assert fire(self.new(), ["x"] * 100, step) == ["x"]

    @pytest.mark.parametrize("predictions", [2, 3])
    def test_so_many_predictions_in_a_row_have_to_agree(self, predictions):
        assert fire(self.new(min_consecutive=3), [None, *["x"] * predictions, None]) == ["x"] * (predictions == 3)

    def test_an_event_tells_when_and_how_clearly(self):
        trigger = self.new(min_consecutive=1)
        assert trigger.update(12.5, np.array([0.1, 0.8, 0.1])) == Event(12.5, "y", 0.8)

    @pytest.mark.parametrize(("probability", "events"), [(0.69, []), (0.7, ["x"])])
    def test_it_needs_the_threshold(self, probability, events):
        assert fire(self.new(), ["x"] * 9, probability=probability) == events

    @pytest.mark.parametrize(("gap", "events"), [(0, 1), (3, 1), (8, 1), (12, 2)])
    def test_the_same_sign_comes_again_after_a_while_without_it(self, gap, events):
        assert fire(self.new(), ["x"] * 5 + [None] * gap + ["x"] * 5) == ["x"] * events

    def test_another_sign_need_not_wait(self):
        assert fire(self.new(), ["x"] * 4 + ["y"] * 4 + ["x"] * 4) == ["x", "y", "x"]

    def test_flickering_is_no_new_sign(self):
        assert fire(self.new(), ["x"] * 4 + [None, "y", "x", "x", "x", None] * 20) == ["x"]

    @pytest.mark.parametrize(("between", "events"), [(0.65, 1), (0.4, 1), (0.39, 2), (0.0, 2)])
    def test_a_sign_goes_on_down_to_the_release(self, between, events):
        values = [0.9, between, between, 0.9]
        assert self.follow(self.new(), values) == ["x"] * events

    def test_a_sign_goes_on_while_another_leads_briefly(self):
        trigger = self.new(min_consecutive=30)
        assert self.follow(trigger, [0.9] * 3 + [0.45] * 2 + [0.9] * 4, others=0.5) == ["x"]
        assert fire(self.new(), (["x"] * 4 + ["y"] * 2) * 5) == ["x"]

    def test_below_the_threshold_nothing_begins(self):
        assert self.follow(self.new(), [0.0, 0.65, 0.69, 0.5]) == []

    def test_a_sign_comes_again_only_after_the_refractory_time_without_it(self):
        trigger = self.new()
        assert self.follow(trigger, [0.9]) == ["x"]
        predictions = ([0.3] * 8 + [0.5]) * 5  # never away for the second that it takes
        events = [trigger.update(1 + i / 10, np.array([p, 0.0, 0.1])) for i, p in enumerate([*predictions, *[0.9] * 9])]
        assert not any(events)

    def test_a_release_above_the_threshold_is_the_threshold(self):
        assert self.follow(self.new(threshold=0.3), [0.35] * 9) == ["x"]
        assert self.follow(self.new(threshold=0.3), [0.35, 0.2, 0.2, 0.35]) == ["x", "x"]

    @pytest.mark.parametrize("levels", [{"threshold": 0.0}, {"threshold": 0.0, "release": 0.0}, {"release": 0.0}])
    def test_a_label_without_probability_is_not_recognised(self, levels):
        assert self.follow(self.new(**levels), [0.0]) == []
        trigger = self.new(**levels)
        assert [bool(trigger.update(i / 10, np.array([0.9, 0, 0.0]))) for i in range(3)] == [False, False, True]
        assert not any(trigger.update(i / 10, np.zeros(3)) for i in range(3, 30))
        assert [bool(trigger.update(i / 10, np.array([0.9, 0, 0.0]))) for i in range(30, 33)] == [False, False, True]

    def test_nothing_is_never_announced_and_lets_a_sign_come_again(self):
        assert fire(self.new(), ["nothing"] * 50) == []
        assert fire(self.new(), (["x"] * 5 + ["nothing"] * 12) * 2) == ["x", "x"]

    def test_labels_that_lead_in_turns_do_not_agree(self):
        """The tutorial's `np.unique(last 10)[0] == argmax` takes this for agreement and lets x through."""
        assert fire(self.new(min_consecutive=2), ["x", "y"] * 50) == []

    def test_values_that_are_no_numbers_lead_nothing(self):
        assert self.new(min_consecutive=1).update(0.0, np.full(3, np.nan)) is None

    def strikes(self, predictions, **changes):
        """(label, its prediction) of the events of kick, other and punch, ten predictions a second."""
        trigger = Trigger(STRIKES, msgspec.structs.replace(STRIKE_LEVELS, **{"rest_threshold": 0.4, **changes}))
        events = [trigger.update(i / 10, np.array(found)) for i, found in enumerate(predictions)]
        return [(event.label, round(event.time * 10)) for event in events if event]

    @pytest.mark.parametrize(
        ("prediction", "event"),
        [
            ((0.24, 0.39, 0.37), "punch"),  # rest leads, but is not clear enough
            ((0.37, 0.39, 0.24), "kick"),
            ((0.20, 0.40, 0.40), None),  # rest is
            ((0.33, 0.33, 0.34), None),  # nothing is
            ((0.36, 0.28, 0.36), "kick"),
        ],
    )
    def test_rest_keeps_the_others_back_from_the_rest_threshold_on(self, prediction, event):
        assert self.strikes([prediction]) == ([(event, 0)] if event else [])
        leading = Trigger(STRIKES, msgspec.structs.replace(STRIKE_LEVELS, idle_event=""))
        assert leading.update(0, np.array([0.24, 0.39, 0.37])) is None

    @pytest.mark.parametrize(("punch", "events"), [(0.39, []), (0.4, [("punch", 0)])])
    def test_of_two_labels_the_threshold_alone_decides(self, punch, events):
        predictions = [(0.0, 1 - punch, punch)]
        assert self.strikes(predictions, rest_threshold=1.0, threshold=0.4) == events

    def test_the_idle_event_comes_once_after_each_event(self):
        strike, other, unsure = (0.0, 0.1, 0.9), (0.1, 0.8, 0.1), (0.2, 0.6, 0.2)
        predictions = [other] * 5 + [strike] * 3 + [unsure] * 2 + [other] * 8 + [strike] * 3 + [other] * 3
        expected = [("punch", 5), ("stand", 8), ("punch", 18), ("stand", 21)]
        assert self.strikes(predictions) == expected
        assert self.strikes(predictions, min_consecutive=2) == [(label, at + 1) for label, at in expected]
        assert self.strikes([other] * 30) == []

    def test_the_idle_event_waits_while_the_strike_goes_on(self):
        assert self.strikes([(0.0, 0.1, 0.9), *[(0.0, 0.68, 0.32)] * 9, (0.0, 0.9, 0.1)]) == [
            ("punch", 0),
            ("stand", 10),
        ]

    def test_one_strike_after_another_needs_no_idle_event(self):
        punch, kick = (0.0, 0.1, 0.9), (0.9, 0.1, 0.0)
        assert [label for label, _ in self.strikes([punch] * 3 + [kick] * 3 + [punch] * 3)] == [
            "punch",
            "kick",
            "punch",
        ]

    @given(st.lists(st.sampled_from(["x", "y", "nothing", None]), max_size=80), st.integers(1, 4))
    @settings(derandomize=True, deadline=None, max_examples=100)
    def test_an_event_has_led_in_every_one_of_the_last_predictions(self, leaders, min_consecutive):
        trigger = self.new(min_consecutive, refractory=0.5)
        for i, leader in enumerate(leaders):
            event = trigger.update(i / 10, scores(trigger, leader))
            if event:
                assert event.label in ("x", "y")
                assert leaders[i + 1 - min_consecutive : i + 1] == [event.label] * min_consecutive
