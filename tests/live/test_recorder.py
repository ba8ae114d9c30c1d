"""The recorder: takes of a plan one after another, its keys, and the pauses as takes of rest."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handsign.capture.source import Frame
from handsign.data.readers import read
from handsign.data.store import Store
from handsign.data.take import REST, TakeInfo
from handsign.landmarks.holistic import HOLISTIC
from handsign.live.recorder import Plan, Recorder

IMAGE = np.zeros((48, 64, 3), np.uint8)


def sample(value=0.5, hand=True):
    """A person, with a right hand or not."""
    found = {"pose": np.full((33, 4), 0.5), "right_hand": np.full((21, 3), value) if hand else None}
    return HOLISTIC.assemble(found)


class Stage:
    """A recorder and its clock: the last column of a frame is its number; 32 a second, which adds up exactly."""

    def __init__(self, task, root, actions=("a", "b"), sequences=2, length=4, pause=1.0, rest=None):
        self.store, self.cues, self.count, self.now = Store(root), [], 0, 0.0
        self.task, self.plan = task, Plan(actions, sequences, length, pause, rest)
        self.start()

    def start(self, signer="me"):
        info = TakeInfo(action="", signer=signer, source="test")
        self.session = Recorder(self.plan, self.store, info, self.task.sensor.quality, self.cues.append)

    def show(self, hand=True, skipped=0):
        """One frame, now."""
        self.session.update(Frame(IMAGE, self.now, sample(self.count, hand), skipped))

    def frames(self, count, hand=True):
        for _ in range(count):
            self.count, self.now = self.count + 1, self.now + 1 / 32
            self.show(hand)

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
        return {take.name: take.samples[:, -1].astype(int).tolist() for take in self.read()}

    def read(self):
        """The takes that were saved."""
        return list(read(self.store.root, self.task.format, self.task.windowing.duration))


@pytest.fixture
def stage(sign, tmp_path):
    return Stage(sign, tmp_path)


class TestRecorder:
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
        (take,) = stage.read()
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
            kept.append(stage.session.keep_all)
        assert kept == [False] * 16 + [True] * (17 + 2) + [False] * 12

    def test_a_take_with_a_dropped_frame_starts_again(self, stage):
        stage.until(lambda session: session.view().recording)
        stage.frames(1)
        stage.count, stage.now = stage.count + 3, stage.now + 3 / 32
        stage.show(skipped=2)
        assert stage.session.message == "pictures had to be dropped (2): the take starts again"
        stage.takes(1)
        assert all(np.diff(numbers).tolist() == [1, 1, 1] for numbers in stage.files().values())

    def test_frames_dropped_in_a_pause_do_not_matter(self, stage):
        stage.frames(3)
        stage.now += 0.001
        stage.show(skipped=2)
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
        stage.start("you")
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

    @pytest.mark.slow
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
        (take,) = stage.read()
        assert np.diff(take.times).max() < 0.1

    @pytest.mark.slow
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
        (take,) = [take for take in resting.read() if take.info.action == "nothing"]
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
        resting.start("you")
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
