import argparse
import errno
import multiprocessing
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, make_take, make_video

from handsign import tasks
from handsign.cli.extract import clip_takes, extract_takes, find_clips
from handsign.cli.import_takes import import_takes
from handsign.data import readers
from handsign.data.store import Store
from handsign.data.take import Take
from handsign.errors import InputError
from handsign.landmarks.holistic import HOLISTIC


@pytest.fixture
def clips(tmp_path):
    """A folder of videos: 12 frames of hello, 25 of thanks (a name with capitals), one that cannot be read."""
    make_video(tmp_path / "clips" / "hello" / "a.mp4", 12)
    make_video(tmp_path / "clips" / "thanks" / "b.MP4", 25)
    (tmp_path / "clips" / "hello" / "broken.avi").write_text("no video")
    (tmp_path / "clips" / "hello" / "notes.txt").write_text("")
    return tmp_path / "clips"


def read(path, task):
    """Every take at `path`, and what should be one."""
    return readers.read(path, task.format, task.windowing.duration)


def collect(task, source, data, **more):
    options = {"actions": None, "signer": "me", "length": 10, "window": "cut", "workers": 1, "every": 1, **more}
    args = argparse.Namespace(task=task.name, fast=False, source=str(source), data=data, **options)
    extract_takes(args, task, Store(data))


def script(*arguments):
    command = [sys.executable, "collect.py", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def names(data, task):
    return [take.name for take in read(data, task)]


class TestFindClips:
    def test_the_folder_is_the_action(self, clips):
        found = [(action, path.name) for action, path in find_clips(clips, None)]
        assert found == [("hello", "a.mp4"), ("hello", "broken.avi"), ("thanks", "b.MP4")]

    def test_actions_choose(self, clips):
        assert [action for action, _ in find_clips(clips, ["thanks"])] == ["thanks"]

    def test_one_action_names_what_has_no_folder_of_its_own(self, clips):
        assert find_clips(clips / "thanks", ["please"]) == [("please", clips / "thanks" / "b.MP4")]
        assert find_clips(clips / "hello" / "a.mp4", ["please"]) == [("please", clips / "hello" / "a.mp4")]
        assert find_clips(clips / "hello" / "a.mp4", None) == [("hello", clips / "hello" / "a.mp4")]

    @pytest.mark.parametrize(
        ("path", "actions", "message"),
        [
            ("nowhere", None, "is not there"),
            (".", ["hello", "please"], "no video of 'please'"),
            ("empty", None, "holds no video"),
        ],
    )
    def test_what_is_missing_is_named(self, clips, path, actions, message):
        (clips / "empty" / "folder.mp4").mkdir(parents=True)
        with pytest.raises(InputError, match=message):
            find_clips(clips / path, actions)


class TestClipTakes:
    @pytest.mark.parametrize(
        ("frames", "length", "expected"),
        [
            (30, 10, [("0", 10), ("10", 10), ("20", 10)]),
            (25, 10, [("0", 10), ("10", 10), ("20", 5)]),  # half a take is kept
            (24, 10, [("0", 10), ("10", 10)]),  # less is not
            (4, 10, [("0", 4)]),  # unless it is all there is
            (25, None, [("0", 25)]),
        ],
    )
    def test_a_video_is_cut_or_kept_whole(self, tmp_path, sign, frames, length, expected):
        takes = list(clip_takes(make_video(tmp_path / "a.mp4", frames), sign, length))
        assert [(take.name, len(take.times)) for take in takes] == expected
        assert all(take.times[0] == 0 for take in takes)
        assert all(np.diff(take.times) == pytest.approx(1 / 20) for take in takes)
        brightness = np.concatenate([take.samples[:, -1] for take in takes])
        assert (np.diff(brightness) >= 0).all()  # in order, each frame once
        assert (takes[0].info.frame_size, takes[0].info.rate) == ((64, 48), 20.0)

    def test_a_single_frame_is_no_take(self, tmp_path, sign):
        with pytest.raises(InputError, match=r"a\.mp4: 1 frames are too few"):
            list(clip_takes(make_video(tmp_path / "a.mp4", 1), sign, 30))


class TestVideos:
    def test_an_unreadable_one_is_listed_and_the_rest_recorded(self, clips, sign, tmp_path, capsys):
        collect(sign, clips, tmp_path / "data")
        assert names(tmp_path / "data", sign) == ["hello/me_000.npz", *(f"thanks/me_{i:03d}.npz" for i in range(3))]
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].endswith("1 new takes of hello, 3 new takes of thanks")
        assert len(lines) == 2
        assert lines[1].startswith("left out: ")
        assert "broken.avi cannot be read" in lines[1]

    def test_a_second_time_there_is_nothing_new(self, clips, sign, tmp_path, capsys):
        collect(sign, clips, tmp_path / "data")
        before = names(tmp_path / "data", sign)
        make_video(clips / "hello" / "new.mp4", 10)
        collect(sign, clips, tmp_path / "data")
        assert names(tmp_path / "data", sign) == sorted([*before, "hello/me_001.npz"])
        assert "data: 1 new takes of hello" in capsys.readouterr().out

    def test_other_videos_of_the_same_name_are_not_those_that_are_there(self, sign, tmp_path):
        for i, (who, frames) in enumerate((("ann", 20), ("ben", 30))):
            make_video(tmp_path / who / "hello" / "1.mp4", frames)
            collect(sign, tmp_path / who, tmp_path / "data", signer=who, window="whole")
            assert len(names(tmp_path / "data", sign)) == i + 1
        flat = make_video(tmp_path / "flat" / "1.mp4", 20)
        for action in ("yes", "no"):
            collect(sign, flat, tmp_path / "data", actions=[action])
        assert {take.info.action for take in read(tmp_path / "data", sign)} == {"hello", "yes", "no"}

    def test_a_full_disk_ends_it_and_what_is_missing_comes_the_next_time(self, sign, tmp_path, monkeypatch):
        make_video(tmp_path / "clips" / "hello" / "a.mp4", 30)
        write, written = np.savez_compressed, []

        def nearly_full(path, **arrays):
            if len(written) == 2:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written.append(path)
            write(path, **arrays)

        with monkeypatch.context() as full:
            full.setattr(np, "savez_compressed", nearly_full)
            with pytest.raises(InputError, match="No space left on device"):
                collect(sign, tmp_path / "clips", tmp_path / "data")
        assert len(names(tmp_path / "data", sign)) == 2
        collect(sign, tmp_path / "clips", tmp_path / "data")
        sources = {take.info.source.rpartition("#")[2] for take in read(tmp_path / "data", sign)}
        assert sources == {"0", "10", "20"}
        assert len(names(tmp_path / "data", sign)) == 3

    def test_none_readable_is_an_error(self, sign, tmp_path):
        (tmp_path / "hello").mkdir()
        (tmp_path / "hello" / "a.mp4").write_text("")
        with pytest.raises(InputError, match="none of the 1 videos"):
            collect(sign, tmp_path / "hello", tmp_path / "data")


@pytest.fixture
def four(tmp_path):
    """A folder of three videos of hello, the first one the longest, and one that cannot be read."""
    for name, frames in (("a", 30), ("c", 4), ("d", 4)):
        make_video(tmp_path / "clips" / "hello" / f"{name}.mp4", frames)
    (tmp_path / "clips" / "hello" / "b.mp4").write_text("no video")
    return tmp_path / "clips"


def die(*_):
    os._exit(1)


@pytest.mark.timeout(120)
class TestWorkers:
    """Other processes know a task by its name: these are MediaPipe's, and find nobody."""

    @pytest.mark.slow
    def test_several_give_what_one_gives(self, four, tmp_path, capsys):
        printed = []
        for workers in (1, 2):
            collect(tasks.load("sign"), four, tmp_path / str(workers), workers=workers)
            printed.append(capsys.readouterr().out.replace(f"{tmp_path / str(workers)}: ", ""))
        assert printed[0] == printed[1]
        assert "b.mp4 cannot be read" in printed[0]
        one, two = [list(read(tmp_path / str(workers), tasks.load("sign"))) for workers in (1, 2)]
        assert len(one) == 5
        assert [(take.name, take.info) for take in one] == [(take.name, take.info) for take in two]
        assert all(np.array_equal(a.samples, b.samples) for a, b in zip(one, two, strict=True))

    @pytest.mark.slow
    def test_ctrl_c_keeps_what_is_stored_and_leaves_no_process(self, four, tmp_path):
        stored = []

        class Stopped(Store):
            def add(self, take):
                if stored:
                    raise KeyboardInterrupt
                stored.append(super().add(take))

        options = {"actions": None, "signer": "me", "length": 4, "window": "whole", "workers": 2, "every": 1}
        args = argparse.Namespace(task="sign", fast=False, source=str(four), data=tmp_path / "data", **options)
        with pytest.raises(KeyboardInterrupt):
            extract_takes(args, tasks.load("sign"), Stopped(tmp_path / "data"))
        assert multiprocessing.active_children() == []
        assert names(tmp_path / "data", tasks.load("sign")) == ["hello/me_000.npz"]

    @pytest.mark.slow
    def test_fast_says_so_in_the_take(self, tmp_path):
        paths = [make_video(tmp_path / "hello" / f"{i}.mp4", 3) for i in range(2)]
        done = script("--source", paths[0].parent, "--data", tmp_path / "data", "--fast", "--workers", "2")
        assert done.returncode == 0, done.stderr
        takes = read(tmp_path / "data", tasks.load("sign"))
        assert [take.info.extractor for take in takes] == ["mediapipe-holistic-fast"] * 2

    @pytest.mark.slow
    def test_a_process_that_dies_is_one_line(self, four, tmp_path, monkeypatch):
        monkeypatch.setattr("handsign.cli.extract._by_name", die)
        with pytest.raises(InputError, match="has died"):
            collect(tasks.load("sign"), four, tmp_path / "data", workers=2)
        assert multiprocessing.active_children() == []


def bring(path, data, **more):
    options = {"task": "sign", "signer": None, "action": None, "canvas": None, **more}
    import_takes(argparse.Namespace(path=path, data=data, **options))


class TestImport:
    def tree(self, root, value, actions=("hello",)):
        for action in actions:
            folder = root / "MP_Data" / action / "0"
            folder.mkdir(parents=True)
            for i in range(30):
                np.save(folder / f"{i}.npy", np.full(1662, value + i / 100))
        return root / "MP_Data"

    def test_what_is_there_already_does_not_come_again(self, tmp_path, sign, capsys):
        path = self.tree(tmp_path / "old", 1, ["hello", "thanks"])
        bring(path, tmp_path / "data", signer="ann")
        first = list(read(tmp_path / "data", sign))
        assert [(t.name, t.info.signer) for t in first] == [("hello/ann_000.npz", "ann"), ("thanks/ann_000.npz", "ann")]
        assert first[0].samples[:, 0] == pytest.approx(1 + np.arange(30) / 100)
        path.parent.rename(tmp_path / "elsewhere")
        bring(tmp_path / "elsewhere" / "MP_Data", tmp_path / "data", signer="ann")
        assert len(names(tmp_path / "data", sign)) == 2
        assert "nothing new\n2 takes were there already" in capsys.readouterr().out

    def test_two_folders_with_the_same_names_are_not_the_same(self, tmp_path, sign):
        for i, who in enumerate(("ann", "ben")):
            bring(self.tree(tmp_path / who, i), tmp_path / "data", signer=who)
        assert names(tmp_path / "data", sign) == ["hello/ann_000.npz", "hello/ben_000.npz"]

    def test_signer_is_for_takes_that_do_not_say(self, tmp_path, sign):
        Store(tmp_path / "old").add(make_take("hello", signer="zoe"))
        bring(tmp_path / "old", tmp_path / "data", signer="ann")
        assert names(tmp_path / "data", sign) == ["hello/zoe_000.npz"]

    def test_damaged_ones_are_listed_and_the_rest_comes(self, tmp_path, sign, capsys):
        path = self.tree(tmp_path, 1, ["hello", "thanks"])
        (path / "hello" / "0" / "3.npy").unlink()
        bring(path, tmp_path / "data")
        assert names(tmp_path / "data", sign) == ["thanks/take_000.npz"]
        assert "left out: hello/0: frame 3 is missing" in capsys.readouterr().out

    def test_the_data_folder_is_not_brought_into_itself(self, tmp_path, sign):
        path = self.tree(tmp_path, 1)
        for inside in (path, path / "hello"):
            with pytest.raises(InputError, match="lies in the data folder"):
                bring(inside, path)
        assert names(path, sign) == ["hello/0"]

    def test_nothing_usable_is_an_error(self, tmp_path):
        with pytest.raises(InputError, match="is not there"):
            bring(tmp_path / "nowhere", tmp_path / "data")
        (tmp_path / "x.txt").write_text("")
        with pytest.raises(InputError, match="holds no usable take"):
            bring(tmp_path / "x.txt", tmp_path / "data")

    @pytest.mark.slow
    @pytest.mark.parametrize(("name", "count"), [("house_no_yes/MP_Data", 90), ("pose_files", 26)])
    def test_the_real_ones_once(self, shared, tmp_path, sign, capsys, name, count):
        path = shared(name)
        bring(path, tmp_path)
        original, brought = list(read(path, sign)), list(read(tmp_path, sign))
        assert len(brought) == count
        assert all(isinstance(take, Take) for take in brought)

        def content(takes):
            return sorted((take.info.action, take.samples.tobytes(), len(take.times)) for take in takes)

        assert content(brought) == content([Take(t.samples.astype(np.float32), t.times, t.info) for t in original])
        capsys.readouterr()
        bring(path, tmp_path)
        assert capsys.readouterr().out.endswith(f"nothing new\n{count} takes were there already\n")
        assert len(names(tmp_path, sign)) == count


class TestScript:
    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["import", "nowhere"], "nowhere is not there"),
            (["--source", "nowhere"], "nowhere is not there"),
            (["--camera", "97"], "camera 97 is not there"),
            (["--length", "1"], "give --length at least 2"),
            (["--task", "juggling"], "there is no task 'juggling'; there are: "),
        ],
    )
    def test_what_cannot_be_done_is_one_line(self, tmp_path, arguments, message):
        done = script(
            *arguments, "--data", tmp_path / "data", "--headless" if arguments[0] != "import" else "--task=sign"
        )
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stderr.startswith("collect.py: ")
        assert message in done.stderr

    @pytest.mark.slow
    def test_the_practice_signer_records_and_goes_on(self, tmp_path):
        sign = tasks.load("sign")
        options = ["--source", "practice:3", "--headless", "--data", tmp_path, "--pause", "0", "--length", "5"]
        for sequences in (1, 2):
            done = script(*options, "--actions", "hello", "nothing", "--sequences", sequences)
            assert done.returncode == 0, done.stderr
            assert f"hello {sequences} of {sequences}, nothing {sequences} of {sequences}" in done.stdout
        takes = list(read(tmp_path, sign))
        assert [take.name for take in takes] == [
            *("hello/me_000.npz", "hello/me_001.npz", "nothing/me_000.npz", "nothing/me_001.npz")
        ]
        assert {len(take.times) for take in takes} == {5}
        assert all(take.info.source == take.info.extractor == "practice signer 3 (not a person)" for take in takes)
        assert HOLISTIC.present(takes[0].samples, "pose").all()

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("more", "printed", "count"),
        [
            (["hello", "yes"], "hello 2 of 2, yes 2 of 2, nothing 2, from the pauses", 2),
            (["hello", "yes", "--no-rest"], "hello 2 of 2, yes 2 of 2", 0),
            (["hello", "nothing"], "hello 2 of 2, nothing 2 of 2", 2),
            (["hello", "yes", "--pause", "0"], "hello 2 of 2, yes 2 of 2, nothing 0, from the pauses", 0),
        ],
    )
    def test_the_pauses_are_recorded_unless_told_otherwise(self, sign, tmp_path, more, printed, count):
        options = ["--source", "practice:3", "--headless", "--data", tmp_path, "--pause", "1.5", "--length", "10"]
        done = script(*options, "--sequences", "2", "--actions", *more)
        assert done.stdout.splitlines()[-1] == f"{tmp_path}: {printed}", done.stderr
        takes = [take for take in read(tmp_path, sign) if take.info.action == "nothing"]
        assert [len(take.times) for take in takes] == [10 if "nothing" in more else 20] * count
