"""What is too large, too deep, endless or a link is refused in one line, before it takes memory or time."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tracemalloc
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest
from conftest import make_take

from handsign import limits, reading, tasks
from handsign.data import readers
from handsign.data.dataset import Dataset
from handsign.data.prepare import fingerprint, prepare
from handsign.data.split import Split
from handsign.data.store import Store
from handsign.data.take import InvalidTake, Take, TakeInfo
from handsign.errors import InputError
from handsign.reading import open_npz, read_npy

PEAK = 100 * limits.MIB


@pytest.fixture(scope="module", autouse=True)
def _loaded():
    tasks.load("sign")  # its imports do not count as memory of a reader


@contextmanager
def little_memory(most=PEAK):
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def read(path, name="sign"):
    task = tasks.load(name)
    return list(readers.read(path, task.format, task.windowing.duration))


def reasons(path, name="sign"):
    """Why each of what is at a path is no take."""
    found = [each for each in read(path, name) if isinstance(each, InvalidTake)]
    assert all("\n" not in each.reason for each in found)
    return {each.name: each.reason for each in found}


def reason(path, name="sign"):
    (found,) = reasons(path, name).values()
    return found


def header(shape, kind="<f4"):
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def info(**fields):
    return np.frombuffer(json.dumps({"action": "hello", **fields}).encode(), np.uint8)


def write_take(path, compression=zipfile.ZIP_DEFLATED, **arrays):
    """A take whose members are arrays, or bytes as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    members = {"samples": np.zeros((30, 1662), np.float32), "times": np.arange(30) / 30, "info": info(), **arrays}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, value in members.items():
            content = io.BytesIO()
            content.write(value) if isinstance(value, bytes) else np.save(content, value)
            archive.writestr(f"{name}.npy", content.getvalue())
    return path


class TestArchives:
    def test_a_bomb_is_refused_before_it_is_decompressed(self, tmp_path):
        path = tmp_path / "hello" / "me_000.npz"
        path.parent.mkdir()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("samples.npy", "w") as file:
            file.write(header((40_000, 1662)))
            for _ in range(254):
                file.write(bytes(limits.MIB))
        assert path.stat().st_size < limits.MIB
        with little_memory():
            assert "its arrays have 254 MiB, and at most 64 MiB are read of" in reason(tmp_path)

    def test_a_long_recording_of_nobody_is_none(self, tmp_path, sign):
        take = make_take("hello", 5000)
        path = Store(tmp_path).add(Take(np.zeros_like(take.samples), take.times, take.info))
        assert take.samples.nbytes > 300 * path.stat().st_size
        (found,) = read(tmp_path)
        assert isinstance(found, Take)

    @pytest.mark.parametrize(
        ("samples", "why"),
        [
            (header((10**12, 1662)), "it has 0 bytes of an array of shape"),
            (header((2**62, 2**62)), "shape"),
            (header((-1, 3)), "shape"),
            (header((3,), "<U0"), "it has 0 bytes"),
            (header((1,), "|V8") + bytes(8), "neither numbers nor text"),
            (header((1,), "|O") + bytes(8), "neither numbers nor text"),
            (header((2,)) + bytes(9), "it has 9 bytes"),
        ],
    )
    def test_a_header_that_claims_too_much_is_refused_before_anything_is_allocated(self, tmp_path, samples, why):
        write_take(tmp_path / "hello" / "me_000.npz", samples=samples)
        with little_memory():
            assert why in reason(tmp_path)

    def test_compression_of_other_programs_is_refused(self, tmp_path):
        write_take(tmp_path / "hello" / "me_000.npz", zipfile.ZIP_LZMA)
        assert "compressed in a way that NumPy does not use" in reason(tmp_path)

    def test_too_many_arrays_are_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr(limits, "MEMBERS", 2)
        write_take(tmp_path / "hello" / "me_000.npz")
        assert "it has 3 arrays, and at most 2 are read" in reason(tmp_path)

    def test_a_wrong_checksum_is_noticed(self, tmp_path):
        path = write_take(tmp_path / "hello" / "me_000.npz", zipfile.ZIP_STORED, samples=np.ones((30, 1662), "f4"))
        content = bytearray(path.read_bytes())
        content[5000] ^= 1
        path.write_bytes(content)
        assert "CRC" in reason(tmp_path)

    @pytest.mark.parametrize("code", [0x110000, 0xD800])
    def test_text_has_to_be_unicode(self, tmp_path, code):
        text = np.array([[code, 65]], "<u4").view("<U2").ravel()
        np.savez(tmp_path / "pack.npz", X=np.zeros((1, 3, 126)), y=text)
        assert "text that is no Unicode" in reason(tmp_path)

    @pytest.mark.parametrize(
        "array", [np.arange(6).reshape(2, 3), np.asfortranarray(np.eye(3)), np.array("abc"), np.zeros((0, 4)), b"x"]
    )
    def test_arrays_are_read_as_numpy_reads_them(self, tmp_path, array):
        np.savez(tmp_path / "a.npz", a=array, b=np.arange(3.0).astype(">f8"))
        with np.load(tmp_path / "a.npz") as theirs, open_npz(tmp_path / "a.npz") as ours:
            assert list(ours) == theirs.files
            for name in ours:
                assert ours[name].dtype == theirs[name].dtype
                assert np.array_equal(ours[name], theirs[name])
                assert ours[name].flags.f_contiguous == theirs[name].flags.f_contiguous

    def test_the_limit_of_an_npy_is_told(self, tmp_path):
        np.save(tmp_path / "a.npy", np.zeros(limits.MIB, np.uint8))
        assert read_npy(tmp_path / "a.npy", 4 * limits.MIB).dtype == np.uint8
        with pytest.raises(InputError, match="it takes 4 MiB, and at most 3 MiB are read"):
            read_npy(tmp_path / "a.npy", 3 * limits.MIB)

    def test_a_dataset_with_arrays_that_do_not_fit_together_is_refused(self, tmp_path):
        from tiny import make_data

        for changes in (
            {"y": np.zeros((3, 3), np.float32)},
            {"part": np.array(["train"])},
            {"part": np.array(["other"] * 45)},
            {"labels": ["a"]},
            {"rate": 0.0},
            {"X": np.full((45, 5, 6), np.nan, np.float32)},
            {"X": np.full((45, 5, 6), "x")},
            {"split": Split(test_size=3.0)},
        ):
            data = make_data()
            for name, value in changes.items():
                object.__setattr__(data, name, value)
            data.save(tmp_path / "dataset.npz")
            with pytest.raises(InputError, match="is no whole dataset"):
                Dataset.load(tmp_path / "dataset.npz", "tiny", (5, 6))


class TestTakes:
    @pytest.mark.parametrize("size", [[0, 0], [0, 480], [640, 0], [-5, 480], [10**30, 1], [640], "640x480"])
    def test_a_frame_has_pixels(self, tmp_path, size):
        write_take(tmp_path / "hello" / "me_000.npz", info=info(frame_size=size))
        assert "frame_size" in reason(tmp_path)

    @pytest.mark.parametrize("field", ["action", "signer", "session", "source"])
    def test_names_have_a_length(self, tmp_path, field):
        write_take(tmp_path / "hello" / "me_000.npz", info=info(**{field: "x" * 5000}))
        assert f"`$.{field}`" in reason(tmp_path)

    @pytest.mark.parametrize("end", [1e6, 1e300])
    def test_a_take_lasts_at_most_some_days(self, tmp_path, end):
        write_take(tmp_path / "hello" / "me_000.npz", times=np.linspace(-end, end, 30))
        assert reason(tmp_path) == "it lasts longer than 7 days"

    def test_a_pause_of_days_does_not_become_samples(self, tmp_path):
        for action in ("hello", "no"):
            for number in range(6):
                Store(tmp_path).add(make_take(action, value=number / 10, signer="me"))
        write_take(tmp_path / "hello" / "you_000.npz", times=np.r_[np.arange(29) / 30, 500_000.0])
        task = tasks.load("sign")
        with little_memory():
            data, _ = prepare(tmp_path, task.format, task.windowing, Split())
        ((name, why),) = data.left_out
        assert name == "hello/you_000.npz"
        assert "30 frames in" in why
        assert "at most 100 samples are interpolated from one" in why

    def test_frames_that_are_far_apart_are_compared_and_not_counted(self, tmp_path):
        folder = tmp_path / "hello" / "0"
        folder.mkdir(parents=True)
        for number in (0, 300_000_000):
            np.save(folder / f"{number}.npy", np.zeros(1662))
        with little_memory():
            assert reason(tmp_path) == "frame 1 is missing"

    def test_the_frames_of_a_take_have_a_budget(self, tmp_path, monkeypatch):
        folder = tmp_path / "hello" / "0"
        folder.mkdir(parents=True)
        for number in range(3):
            np.save(folder / f"{number}.npy", np.zeros(1662, np.float32))
        monkeypatch.setattr(limits, "TAKE_BYTES", 2 * 1662 * 4)
        assert "at most 0 bytes are read" in reason(tmp_path)
        monkeypatch.setattr(limits, "FRAMES", 2)
        assert "there are 3, and at most 2 are read" in reason(tmp_path)

    def test_a_picture_of_replay_fits_into_memory(self, tmp_path, sign):
        from handsign.capture.replay import Replay

        Store(tmp_path).add(make_take(frame_size=(60_000, 30_000)))
        assert Replay(tmp_path, sign.format, 30.0, 1.0).size == (4096, 2048)


class TestFolders:
    def test_a_pipe_does_not_hang(self, tmp_path):
        for name in ("hello/me_000.npz", "hello/x.pose"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            os.mkfifo(tmp_path / name)
        assert set(reasons(tmp_path).values()) == {"cannot be read: it is no regular file"}
        for name, suffix in (("trajectory", ".txt"), ("signer", ".csv")):
            folder = tmp_path / name
            folder.mkdir()
            os.mkfifo(folder / f"x{suffix}")
            assert reason(folder, name) == "cannot be read: it is no regular file"

    def test_links_are_not_followed_out_of_the_folder_nor_twice(self, tmp_path):
        data, outside = tmp_path / "data", tmp_path / "outside"
        for number in range(4):
            Store(data).add(make_take("hello", value=number / 10))
        Store(outside).add(make_take("secret"))
        (data / "hello" / "loop").symlink_to(data)
        (data / "again").symlink_to(data / "hello")
        (data / "hello" / "one.npz").symlink_to(data / "hello" / "take_000.npz")
        (data / "out").symlink_to(outside)
        (data / "passwd.npz").symlink_to("/etc/passwd")
        (data / "zero.npz").symlink_to("/dev/zero")
        (data / "gone.npz").symlink_to("/nowhere")
        (data / "self").symlink_to(data / "self")
        found = read(data)
        assert [take.name for take in found if isinstance(take, Take)] == [f"hello/take_00{n}.npz" for n in range(4)]
        why = reasons(data)
        assert len(why) == 8
        assert why["again"] == "cannot be read: it is a link to hello, which is read there"
        assert {why[name] for name in ("out", "passwd.npz", "zero.npz")} == {
            "cannot be read: it is a link out of the folder; copy here what it leads to"
        }
        fingerprint(data)

    def test_a_link_to_what_is_hidden_in_the_folder_is_followed_once(self, tmp_path):
        """As git-annex and DVC have it."""
        stored = Store(tmp_path / ".objects").add(make_take("x"))
        (tmp_path / "hello").mkdir()
        (tmp_path / "hello" / "a.npz").symlink_to(stored)
        (tmp_path / "hello" / "b.npz").symlink_to(stored)
        first, second = read(tmp_path)
        assert (first.name, first.info.action) == ("hello/a.npz", "hello")
        assert isinstance(second, InvalidTake)

    def test_the_folder_itself_may_be_a_link(self, tmp_path):
        Store(tmp_path / "real").add(make_take())
        (tmp_path / "link").symlink_to(tmp_path / "real")
        assert [type(each) for each in read(tmp_path / "link")] == [Take]

    def test_folders_1200_deep_do_not_recurse(self, tmp_path, monkeypatch):
        Store(tmp_path).add(make_take())
        monkeypatch.chdir(tmp_path)
        for _ in range(1200):
            os.mkdir("a")  # noqa: PTH102 - the absolute path would be too long
            os.chdir("a")
        monkeypatch.chdir(tmp_path)
        take, deep = sorted(read(tmp_path), key=lambda each: isinstance(each, InvalidTake))
        assert isinstance(take, Take)
        assert "it lies in more than 32 folders inside of each other" in deep.reason
        fingerprint(tmp_path)
        assert len(Store(tmp_path).paths("hello", "")) == 1
        subprocess.run(["rm", "-r", "a"], check=True)  # pytest would recurse

    def test_a_folder_that_cannot_be_listed_is_told(self, tmp_path, monkeypatch):
        Store(tmp_path).add(make_take())
        Store(tmp_path).add(make_take("no"))
        whole = type(tmp_path).iterdir

        def iterdir(path):
            if path.name == "no":
                raise PermissionError(13, "Permission denied")
            return whole(path)

        monkeypatch.setattr(type(tmp_path), "iterdir", iterdir)
        assert reasons(tmp_path) == {"no": "cannot be read: Permission denied"}

    def test_names_that_are_no_utf8_can_be_printed(self, tmp_path):
        folder = tmp_path / os.fsdecode(b"caf\xe9")
        try:
            folder.mkdir()
        except OSError:
            pytest.skip("the system admits UTF-8 only")
        write_take(folder / "me_000.npz")
        write_take(folder / "me_001.npz", samples=b"")
        found = reasons(tmp_path)
        assert "".join(found).isascii()
        assert len(found) == 2
        assert "cannot be stored" in found["caf\\udce9/me_000.npz"]

    @pytest.mark.parametrize("name", ["x" * 300, "a\0b", "\ud800"])
    def test_a_name_that_the_system_refuses_is_not_there(self, tmp_path, name):
        with pytest.raises(InputError, match="is not there"):
            read(tmp_path / name)

    @pytest.mark.parametrize("name", ["x" * 300, "\ud800"])
    @pytest.mark.parametrize("field", ["action", "signer"])
    def test_a_name_that_cannot_be_stored_is_one_line_and_stores_nothing(self, tmp_path, field, name):
        store = Store(tmp_path)
        info = {"action": "hello", field: name}
        take = make_take()
        with pytest.raises(InputError):
            store.add(Take(take.samples, take.times, TakeInfo(**info)))
        assert not list(tmp_path.rglob("*.npz"))


class TestFilesOfTasks:
    def points(self, path, data):
        path.write_bytes(data)
        with little_memory(700 * limits.MIB):
            return reason(path, "trajectory")

    def test_marks_of_a_pickle_are_not_piled_up(self, tmp_path):
        assert "more than 32 lists inside of each other" in self.points(tmp_path / "a.txt", b"(" * 2**20 + b".")

    def test_lists_of_points_have_budgets(self, tmp_path, monkeypatch):
        monkeypatch.setattr(limits, "INSTRUCTIONS", 1000)
        monkeypatch.setattr(limits, "FRAMES", 1000)
        path = tmp_path / "a.txt"
        assert "more than 1000 instructions" in self.points(path, b"\x80\x04" + b"]" * 2000 + b".")
        assert "more than 1000 points" in self.points(path, b"1 2\n" * 2000)
        assert "more than 1000 points" in self.points(path, json.dumps([[0, 0]] * 2000).encode())
        assert "line 1 has 20000 characters" in self.points(path, b"1" * 20_000)
        assert "no pixels of a canvas" in self.points(path, b"1 2\n3 1e9\n")

    @pytest.mark.parametrize(
        ("rows", "why"),
        [
            (b'"' + b"1,2,Left,Move,3,4\n" * 8000, "field larger than field limit"),
            (b"," * 2**20, "line 2 has more than 10000 characters"),
        ],
    )
    def test_tables_have_budgets(self, tmp_path, rows, why):
        from handsign.tasks.signer import verification

        path = tmp_path / "user7" / "session_1"
        path.parent.mkdir()
        path.write_bytes(b"record timestamp,client timestamp,button,state,x,y\n" + rows)
        assert why in reason(path, "signer")
        path.write_bytes(b"filename,is_illegal\n" + rows)
        with pytest.raises(InputError, match=why):
            verification._illegal(path)

    def test_a_table_has_so_many_rows(self, tmp_path, monkeypatch):
        monkeypatch.setattr(limits, "ROWS", 10)
        path = tmp_path / "session_1"
        path.write_bytes(b"record timestamp,client timestamp,button,state,x,y\n" + b"1,2,Left,Move,3,4\n" * 11)
        assert "more than 10 rows" in reason(path, "signer")

    def test_a_film_has_a_budget(self, tmp_path, monkeypatch):
        from handsign.tasks.nextframe import films

        np.save(tmp_path / "a.npy", np.zeros((9, 2, 8, 8), np.uint8))
        monkeypatch.setattr(limits, "FILMS_BYTES", 1000)
        with pytest.raises(InputError, match="it takes 4608 bytes, and at most 1000 bytes are read"):
            films.read(tmp_path / "a.npy")

    def test_a_pose_file_has_a_budget(self, tmp_path, monkeypatch):
        monkeypatch.setattr(limits, "TEXT_BYTES", 1000)
        (tmp_path / "a.pose").write_bytes(bytes(1001))
        assert "it has more than 1000 bytes" in reason(tmp_path)


def test_sizes_are_told_in_words():
    assert reading.size(3 * 2**30) == "3072 MiB"
