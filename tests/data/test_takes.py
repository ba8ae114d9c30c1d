import errno
import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, make_take
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handsign.data import readers
from handsign.data.store import Store
from handsign.data.take import InvalidTake, Take, TakeInfo
from handsign.errors import InputError
from handsign.landmarks.holistic import HOLISTIC


def read(path, task):
    """Every take at `path`, and what should be one."""
    return readers.read(path, task.format, task.windowing.duration)


def whole(path, task):
    """The takes at `path`, all of which have to be valid."""
    found = list(read(path, task))
    assert all(isinstance(take, Take) for take in found), [f for f in found if isinstance(f, InvalidTake)]
    return found


def invalid(path, task):
    """Why the only thing at `path` is no take."""
    (found,) = read(path, task)
    assert isinstance(found, InvalidTake)
    assert "\n" not in found.reason
    return found.reason


def write_tree(folder, frames=30, columns=1662):
    """The tutorial's layout of one take; every value is its frame's number."""
    folder.mkdir(parents=True)
    for i in range(frames):
        np.save(folder / f"{i}.npy", np.full(columns, float(i)))
    return folder


class TestStore:
    def test_what_is_written_is_read_back(self, tmp_path, sign):
        take = make_take("hello", 31, 29.9)
        about = {"signer": "Ann", "session": "1", "source": "camera 0", "frame_size": (640, 480), "rate": 29.9}
        take = replace(take, info=TakeInfo(action="hello", extractor="x", mirrored=True, **about))
        path = Store(tmp_path).add(take)
        (found,) = whole(tmp_path, sign)
        assert path == tmp_path / "hello" / "Ann_000.npz"
        assert found.name == "hello/Ann_000.npz"
        assert found.samples.dtype == np.float32
        assert np.array_equal(found.samples, take.samples)
        assert np.array_equal(found.times, take.times)
        assert found.info == take.info
        with np.load(path, allow_pickle=False) as file:
            assert sorted(file.files) == ["info", "samples", "times"]

    def test_numbers_go_on_where_they_stopped_and_past_999(self, tmp_path):
        for number in ("000", "007", "999"):
            (tmp_path / "hello").mkdir(exist_ok=True)
            (tmp_path / "hello" / f"take_{number}.npz").write_bytes(b"there before")
        store = Store(tmp_path)
        added = [store.add(make_take("hello")).name for _ in range(2)]
        assert added == ["take_1000.npz", "take_1001.npz"]
        assert [p.name for p in Store(tmp_path).paths("hello", "")][-3:] == ["take_999.npz", *added]
        assert (tmp_path / "hello" / "take_007.npz").read_bytes() == b"there before"

    def test_signers_stand_side_by_side(self, tmp_path, sign):
        for signer in ("a", "a_1", "b", "a"):
            Store(tmp_path).add(make_take("hello", signer=signer))
        names = [p.name for p in Store(tmp_path).paths("hello", "a")]
        assert names == ["a_000.npz", "a_001.npz"]
        assert sorted(take.info.signer for take in whole(tmp_path, sign)) == ["a", "a", "a_1", "b"]

    def test_replacing_keeps_the_name_and_nothing_else(self, tmp_path, sign):
        store = Store(tmp_path)
        paths = [store.add(make_take("hello", value=v)) for v in (0.1, 0.2)]
        old = paths[0].stat().st_ino
        store.replace(paths[0], make_take("hello", value=0.9))
        assert paths[0].stat().st_ino != old  # another file took its name: at no time was it half written
        assert [round(float(t.samples[0, 0]), 3) for t in whole(tmp_path, sign)] == [0.9, 0.2]
        assert store.paths("hello", "") == paths

    @pytest.mark.parametrize(
        "action", ["Let's go", "a/b", "-", "감사", "..", ".", "", " x ", 'c:\\"<>|?*', "con\nfused", "[ab]*", "a.npz"]
    )
    def test_any_action_has_a_folder_and_keeps_its_name(self, tmp_path, sign, action):
        store = Store(tmp_path / "data")
        paths = [store.add(make_take(action, signer=action, value=v)) for v in (0.1, 0.2)]
        assert store.paths(action, action) == paths
        assert [p.parent.parent for p in paths] == [tmp_path / "data"] * 2
        assert [(t.info.action, round(float(t.samples[0, 0]), 3)) for t in whole(tmp_path, sign)] == [
            (action, 0.1),
            (action, 0.2),
        ]

    def test_names_that_share_a_folder_do_not_overwrite_each_other(self, tmp_path, sign):
        for action in ("a/b", "a_b", "a:b"):
            Store(tmp_path).add(make_take(action))
        assert {take.info.action for take in whole(tmp_path, sign)} == {"a/b", "a_b", "a:b"}

    def test_a_renamed_folder_renames_the_action(self, tmp_path, sign):
        Store(tmp_path).add(make_take("hello"))
        (tmp_path / "hello").rename(tmp_path / "good day")
        assert [take.info.action for take in whole(tmp_path, sign)] == ["good day"]

    def test_a_single_take_is_read_from_its_own_folder(self, tmp_path, sign, monkeypatch):
        path = Store(tmp_path).add(make_take("hello"))
        monkeypatch.chdir(path.parent)
        assert [(t.name, t.info.action) for t in whole(Path(path.name), sign)] == [(path.name, "hello")]

    def test_leftovers_of_a_killed_program_are_removed_and_never_read(self, tmp_path, sign):
        path = Store(tmp_path).add(make_take("hello"))
        left = path.with_name(".take_001.999999999.part.npz")
        left.write_bytes(path.read_bytes()[:100])
        assert len(whole(tmp_path, sign)) == 1
        Store(tmp_path)
        assert sorted(p.name for p in path.parent.iterdir()) == [path.name]

    @pytest.mark.slow
    def test_killed_half_way_through_a_file_it_was_never_there(self, tmp_path, sign):
        script = """
import os, signal, sys
sys.path.insert(0, "tests")
from pathlib import Path
import numpy as np
from conftest import make_take
from handsign.data.store import Store
store = Store(Path(sys.argv[1]))
path = store.add(make_take("hello", value=0.1))
def half(file, **arrays):
    Path(file).write_bytes(path.read_bytes()[:1000])
    os.kill(os.getpid(), signal.SIGKILL)
np.savez_compressed = half
store.replace(path, make_take("hello")) if sys.argv[2] == "replace" else store.add(make_take("hello"))
"""
        for what in ("add", "replace"):
            done = subprocess.run([sys.executable, "-c", script, tmp_path / what, what], cwd=ROOT, check=False)
            assert done.returncode == -signal.SIGKILL
            assert len(list(tmp_path.rglob("*.part.npz"))) == 1
            (take,) = whole(tmp_path / what, sign)
            assert take.samples[0, 0] == np.float32(0.1)
            assert Store(tmp_path / what).add(make_take("hello")).name == "take_001.npz"
            assert not list(tmp_path.rglob("*.part.npz"))

    @pytest.mark.slow
    def test_killing_the_writer_loses_at_most_the_take_in_progress(self, tmp_path, sign):
        script = """
import sys
sys.path.insert(0, "tests")
from pathlib import Path
from conftest import make_take
from handsign.data.store import Store
store = Store(Path(sys.argv[1]))
while True:
    print(store.add(make_take("hello", 300)), flush=True)
"""
        announced = []
        for delay in (0.0, 0.003, 0.007, 0.012):
            command = [sys.executable, "-c", script, str(tmp_path)]
            writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            announced += [writer.stdout.readline().strip() for _ in range(2)]
            until = time.perf_counter() + delay
            while time.perf_counter() < until:
                pass
            writer.send_signal(signal.SIGKILL)
            announced += [line.strip() for line in writer.communicate()[0].splitlines()]
        there = whole(tmp_path, sign)
        assert {Path(path).name for path in announced} <= {take.name.split("/")[1] for take in there}
        assert {len(take.times) for take in there} == {300}
        added = Store(tmp_path).add(make_take("hello"))
        assert not list(tmp_path.rglob("*.part.npz"))
        assert len(whole(tmp_path, sign)) == len(there) + 1
        assert added == Store(tmp_path).paths("hello", "")[-1]


class TestFullDisk:
    def fill(self, monkeypatch):
        def write(path, **arrays):
            with Path(path).open("wb") as file:
                file.write(b"the beginning")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(np, "savez_compressed", write)

    def test_adding_tells_and_leaves_nothing_half_written(self, tmp_path, sign, monkeypatch):
        store = Store(tmp_path)
        store.add(make_take("hello", value=0.1))
        self.fill(monkeypatch)
        with pytest.raises(InputError, match="No space left on device"):
            store.add(make_take("hello"))
        with pytest.raises(InputError, match="No space left on device"):
            store.replace(store.paths("hello", "")[0], make_take("hello"))
        assert [p.name for p in (tmp_path / "hello").iterdir()] == ["take_000.npz"]
        assert whole(tmp_path, sign)[0].samples[0, 0] == np.float32(0.1)

    def test_it_goes_on_when_there_is_room_again(self, tmp_path, sign, monkeypatch):
        store = Store(tmp_path)
        with monkeypatch.context() as full:
            self.fill(full)
            with pytest.raises(InputError):
                store.add(make_take("hello"))
        assert store.add(make_take("hello")).name == "take_000.npz"

    @pytest.mark.parametrize("kind", ["file", "file in place of an action", "lock"])
    def test_a_place_that_cannot_be_written_to_is_one_clear_line(self, tmp_path, kind):
        root = tmp_path / "data"
        if kind == "lock":
            (root / ".lock").mkdir(parents=True)
        elif kind == "file":
            root.write_text("")
        else:
            root.mkdir()
            (root / "hello").write_text("")
        with pytest.raises(InputError, match=r"cannot be used|could not be written"):
            Store(root).add(make_take("hello"))

    def test_a_name_too_long_for_the_disk_is_one_clear_line(self, tmp_path):
        with pytest.raises(InputError, match="File name too long"):
            Store(tmp_path).add(make_take("hello", signer="x" * 250))


class TestInvalidTakes:
    def edit(self, tmp_path, **changes):
        """A take of ours with some of its arrays changed."""
        path = Store(tmp_path).add(make_take("hello"))
        with np.load(path) as file:
            arrays = {**{name: file[name] for name in file.files}, **changes}
        np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
        return tmp_path

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"samples": np.zeros((30, 1661))}, "samples have shape (1661,), sign needs (1662,)"),
            ({"samples": np.zeros((30, 33, 4))}, "samples have shape (33, 4)"),
            ({"samples": np.zeros(())}, "samples have shape ()"),
            ({"samples": np.full((30, 1662), np.nan)}, "30 of 30 frames hold values that are not finite"),
            ({"samples": np.where(np.eye(30, 1662), np.inf, 0)}, "not finite"),
            ({"samples": np.zeros((1, 1662)), "times": np.zeros(1)}, "1 frames are too few"),
            ({"samples": np.zeros((0, 1662)), "times": np.zeros(0)}, "0 frames are too few"),
            ({"samples": np.full((30, 1662), "text")}, "cannot be read"),
            ({"times": np.zeros(30)}, "its times do not increase"),
            ({"times": np.arange(30)[::-1]}, "its times do not increase"),
            ({"times": np.full(30, np.nan)}, "its times do not increase"),
            ({"times": np.arange(29)}, "30 frames but times of shape (29,)"),
            ({"times": None}, "times"),
            ({"info": np.frombuffer(b"{}", np.uint8)}, "action"),
            ({"info": np.frombuffer(b"\xff{", np.uint8)}, "cannot be read"),
            ({"info": None}, "neither a take nor a pack"),
        ],
    )
    def test_a_take_that_is_not_one_says_why(self, tmp_path, sign, changes, reason):
        assert reason in invalid(self.edit(tmp_path, **changes), sign)

    @pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 but nothing more", b"\x93NUMPY\x01\x00"])
    @pytest.mark.parametrize("name", ["hello/take_000.npz", "hello/0/0.npy", "hello/x.pose"])
    def test_garbage_is_told_beside_what_is_whole(self, tmp_path, sign, name, content):
        Store(tmp_path).add(make_take("thanks"))
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        found = list(read(tmp_path, sign))
        assert [type(f) for f in found] == [InvalidTake, Take]
        assert found[0].name == name.removesuffix("/0.npy")
        assert "cannot be read" in found[0].reason

    @pytest.mark.slow
    @given(st.data())
    @settings(
        derandomize=True, deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    def test_any_damaged_bytes_are_a_take_or_a_reason(self, tmp_path_factory, sign, data):
        root = tmp_path_factory.mktemp("data")
        path = Store(root).add(make_take("hello", 3))
        content = bytearray(path.read_bytes())
        where = st.one_of(st.integers(0, 250), st.integers(len(content) - 250, len(content) - 1))
        for at in data.draw(st.lists(where, max_size=3)):
            content[at] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.one_of(st.just(None), st.integers(0, len(content))))])
        assert len(list(read(root, sign))) <= 1  # bytes that are a ZIP archive of nothing hold no take

    def test_an_array_in_place_of_an_archive(self, tmp_path, sign):
        with (tmp_path / "x.npz").open("wb") as file:
            np.save(file, np.zeros((30, 1662)))
        assert "cannot be read" in invalid(tmp_path, sign)

    @pytest.mark.parametrize("layout", ["ours", "pack", "tree"])
    def test_nothing_pickled_is_run(self, tmp_path, sign, layout):
        class Bomb:
            def __reduce__(self):
                return os.mkdir, (str(tmp_path / "boom"),)

        bomb, root = np.array([Bomb()] * 2, object), tmp_path / "data"
        if layout == "ours":
            self.edit(root, samples=bomb)
        elif layout == "pack":
            root.mkdir()
            np.savez(root / "pack.npz", X=bomb, y=np.array(["a", "b"]))
        else:
            write_tree(root / "hello" / "0", 2)
            (root / "hello" / "0" / "1.npy").write_bytes(pickle.dumps(Bomb()))
        assert "cannot be read" in invalid(root, sign)
        assert not (tmp_path / "boom").exists()

    def test_nothing_there_at_all(self, tmp_path, sign):
        assert list(read(tmp_path, sign)) == []
        with pytest.raises(InputError, match="is not there"):
            list(read(tmp_path / "elsewhere", sign))


class TestTrees:
    @pytest.mark.parametrize("columns", [1662, 258, 126])
    def test_frames_are_in_the_order_of_their_numbers(self, tmp_path, sign, columns):
        for number in (2, 10, 1):
            write_tree(tmp_path / "hello" / str(number), 12, columns)
        found = whole(tmp_path, sign)
        assert [take.name for take in found] == ["hello/1", "hello/2", "hello/10"]
        for take in found:
            assert take.info.action == "hello"
            assert take.samples[:, -1].tolist() == list(range(12))
            assert HOLISTIC.present(take.samples, "face")[1:].any() == (columns == 1662)
            assert take.times[-1] - take.times[0] == pytest.approx(11 / 12)  # a take is a window long: 1 s

    def test_one_as_first_number_is_as_good(self, tmp_path, sign):
        folder = write_tree(tmp_path / "hello" / "0", 4)
        (folder / "0.npy").unlink()
        assert len(whole(tmp_path, sign)[0].times) == 3

    def test_a_missing_frame_is_invalid(self, tmp_path, sign):
        (write_tree(tmp_path / "hello" / "0") / "17.npy").unlink()
        assert invalid(tmp_path, sign) == "frame 17 is missing"

    @pytest.mark.parametrize("name", ["left.npy", "²²².npy"])
    def test_frames_without_numbers_are_invalid(self, tmp_path, sign, name):
        np.save(write_tree(tmp_path / "hello" / "0") / name, np.zeros(1662))
        assert "not named by frame numbers" in invalid(tmp_path, sign)

    @pytest.mark.parametrize("columns", [1661, 0])
    def test_frames_of_other_sizes_are_invalid(self, tmp_path, sign, columns):
        write_tree(tmp_path / "hello" / "0", columns=columns)
        assert f"{columns} values" in invalid(tmp_path, sign)

    def test_one_frame_of_another_size_is_invalid(self, tmp_path, sign):
        np.save(write_tree(tmp_path / "hello" / "0") / "3.npy", np.zeros(258))
        assert "a frame cannot be read" in invalid(tmp_path, sign)

    def test_one_frame_of_no_number_is_invalid(self, tmp_path, sign):
        np.save(write_tree(tmp_path / "hello" / "0") / "3.npy", np.full(1662, np.nan))
        assert invalid(tmp_path, sign) == "1 of 30 frames hold values that are not finite"

    @pytest.mark.slow
    def test_the_real_one(self, shared, sign):
        found = whole(shared("house_no_yes/MP_Data"), sign)
        assert {take.samples.shape for take in found} == {(30, 1662)}
        assert {a: sum(t.info.action == a for t in found) for a in ("house", "no", "yes")} == {
            "house": 30,
            "no": 30,
            "yes": 30,
        }
        left = np.concatenate([HOLISTIC.present(take.samples, "left_hand") for take in found])
        assert 1 - left.mean() == pytest.approx(0.72, abs=0.01)  # as its README says


class TestPacks:
    def write(self, path, n=4, columns=258, **more):
        X = np.arange(n * 30 * columns, dtype=np.float32).reshape(n, 30, columns) % 97 + 1
        np.savez(path, **{"X": X, "y": np.array(["a", "b"] * (n // 2)), **more})
        return X

    @pytest.mark.parametrize("columns", [1662, 258, 126])
    def test_rows_become_takes(self, tmp_path, sign, columns):
        X = self.write(tmp_path / "set.npz", columns=columns)
        found = whole(tmp_path, sign)
        assert [t.info.action for t in found] == ["a", "b", "a", "b"]
        assert {t.info.session for t in found} == {"set"}
        assert len({t.name for t in found}) == 4
        assert all(np.array_equal(HOLISTIC.widen(x), t.samples) for x, t in zip(X, found, strict=True))

    def test_take_session_and_signer_are_kept(self, tmp_path, sign):
        more = {"take": np.array([5, 5, 6, 6]), "session": np.array(list("ssrr")), "signer": np.array(list("uvuv"))}
        self.write(tmp_path / "set.npz", **more)
        found = whole(tmp_path / "set.npz", sign)
        assert [(t.info.session, t.info.signer) for t in found] == [("s", "u"), ("s", "v"), ("r", "u"), ("r", "v")]
        assert [t.name for t in found] == ["set.npz/s/u/a/5", "set.npz/s/v/b/5", "set.npz/r/u/a/6", "set.npz/r/v/b/6"]

    @pytest.mark.parametrize(
        "more",
        [
            {"y": np.array(["a"])},
            {"y": np.array("a")},
            {"y": np.eye(4)},
            {"take": np.arange(3)},
            {"signer": np.array([["a"] * 4] * 4)},
            {"X": np.zeros((4, 258))},
            {"X": np.zeros(())},
            {"X": np.zeros((4, 30, 259))},
            {"X": np.full((4, 30, 258), "a")},
        ],
    )
    def test_what_does_not_fit_together_is_invalid(self, tmp_path, sign, more):
        self.write(tmp_path / "set.npz", **more)
        assert "cannot be read" in invalid(tmp_path, sign)

    def test_one_bad_row_leaves_the_others(self, tmp_path, sign):
        X = np.zeros((4, 30, 258))
        X[2, 3, 4] = np.inf
        self.write(tmp_path / "set.npz", X=X)
        assert [type(found) for found in read(tmp_path, sign)] == [Take, Take, InvalidTake, Take]

    @pytest.mark.slow
    def test_the_real_ones(self, shared, sign):
        found = whole(shared("korean_13"), sign)
        assert len(found) == 1170
        assert len({take.name for take in found}) == 1170
        assert len({take.info.action for take in found}) == 13
        assert {s: sum(t.info.session == s for t in found) for s in ("set0", "set1", "set3")} == {
            "set0": 650,
            "set1": 130,
            "set3": 390,
        }


class TestPoseFiles:
    def write(self, path, faces=478, shift=0.0):
        """A `.pose` file of 5 frames at 25 a second, 400 x 200, with a right hand in the last two; its raw points."""
        from pose_format import Pose
        from pose_format.numpy import NumPyPoseBody
        from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions

        sizes = {"POSE_LANDMARKS": 33, "FACE_LANDMARKS": faces, "LEFT_HAND_LANDMARKS": 21, "RIGHT_HAND_LANDMARKS": 21}
        components = [
            PoseHeaderComponent(name, [str(i) for i in range(n)], [], [], "XYZC") for name, n in sizes.items()
        ]
        header = PoseHeader(0.1, PoseHeaderDimensions(400, 200, 0), components)
        points = np.random.default_rng(0).uniform(0.1, 0.9, (5, 1, sum(sizes.values()), 3))
        points[:, :, 23:25, 2] = 0  # MediaPipe measures z from the hips
        confidence = np.ones(points.shape[:3])
        confidence[:, :, 33 + faces : 33 + faces + 21] = 0
        confidence[:3, :, -21:] = 0
        pixels = points * [400, 200, 1] + [0, 0, shift]
        pixels[confidence == 0] = 0
        path.parent.mkdir(parents=True)
        with path.open("wb") as file:
            Pose(header, NumPyPoseBody(25, pixels, confidence)).write(file)
        return points[:, 0]

    @pytest.mark.parametrize("faces", [468, 478])
    @pytest.mark.parametrize("shift", [0.0, 200.0])
    def test_pixels_become_image_sizes(self, tmp_path, sign, faces, shift):
        points = self.write(tmp_path / "hello" / "x.pose", faces, shift)
        (take,) = whole(tmp_path, sign)
        assert take.info == TakeInfo(action="hello", rate=25.0, frame_size=(400, 200), extractor="pose-format")
        assert take.times == pytest.approx(np.arange(5) / 25)
        near = {"abs": 1e-5 if not shift else 1e-4}
        assert HOLISTIC.view(take.samples, "pose")[..., :3] == pytest.approx(points[:, :33], **near)
        assert (HOLISTIC.view(take.samples, "pose")[..., 3] == 1).all()
        assert HOLISTIC.view(take.samples, "face") == pytest.approx(points[:, 33 : 33 + 468], **near)
        assert HOLISTIC.view(take.samples, "right_hand")[3:] == pytest.approx(points[3:, -21:], **near)
        assert HOLISTIC.present(take.samples, "right_hand").tolist() == [False] * 3 + [True] * 2
        assert not HOLISTIC.present(take.samples, "left_hand").any()

    def test_the_real_ones(self, shared, sign):
        found = whole(shared("pose_files/ase"), sign)
        assert len(found) == 26
        assert {take.info.action for take in found} == {"ase"}
        z = np.concatenate([HOLISTIC.view(take.samples, "right_hand")[..., 2].ravel() for take in found])
        assert np.abs(z).max() < 1  # as MediaPipe's: these files were moved by half their width in x, y and z
