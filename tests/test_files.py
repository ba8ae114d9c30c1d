"""Files that are written whole, locks that are waited for, and leftovers of killed programs."""

import logging
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from conftest import make_take
from filelock import FileLock

from handsign import files
from handsign.data.store import Store
from handsign.errors import InputError
from handsign.files import atomic, locked, remove_leftovers, temporary_folder

GONE = 999_999_999
"""A number that no process has."""


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def leave(folder, name, writer, seconds=0.0):
    """A half-written file of a process, last written to so long ago."""
    path = folder / name.format(writer)
    path.write_bytes(b"half")
    os.utime(path, (time.time() - seconds,) * 2)
    return path


@pytest.fixture(scope="module")
def other():
    """The number of a process that runs, and is not this one."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.communicate(b"\n")


class TestLeftovers:
    def test_a_recorder_that_starts_leaves_what_others_write(self, tmp_path, other):
        """As preprocess.py, which saves its dataset into the folder of the takes."""
        with atomic(tmp_path / "dataset.npz") as temporary:
            np.savez(temporary, x=np.zeros(3))
            theirs = leave(tmp_path, ".labels.{}.part.txt", other)
            Store(tmp_path)
            Store(tmp_path).add(make_take("hello"))
        assert (tmp_path / "dataset.npz").is_file()
        assert theirs.is_file()

    def test_a_recorder_that_starts_removes_what_nobody_writes(self, tmp_path, other):
        (tmp_path / "hello").mkdir()
        leave(tmp_path, ".dataset.{}.part.npz", GONE)
        leave(tmp_path / "hello", ".take_001.{}.part.npz", GONE)
        leave(tmp_path / "hello", ".take_001.{}.part.npz", other, 2 * files.ABANDONED)
        (tmp_path / "hello" / f".take_002.{GONE}.part").mkdir()
        leave(tmp_path / "hello" / f".take_002.{GONE}.part", "1.jpg", 0)
        Store(tmp_path)
        assert names(tmp_path) == [".lock", "hello"]
        assert names(tmp_path / "hello") == []

    def test_the_next_writer_of_a_file_removes_leftovers_of_it_only(self, tmp_path, other):
        leave(tmp_path, ".a.checkpoint.{}.part.npz", GONE)
        kept = [
            leave(tmp_path, name, writer).name
            for name, writer in (
                (".b.checkpoint.{}.part.npz", GONE),
                (".a.checkpoint.{}.part.npz", other),
                (".a.{}.part.npz", GONE),
                (".a.checkpoint.x.part.npz", 0),
                ("a.checkpoint.{}.part.npz", GONE),
            )
        ]
        with atomic(tmp_path / "a.checkpoint.npz") as temporary:
            temporary.write_bytes(b"whole")
        assert names(tmp_path) == sorted([*kept, "a.checkpoint.npz"])

    @pytest.mark.parametrize("name", ["a[b]*", "a.b", ".a", "ü" * 60])
    def test_names_of_any_kind(self, tmp_path, name):
        path = tmp_path / name
        leave(tmp_path, f".{path.stem}.{{}}.part{path.suffix}", GONE)
        with atomic(path) as temporary:
            temporary.write_bytes(b"whole")
        assert names(tmp_path) == [name]

    def test_folders_of_killed_programs_are_removed_by_the_next_writer(self, tmp_path, other):
        for writer in (GONE, other):
            (tmp_path / f".action.{writer}.part.h5").mkdir()
            (tmp_path / f".action.{writer}.part.h5" / "action.json").write_bytes(b"half")
        with temporary_folder(tmp_path / "action.h5") as folder:
            (folder / "action.json").write_bytes(b"whole")
        assert names(tmp_path) == [f".action.{other}.part.h5"]

    def test_a_leftover_that_cannot_be_removed_is_in_nobodys_way(self, tmp_path, monkeypatch):
        def refuse(path, **options):
            raise PermissionError(13, "Permission denied")

        leave(tmp_path, ".a.{}.part.txt", GONE)
        with monkeypatch.context() as patch:
            patch.setattr("pathlib.Path.unlink", refuse)
            remove_leftovers(tmp_path)
            with atomic(tmp_path / "a.txt") as temporary:
                temporary.write_bytes(b"whole")
        assert (tmp_path / "a.txt").read_bytes() == b"whole"


class TestLock:
    def test_waiting_is_told_once(self, tmp_path, monkeypatch):
        told, waits, done = [], threading.Event(), []
        monkeypatch.setattr(files, "PATIENCE", 0.01)
        monkeypatch.setattr(logging.getLogger("handsign"), "warning", lambda *args: told.append(args) or waits.set())

        def write():
            with locked(tmp_path / ".lock"):
                done.append(True)

        with FileLock(tmp_path / ".lock"):
            thread = threading.Thread(target=write)
            thread.start()
            assert waits.wait(60)
            assert not done
        thread.join(60)
        assert done
        assert [message % folder for message, folder in told] == [
            f"waiting for another program that writes to {tmp_path}"
        ]

    def test_a_free_lock_says_nothing(self, tmp_path, caplog):
        for _ in range(2):
            with locked(tmp_path / ".lock"):
                pass
        assert not caplog.messages

    def test_a_lock_that_cannot_be_made_is_one_line(self, tmp_path):
        (tmp_path / ".lock").mkdir()
        with pytest.raises(InputError, match=r"could not be written to \(Is a directory\)"), locked(tmp_path / ".lock"):
            pass

    def test_a_store_whose_lock_vanishes_while_recording_is_one_line(self, tmp_path):
        store = Store(tmp_path / "data")
        (tmp_path / "data" / ".lock").unlink(missing_ok=True)
        (tmp_path / "data" / ".lock").mkdir()
        with pytest.raises(InputError, match="could not be written to"):
            store.add(make_take("hello"))


@pytest.mark.skipif(os.name != "posix", reason="folders cannot be kept")
def test_the_file_is_kept_before_the_rename_and_the_folder_after_it(tmp_path, monkeypatch):
    calls = []
    real_sync, real_rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: calls.append(os.fstat(handle).st_ino) or real_sync(handle))
    monkeypatch.setattr(os, "replace", lambda a, b, **options: calls.append("rename") or real_rename(a, b))
    with atomic(tmp_path / "a.txt") as temporary:
        temporary.write_bytes(b"whole")
    assert calls == [(tmp_path / "a.txt").stat().st_ino, "rename", tmp_path.stat().st_ino]
