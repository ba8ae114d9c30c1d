import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handsign.goals import REST
from handsign.keypoints import HOLISTIC
from handsign.session import Event, Plan, Recognising, Recording, Trigger
from handsign.sources import Frame
from handsign.takes import Store, TakeInfo, read

IMAGE = np.zeros((48, 64, 3), np.uint8)


def sample(value=0.5, hand=True):
    """A person, with a right hand or not."""
    found = {"pose": np.full((33, 4), 0.5), "right_hand": np.full((21, 3), value) if hand else None}
    return HOLISTIC.assemble(found)


class Stage:
    """A recording and its clock: frames show their number and come 32 a second (which adds up exactly)."""

    def __init__(self, task, root, actions=("a", "b"), sequences=2, length=4, pause=1.0, rest=None):
        self.store, self.cues, self.count, self.now = Store(root), [], 0, 0.0
        self.task, self.plan = task, Plan(actions, sequences, length, pause, rest)
        self.start()

    def start(self):
        info = TakeInfo(action="", signer="me", source="test")
        self.session = Recording(
            self.task, lambda image: sample(self.count), self.plan, self.store, info, self.cues.append
        )

    def frames(self, count, hand=True):
        for _ in range(count):
            self.count, self.now = self.count + 1, self.now + 1 / 32
            self.session.see(Frame(IMAGE, self.now, None if hand else sample(hand=False)))

    def until(self, what, hand=True):
        """Frames until something about the session holds."""
        for _ in range(2000):
            if what(self.session):
                return
            self.frames(1, hand)
        raise AssertionError(f"never came: {self.session.view()}")

    def takes(self, count, hand=True):
        """Frames until so many more takes are saved."""
        wanted = len(self.session.saved) + count
        self.until(lambda session: len(session.saved) == wanted, hand)

    def files(self):
        """Take name -> the numbers of its frames."""
        return {take.name: take.samples[:, -1].astype(int).tolist() for take in read(self.store.root, self.task)}


@pytest.fixture
def stage(sign, tmp_path):
    return Stage(sign, tmp_path)


class TestRecording:
    def test_a_plan_is_recorded_from_beginning_to_end(self, stage):
        states = []
        for _ in range(400):
            stage.frames(1)
            states.append(stage.session.view().state)
            if stage.session.done:
                break
        assert states[:33] == ["get ready"] * 32 + ["recording"]
        assert states.count("recording") == 4 * 3  # with the fourth frame a take is there
        assert stage.session.view().state == "done"
        assert stage.cues == ["a", "a", "b", "b"]
        files = stage.files()
        assert list(files) == ["a/me_000.npz", "a/me_001.npz", "b/me_000.npz", "b/me_001.npz"]
        assert all(np.diff(numbers).tolist() == [1, 1, 1] for numbers in files.values())
        starts = [numbers[0] for numbers in files.values()]
        assert np.diff(starts).tolist() == [4 + 32] * 3  # a second between takes

    def test_a_take_tells_how_it_was_made(self, stage):
        stage.takes(1)
        (take,) = read(stage.store.root, stage.task)
        assert (take.info.action, take.info.signer, take.info.source) == ("a", "me", "test")
        assert take.times == pytest.approx(np.arange(4) / 32)
        saved = stage.session.saved[0]
        assert saved.rate == pytest.approx(32)
        assert saved.quality == {"person": 1.0, "hand": 1.0}
        assert stage.session.message == "a/me_000  person 100%  hand 100%  32.0 frames a second"

    def test_the_view_counts_down_and_up(self, stage):
        stage.frames(17)
        view = stage.session.view()
        assert view.countdown == pytest.approx(0.5)
        assert view.title == "a   take 1 of 2   action 1 of 2"
        assert not view.recording
        stage.until(lambda session: session.view().recording)
        stage.frames(1)
        assert (stage.session.view().progress, stage.session.view().countdown) == (0.5, None)
        stage.takes(3)
        assert stage.session.view().title == "b   take 2 of 2   action 2 of 2"

    def test_from_shortly_before_a_take_to_its_end_no_frame_may_be_dropped(self, stage):
        kept = []
        for _ in range(33 + 4 + 10):
            stage.frames(1)
            kept.append(stage.session.keeps)
        assert kept == [False] * 16 + [True] * (17 + 2) + [False] * 12

    def test_a_take_with_a_dropped_frame_starts_again(self, stage):
        stage.until(lambda session: session.view().recording)
        stage.frames(1)
        stage.count, stage.now = stage.count + 3, stage.now + 3 / 32
        stage.session.see(Frame(IMAGE, stage.now, skipped=2))
        assert stage.session.message == "pictures had to be dropped (2): the take starts again"
        stage.takes(1)
        assert all(np.diff(numbers).tolist() == [1, 1, 1] for numbers in stage.files().values())

    def test_frames_dropped_in_a_pause_do_not_matter(self, stage):
        stage.frames(3)
        stage.session.see(Frame(IMAGE, stage.now + 0.001, skipped=2))
        assert "dropped" not in stage.session.message

    def test_it_goes_on_where_it_stopped(self, stage):
        stage.takes(3)
        before = stage.files()
        stage.start()
        stage.until(lambda session: session.done)
        assert list(stage.files()) == [*before, "b/me_001.npz"]
        assert {name: stage.files()[name] for name in before} == before
        stage.start()
        assert stage.session.done
        assert stage.session.view().title == "everything is recorded"

    def test_another_signer_has_takes_of_their_own(self, stage):
        stage.until(lambda session: session.done)
        stage.session = Recording(
            stage.task, lambda _: sample(), stage.plan, stage.store, TakeInfo(action="", signer="you"), lambda _: None
        )
        assert not stage.session.done
        stage.takes(1)
        assert "a/you_000.npz" in stage.files()

    def test_quitting_drops_only_the_take_in_progress(self, stage):
        stage.takes(1)
        stage.until(lambda session: session.view().recording)
        stage.session.press("q")
        assert stage.session.done
        stage.frames(100)
        assert list(stage.files()) == ["a/me_000.npz"]

    @pytest.mark.parametrize("key", ["q", "esc"])
    @pytest.mark.parametrize("before", [[], ["space"], ["h"], ["r"], ["n", "n"]])
    def test_quitting_works_everywhere(self, stage, key, before):
        stage.takes(1)
        for pressed in [*before, key]:
            stage.session.press(pressed)
        assert stage.session.done

    def test_a_pause_drops_the_take_in_progress_and_nothing_else(self, stage):
        stage.takes(1)
        stage.until(lambda session: session.view().recording)
        stage.session.press("space")
        assert stage.session.message == "paused, the take in progress was dropped"
        stage.frames(300)
        assert stage.session.view().state == "paused"
        assert list(stage.files()) == ["a/me_000.npz"]
        stage.session.press("space")
        resumed = stage.count
        stage.takes(1)
        assert stage.files()["a/me_001.npz"][0] == resumed + 33  # the countdown starts again

    def test_redo_keeps_the_old_take_until_the_new_one_is_there(self, stage):
        stage.takes(1)
        old = stage.files()
        stage.session.press("r")
        assert "redoing me_000" in stage.session.view().title
        stage.until(lambda session: session.view().recording)
        assert stage.files() == old
        stage.takes(1)
        assert list(stage.files()) == ["a/me_000.npz"]
        assert stage.files() != old

    def test_redo_of_the_last_take_of_an_action_goes_back_to_it(self, stage):
        stage.takes(2)
        assert stage.session.action == "b"
        old = stage.files()
        stage.session.press("r")
        assert stage.session.view().title == "a   redoing me_001   action 1 of 2"
        stage.takes(1)
        assert list(stage.files()) == ["a/me_000.npz", "a/me_001.npz"]
        assert stage.files()["a/me_000.npz"] == old["a/me_000.npz"]
        assert stage.files()["a/me_001.npz"] != old["a/me_001.npz"]
        stage.until(lambda session: session.done)
        assert stage.cues == ["a", "a", "a", "b", "b"]

    def test_even_the_very_last_take_can_be_redone(self, stage):
        stage.takes(4)
        assert not stage.session.done
        stage.session.press("r")
        assert stage.session.view().title == "b   redoing me_001   action 2 of 2"
        old = stage.files()
        stage.until(lambda session: session.done)
        assert {name for name in old if old[name] != stage.files()[name]} == {"b/me_001.npz"}

    def test_redo_during_a_take_starts_it_again(self, stage):
        stage.takes(1)
        stage.until(lambda session: session.view().recording)
        stage.session.press("r")
        assert "starts again" in stage.session.message
        stage.takes(1)
        assert list(stage.files()) == ["a/me_000.npz", "a/me_001.npz"]

    def test_redo_of_nothing_says_why_not(self, stage):
        stage.session.press("r")
        assert stage.session.message == "there is no take of this session to redo yet"
        stage.takes(1)
        stage.session.press("r")
        stage.session.press("r")
        assert stage.session.message == "me_000 is being redone already"

    def test_next_skips_to_the_next_action(self, stage):
        stage.until(lambda session: session.view().recording)
        stage.session.press("n")
        assert stage.session.message == "now b"
        stage.until(lambda session: session.done)
        assert list(stage.files()) == ["b/me_000.npz", "b/me_001.npz"]

    def test_next_instead_of_a_redo_gives_it_up(self, stage):
        stage.takes(2)
        stage.session.press("r")
        stage.session.press("n")
        assert stage.session.action == "b"  # not past it: what was being redone was of the action before
        assert len(stage.session.saved) == 2
        stage.until(lambda session: session.done)
        assert len(stage.files()) == 4

    def test_next_behind_the_last_action_is_the_end(self, stage):
        for _ in range(3):
            stage.session.press("n")
        assert stage.session.message == "that was the last action"
        stage.until(lambda session: session.done)
        assert stage.files() == {}

    def test_a_key_that_does_nothing_says_so(self, stage):
        stage.session.press("x")
        assert stage.session.message == "x does nothing here; h shows the keys"
        assert [key for key, _ in stage.session.view().keys] == ["space", "r", "n", "h", "q"]
        stage.session.press("h")
        assert stage.session.view().help

    def test_a_take_without_a_hand_is_offered_for_redo(self, stage):
        stage.takes(1, hand=False)
        assert stage.session.message == "no hand was seen in me_000: press r to redo it"
        stage.frames(1)
        assert stage.session.view().countdown > 2 * stage.plan.pause
        stage.session.press("r")
        stage.takes(1)
        assert len(stage.files()) == 1
        assert "press r" not in stage.session.message

    @pytest.mark.parametrize("action", sorted(REST))
    def test_nothing_needs_no_hand(self, sign, tmp_path, action):
        stage = Stage(sign, tmp_path, [action], 1)
        stage.takes(1, hand=False)
        assert "press r" not in stage.session.message

    def test_a_take_does_not_survive_a_camera_that_was_away(self, stage):
        stage.until(lambda session: session.view().recording)
        stage.now += 5
        stage.frames(1)
        assert "starts again" in stage.session.message
        stage.takes(1)
        (take,) = read(stage.store.root, stage.task)
        assert np.diff(take.times).max() < 0.1

    @given(st.lists(st.one_of(st.sampled_from(["space", "r", "n", "h", "x"]), st.integers(1, 9)), max_size=60))
    @settings(derandomize=True, deadline=None, max_examples=60)
    def test_whatever_is_pressed_no_take_is_lost(self, sign, moves):
        with tempfile.TemporaryDirectory() as root:
            stage = Stage(sign, Path(root), sequences=2, length=3, pause=0.1)
            seen = set()
            for move in moves:
                if isinstance(move, int):
                    stage.frames(move)
                else:
                    stage.session.press(move)
                stage.session.view()
                files = stage.files()
                assert seen <= files.keys()
                assert all(len(numbers) == 3 for numbers in files.values())
                assert len([name for name in files if name.startswith("a/")]) <= 2
                assert len([name for name in files if name.startswith("b/")]) <= 2
                seen = files.keys()
                assert len(stage.session.saved) + (stage.session.view().title.count("redoing")) == len(files)


@pytest.fixture
def resting(sign, tmp_path):
    """A stage whose pauses, of 32 frames, become takes of nothing: the middle 12 of them, of which 8 fit."""
    return Stage(sign, tmp_path, rest="nothing")


def rests(stage):
    """The frame numbers of each take of nothing."""
    return [numbers for name, numbers in stage.files().items() if name.startswith("nothing/")]


class TestRest:
    def test_a_pause_becomes_a_take_without_its_edges(self, resting):
        resting.until(lambda session: session.done)
        files = resting.files()
        assert list(files) == [f"{action}/me_00{i}.npz" for action in ("a", "b", "nothing") for i in range(2)]
        for rest, before, after in ((0, "a/me_000.npz", "a/me_001.npz"), (1, "b/me_000.npz", "b/me_001.npz")):
            start = files[before][-1] + 1  # of the pause; its last frame is 31 later
            assert files[after][0] == start + 32
            assert rests(resting)[rest] == list(range(start + 14, start + 22))  # 0.3 s are 9.6 frames
        assert resting.cues == ["a", "a", "b", "b"]
        assert [saved.action for saved in resting.session.saved] == ["a", "a", "b", "b"]

    def test_it_says_what_it_is_and_that_it_is_recorded(self, resting):
        assert resting.session.message == "pauses are recorded as nothing: move as you do when you sign nothing"
        resting.takes(2)
        (take,) = [take for take in read(resting.store.root, resting.task) if take.info.action == "nothing"]
        assert (take.info.signer, take.info.source) == ("me", "test")
        assert take.times == pytest.approx(np.arange(8) / 32)
        assert resting.session.message.startswith("a/me_001")

    @pytest.mark.parametrize(("actions", "sequences"), [("a", 4), ("ab", 4), ("abc", 2), ("abcde", 1)])
    def test_there_are_no_more_than_of_an_action_and_they_are_spread(self, sign, tmp_path, actions, sequences):
        stage = Stage(sign, tmp_path, actions, sequences, rest="nothing")
        counts = []
        for _ in range(len(actions) * sequences):
            stage.takes(1)
            counts.append(len(rests(stage)))
        expected = [-(-i // len(actions)) for i in range(len(counts))]  # rounded up; none before the first take
        assert counts == expected
        assert counts[-1] == sequences - (len(actions) == 1)

    def test_an_interrupted_recording_goes_on_with_them(self, sign, tmp_path):
        stage = Stage(sign, tmp_path, sequences=3, rest="nothing")
        for _ in range(6):
            stage.takes(1)
            stage.session.press("q")
            stage.start()
        assert len(rests(stage)) == 3
        assert stage.session.done
        assert stage.session.message == ""

    def test_those_of_another_signer_do_not_count(self, resting):
        resting.until(lambda session: session.done)
        resting.session = Recording(
            resting.task, lambda _: sample(), resting.plan, resting.store, TakeInfo(action="", signer="you"), str
        )
        resting.takes(4)
        assert len(resting.store.paths("nothing", "you")) == 2

    @pytest.mark.parametrize(("pause", "count"), [(0.0, 0), (0.5, 0), (0.625, 0), (0.75, 2)])
    def test_a_pause_has_to_be_long_enough(self, sign, tmp_path, pause, count):
        stage = Stage(sign, tmp_path, pause=pause, rest="nothing")
        stage.takes(4)
        assert len(rests(stage)) == count

    @pytest.mark.parametrize(("length", "count"), [(24, 2), (25, 0)])
    def test_half_a_take_is_enough(self, sign, tmp_path, length, count):
        stage = Stage(sign, tmp_path, length=length, rest="nothing")
        stage.takes(4)
        assert [len(numbers) for numbers in rests(stage)] == [12] * count

    def test_more_takes_than_planned_do_not_make_more_rest(self, sign, tmp_path):
        Stage(sign, tmp_path, "a", 5).takes(5)
        stage = Stage(sign, tmp_path, "abc", 1, rest="nothing")
        stage.until(lambda session: session.done)
        assert len(rests(stage)) == 1

    def test_without_a_label_nothing_is_recorded(self, stage):
        stage.takes(4)
        assert {name.split("/")[0] for name in stage.files()} == {"a", "b"}

    @pytest.mark.parametrize("key", ["space", "r", "gap"])
    def test_what_was_broken_off_is_not_in_it(self, sign, tmp_path, key):
        stage = Stage(sign, tmp_path, length=30, pause=4.0, rest="nothing")
        stage.takes(1)
        stage.frames(40)
        if key == "gap":
            stage.now += 1.5
        else:
            stage.session.press(key)
        if key == "space":
            stage.frames(50)
            stage.session.press("space")
        broken = stage.count
        stage.takes(1)
        (numbers,) = rests(stage)
        assert numbers[0] == max(broken + 11, numbers[-1] - 59)  # the next frame is the first, and ten go
        assert numbers == list(range(numbers[0], numbers[-1] + 1))

    def test_a_take_that_starts_again_is_not_in_it(self, resting):
        resting.takes(1)
        resting.until(lambda session: session.view().recording)
        resting.session.press("r")
        broken = resting.count
        resting.takes(1)
        assert rests(resting)[0][0] > broken + 9

    def test_redo_is_of_the_sign_and_keeps_the_rest(self, resting):
        resting.takes(2)
        before = rests(resting)
        resting.session.press("r")
        assert resting.session.view().title == "a   redoing me_001   action 1 of 2"
        resting.takes(1)
        assert rests(resting)[:1] == before
        assert len([name for name in resting.files() if name.startswith("a/")]) == 2

    @given(st.lists(st.one_of(st.sampled_from(["space", "r", "n"]), st.integers(1, 30)), max_size=40))
    @settings(derandomize=True, deadline=None, max_examples=40)
    def test_whatever_is_pressed_it_is_one_whole_pause(self, sign, moves):
        with tempfile.TemporaryDirectory() as root:
            stage = Stage(sign, Path(root), length=3, pause=1.0, rest="nothing")
            waiting, cuts = set(), []
            for move in moves:
                if isinstance(move, int):
                    for _ in range(move):
                        stage.frames(1)
                        if stage.session.view().state == "get ready":
                            waiting.add(stage.count)
                else:
                    stage.session.press(move)
                    cuts.append(stage.count)
            signed = {n for name, numbers in stage.files().items() if name[0] in "ab" for n in numbers}
            assert len(rests(stage)) <= 2
            for numbers in rests(stage):
                assert numbers == list(range(numbers[0], numbers[0] + 6))
                assert waiting - signed >= set(numbers)
                assert not any(numbers[0] <= cut < numbers[-1] for cut in cuts)


def fire(trigger, leaders, step=0.1, probability=0.9):
    """The labels of the events for a row of leaders, `step` seconds apart (None: nobody leads clearly)."""
    events = []
    for i, leader in enumerate(leaders):
        scores = np.full(len(trigger.labels), 0.1)
        if leader is not None:
            scores[list(trigger.labels).index(leader)] = probability
        events.append(trigger.see(i * step, scores))
    return [event.label for event in events if event]


class TestTrigger:
    def new(self, hold=3, rearm=1.0, threshold=0.7, release=0.4):
        return Trigger(["x", "y", "nothing"], threshold, hold, rearm, release)

    def follow(self, trigger, values, others=0.0):
        """The events of x as its probability goes through values, ten looks each, ten looks a second."""
        looks = np.repeat(values, 10)
        events = [trigger.see(i / 10, np.array([p, others, 0.1])) for i, p in enumerate(looks)]
        return [event.label for event in events if event]

    @pytest.mark.parametrize("step", [0.01, 0.1, 1.5])
    def test_one_event_a_sign_however_long_it_lasts(self, step):
        assert fire(self.new(), ["x"] * 100, step) == ["x"]

    @pytest.mark.parametrize("looks", [2, 3])
    def test_it_takes_as_many_looks_as_told(self, looks):
        assert fire(self.new(hold=3), [None, *["x"] * looks, None]) == ["x"] * (looks == 3)

    def test_an_event_tells_when_and_how_clearly(self):
        trigger = self.new(hold=1)
        assert trigger.see(12.5, np.array([0.1, 0.8, 0.1])) == Event(12.5, "y", 0.8)

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
    def test_it_goes_on_down_to_the_release(self, between, events):
        values = [0.9, between, between, 0.9]
        assert self.follow(self.new(), values) == ["x"] * events

    def test_it_goes_on_while_another_leads_briefly(self):
        trigger = self.new(hold=30)
        assert self.follow(trigger, [0.9] * 3 + [0.45] * 2 + [0.9] * 4, others=0.5) == ["x"]
        assert fire(self.new(), (["x"] * 4 + ["y"] * 2) * 5) == ["x"]

    def test_below_the_threshold_nothing_begins(self):
        assert self.follow(self.new(), [0.0, 0.65, 0.69, 0.5]) == []

    def test_it_has_to_stay_away(self):
        trigger = self.new()
        assert self.follow(trigger, [0.9]) == ["x"]
        looks = ([0.3] * 8 + [0.5]) * 5  # never away for the second that it takes
        events = [trigger.see(1 + i / 10, np.array([p, 0.0, 0.1])) for i, p in enumerate([*looks, *[0.9] * 9])]
        assert not any(events)

    def test_a_release_above_the_threshold_is_the_threshold(self):
        assert self.follow(self.new(threshold=0.3), [0.35] * 9) == ["x"]
        assert self.follow(self.new(threshold=0.3), [0.35, 0.2, 0.2, 0.35]) == ["x", "x"]

    @pytest.mark.parametrize("levels", [{"threshold": 0.0}, {"threshold": 0.0, "release": 0.0}, {"release": 0.0}])
    def test_what_has_no_probability_is_not_there(self, levels):
        assert self.follow(self.new(**levels), [0.0]) == []
        trigger = self.new(**levels)
        assert [bool(trigger.see(i / 10, np.array([0.9, 0, 0.0]))) for i in range(3)] == [False, False, True]
        assert not any(trigger.see(i / 10, np.zeros(3)) for i in range(3, 30))
        assert [bool(trigger.see(i / 10, np.array([0.9, 0, 0.0]))) for i in range(30, 33)] == [False, False, True]

    def test_nothing_is_never_announced_and_lets_a_sign_come_again(self):
        assert fire(self.new(), ["nothing"] * 50) == []
        assert fire(self.new(), (["x"] * 5 + ["nothing"] * 12) * 2) == ["x", "x"]

    def test_leaders_in_turns_do_not_agree(self):
        """The tutorial's `np.unique(last 10)[0] == argmax` takes this for agreement and lets x through."""
        assert fire(self.new(hold=2), ["x", "y"] * 50) == []

    def test_values_that_are_no_numbers_lead_nothing(self):
        assert self.new(hold=1).see(0.0, np.full(3, np.nan)) is None

    def strikes(self, looks, quiet=0.4, hold=1, threshold=0.35, release=0.3, rearm=0.5):
        """The events of kick, other and punch with these probabilities, ten looks a second."""
        trigger = Trigger(["kick", "other", "punch"], threshold, hold, rearm, release, quiet, "stand")
        events = [trigger.see(i / 10, np.array(look)) for i, look in enumerate(looks)]
        return [(event.label, round(event.t * 10)) for event in events if event]

    @pytest.mark.parametrize(
        ("look", "event"),
        [
            ((0.24, 0.39, 0.37), "punch"),  # rest leads, but is not clear enough
            ((0.37, 0.39, 0.24), "kick"),
            ((0.20, 0.40, 0.40), None),  # rest is
            ((0.33, 0.33, 0.34), None),  # nothing is
            ((0.36, 0.28, 0.36), "kick"),
        ],
    )
    def test_with_quiet_rest_keeps_back_from_there_on_only(self, look, event):
        assert self.strikes([look]) == ([(event, 0)] if event else [])
        assert Trigger(["kick", "other", "punch"], 0.35, 1, 0.5, 0.3).see(0, np.array([0.24, 0.39, 0.37])) is None

    @pytest.mark.parametrize(("punch", "events"), [(0.39, []), (0.4, [("punch", 0)])])
    def test_of_two_labels_the_threshold_alone_decides(self, punch, events):
        looks = [(0.0, 1 - punch, punch)]
        assert self.strikes(looks, quiet=1.0, threshold=0.4) == events

    def test_stand_comes_once_after_each_event(self):
        strike, other, unsure = (0.0, 0.1, 0.9), (0.1, 0.8, 0.1), (0.2, 0.6, 0.2)
        looks = [other] * 5 + [strike] * 3 + [unsure] * 2 + [other] * 8 + [strike] * 3 + [other] * 3
        expected = [("punch", 5), ("stand", 8), ("punch", 18), ("stand", 21)]
        assert self.strikes(looks) == expected
        assert self.strikes(looks, hold=2) == [(label, at + 1) for label, at in expected]
        assert self.strikes([other] * 30) == []

    def test_nobody_stands_while_the_strike_goes_on(self):
        assert self.strikes([(0.0, 0.1, 0.9), *[(0.0, 0.68, 0.32)] * 9, (0.0, 0.9, 0.1)]) == [
            ("punch", 0),
            ("stand", 10),
        ]

    def test_one_strike_after_another_needs_no_standing(self):
        punch, kick = (0.0, 0.1, 0.9), (0.9, 0.1, 0.0)
        assert [label for label, _ in self.strikes([punch] * 3 + [kick] * 3 + [punch] * 3)] == [
            "punch",
            "kick",
            "punch",
        ]

    @given(st.lists(st.sampled_from(["x", "y", "nothing", None]), max_size=80), st.integers(1, 4))
    @settings(derandomize=True, deadline=None, max_examples=100)
    def test_events_are_signs_that_were_held(self, leaders, hold):
        trigger = self.new(hold, rearm=0.5)
        for i, leader in enumerate(leaders):
            event = fire_one(trigger, i / 10, leader)
            if event:
                assert event.label in ("x", "y")
                assert leaders[i + 1 - hold : i + 1] == [event.label] * hold


def fire_one(trigger, t, leader):
    return trigger.see(t, np.array([0.9 if label == leader else 0.05 for label in trigger.labels]))


def watcher(task, answer=lambda x: np.array([[0.9, 0.1]]), **options):
    """A `Recognising` of windows of 30 samples at 30 a second, and the windows that its model was asked about."""
    asked = []

    def predict(x):
        asked.append(x)
        return answer(x)

    labels = options.pop("labels", ["x", "y"])
    trigger = Trigger(labels, options.pop("threshold", 0.7), 2, 0.5, 0.4)
    session = Recognising(task, lambda _: sample(), predict, labels, 30, 30.0, trigger, **options)
    return session, asked


def stream(session, times, value=lambda t: 0.5 + 0.4 * np.sin(2 * t)):
    return [session.see(Frame(IMAGE, float(t), sample(value(t)))) for t in times]


class TestRecognising:
    @pytest.mark.parametrize("rate", [15, 30, 60])
    def test_the_window_spans_the_same_time_at_any_frame_rate(self, sign, rate):
        session, asked = watcher(sign)
        stream(session, np.arange(2 * rate + 1) / rate)
        last = asked[-1]
        assert last.shape == (1, 30, 1662)
        expected = 0.5 + 0.4 * np.sin(2 * (2.0 - np.arange(29, -1, -1) / 30))
        assert last[0, :, -1] == pytest.approx(expected, abs=1e-3)
        assert last[0, -1, -1] == pytest.approx(expected[-1], abs=1e-6)

    @pytest.mark.parametrize("rate", [15, 30, 60])
    def test_nothing_is_asked_before_the_window_is_full(self, sign, rate):
        session, asked = watcher(sign)
        answers = stream(session, np.arange(2 * rate) / rate)
        first = next(i for i, found in enumerate(answers) if found is not None)
        assert first / rate == pytest.approx(29 / 30, abs=1 / rate)
        assert len(asked) == 2 * rate - first
        assert session.view().state == "predicting"

    def test_frames_at_uneven_times_are_put_right(self, sign):
        session, asked = watcher(sign)
        stream(session, np.cumsum(np.random.default_rng(0).uniform(0.01, 0.06, 100)))
        end = np.random.default_rng(0).uniform(0.01, 0.06, 100).sum()
        expected = 0.5 + 0.4 * np.sin(2 * (end - np.arange(29, -1, -1) / 30))
        assert asked[-1][0, :, -1] == pytest.approx(expected, abs=2e-3)

    @pytest.mark.parametrize(("rate", "every", "looks"), [(30, 0.1, 21), (30, 0.0, 61), (29.97, 0.1, 21), (5, 0.1, 11)])
    def test_it_looks_as_often_as_told(self, sign, rate, every, looks):
        session, asked = watcher(replace(sign, window=1), every=every)
        session._offsets = np.zeros(1)
        answers = stream(session, np.arange(round(2 * rate) + 1) / rate)
        assert len(asked) == looks
        assert all(np.array_equal(answer, [0.9, 0.1]) for answer in answers)

    def test_a_gap_starts_a_new_window(self, sign):
        session, asked = watcher(sign)
        stream(session, np.arange(60) / 30)
        count = len(asked)
        answers = stream(session, 10 + np.arange(29) / 30)
        assert answers == [None] * 29
        assert len(asked) == count
        assert session.view().state == "filling the window"
        assert session.view().leader is None
        assert stream(session, [10 + 29 / 30])[0] is not None

    def test_a_slow_camera_is_no_gap(self, sign):
        session, asked = watcher(sign)
        stream(session, np.arange(20) / 4)
        assert asked

    def test_a_sign_is_one_event_and_one_word(self, sign):
        told = []
        session, _ = watcher(sign, tell=told.append)
        stream(session, np.arange(150) / 30)
        assert [event.label for event in told] == ["x"]
        assert session.events == told
        assert told[0].t == pytest.approx(30 / 30)  # the window is full, and a second look agrees
        assert session.view().sentence == ["x"]
        assert session.view().leader == "x"
        assert session.view().scores == [("x", 0.9), ("y", 0.1)]

    def test_the_sentence_keeps_the_last_five_until_cleared(self, sign):
        turns = iter(np.arange(10_000) // 10 % 2)
        session, _ = watcher(sign, lambda x: np.eye(2)[[next(turns)]])
        stream(session, np.arange(29 + 75) / 30)
        assert [event.label for event in session.events] == ["x", "y", "x", "y", "x", "y", "x", "y"]
        assert list(session.sentence) == ["y", "x", "y", "x", "y"]
        session.press("c")
        assert session.view().sentence == []
        assert len(session.events) == 8

    def test_what_the_task_encodes_is_what_the_model_sees(self, sign):
        session, asked = watcher(replace(sign, encode=lambda window: window[:, -63:] * 2))
        stream(session, np.arange(30) / 30, lambda t: 0.25)
        assert asked[0].shape == (1, 30, 63)
        assert (asked[0] == 0.5).all()

    @pytest.mark.parametrize("threshold", [0.0, 0.7])
    @pytest.mark.parametrize("labels", [["x", "y", "nothing"], ["x", "y", "z"]])
    def test_behind_a_closed_gate_nobody_is_asked(self, sign, labels, threshold):
        task = replace(sign, gate=lambda window: bool(window[-1, -1] > 0.2))
        answer = np.array([[0.9, 0.1, 0.0]])
        session, asked = watcher(task, lambda x: answer, labels=labels, threshold=threshold)
        stream(session, np.arange(60) / 30, lambda t: 0.1)
        assert asked == []
        expected = [0.0, 0.0, 1.0] if "nothing" in labels else [0.0] * 3
        assert session.view().state == "at rest"
        assert session.view().scores == list(zip(labels, expected, strict=True))
        assert session.view().leader == ("nothing" if "nothing" in labels else None)
        stream(session, [2.0], lambda t: 0.5)
        assert session.view().state == "predicting"
        assert session.view().scores[0] == ("x", 0.9)
        assert session.events == []

    @pytest.mark.parametrize("labels", [["x", "y", "nothing"], ["x", "y", "z"]])
    def test_a_closed_gate_breaks_a_hold_and_ends_a_sign(self, sign, labels):
        """Open for the looks marked 1, at 30 a second: single ones never add up, a second without them rearms."""
        looks = [1, 0] * 20 + [1, 1, 1] + [0] * 10 + [1, 1, 1] + [0] * 30 + [1, 1, 1]
        task = replace(sign, gate=lambda window: bool(window[-1, -1] > 0.2))
        session, asked = watcher(task, lambda x: np.array([[0.9, 0.1, 0.0]]), labels=labels)
        stream(session, np.arange(29) / 30, lambda t: 0.1)
        stream(session, (29 + np.arange(len(looks))) / 30, lambda t: 0.5 if looks[round(t * 30) - 29] else 0.1)
        assert len(asked) == sum(looks)
        assert [(event.label, round(event.t * 30) - 29) for event in session.events] == [("x", 41), ("x", 87)]

    def test_the_gate_sees_the_raw_window(self, sign):
        seen = []
        task = replace(sign, gate=lambda window: bool(seen.append(window)) or True, encode=lambda window: window[:, :1])
        session, asked = watcher(task)
        stream(session, np.arange(30) / 30)
        assert seen[0].shape == (30, 1662)
        assert asked[0].shape == (1, 30, 1)
