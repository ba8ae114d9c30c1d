"""Mouse recordings in the layout of the Balabit challenge, with the defects of the real ones."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

from benchmarks import crowd
from handsign import tasks
from handsign.data.readers import read
from handsign.data.take import InvalidTake, Take
from handsign.tasks.signer import balabit

GOOD = [
    ("0.0", "0.0", "NoButton", "Move", "960", "540"),
    ("0.1", "0.1", "NoButton", "Move", "970", "540"),
    ("0.2", "0.2", "Left", "Pressed", "970", "540"),
    ("0.3", "0.3", "Left", "Drag", "980", "550"),
    ("0.4", "0.4", "Left", "Released", "980", "550"),
]


def write_session(folder, rows, name="user7/session_001"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    crowd.write_csv(path, rows)
    return path


def read_all(path):
    task = tasks.load("signer")
    return list(read(path, task.format, task.windowing.duration))


def read_session(path):
    """The take, and the line about skipped rows or an empty string."""
    take, *skipped = balabit.read(path)
    return take, skipped[0].reason if skipped else ""


def test_a_session_is_a_take_by_the_person_its_folder_is_named_after(tmp_path):
    take, skipped = read_session(write_session(tmp_path, GOOD))
    assert (take.info.signer, take.info.session, skipped) == ("user7", "session_001", "")
    np.testing.assert_allclose(
        take.samples[:, :2] * balabit.SCREEN_WIDTH, [[float(r[4]), float(r[5])] for r in GOOD], rtol=1e-6
    )
    assert take.samples[:, 2].tolist() == [0, 0, 1, 1, 0]
    np.testing.assert_allclose(take.samples[:, 3], [0, 0.1, 0.1, 0.1, 0.1], atol=1e-6)
    assert take.samples.dtype == np.float32


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("0.5", "0.5", "NoButton", "Move", "65535", "540"), "1 off the screen"),
        (("0.5", "0.5", "NoButton", "Move", "960", "65535"), "1 off the screen"),
        (("0.5", "0.5", "NoButton", "Move", "-3", "540"), "1 off the screen"),
        (("0.5", "0.5", "NoButton", "Move", "9000", "540"), "1 off the screen"),
        (GOOD[-1], "1 repeated"),
        (("0.5", "0.5", "NoButton", "Hover", "960", "540"), "1 not understood"),
        (("0.5", "0.5", "Paw", "Move", "960", "540"), "1 not understood"),
        (("0.5", "", "NoButton", "Move", "960", "540"), "1 not understood"),
        (("0.5", "nan", "NoButton", "Move", "960", "540"), "1 not understood"),
        (("0.5", "0.5", "NoButton", "Move", "960"), "1 not understood"),
    ],
)
def test_a_bad_row_is_skipped_and_counted_in_one_line(tmp_path, row, reason):
    take, skipped = read_session(
        write_session(tmp_path, [*GOOD, row, ("0.6", "0.6", "NoButton", "Move", "990", "550")])
    )
    assert len(take.samples) == len(GOOD) + 1
    assert take.samples[-1, 0] * balabit.SCREEN_WIDTH == pytest.approx(990)
    assert skipped == f"1 of its 7 rows ({reason}); the others are used"


def test_rows_at_the_same_time_have_increasing_times_and_the_interval_zero(tmp_path):
    rows = [*GOOD, ("0.5", "0.4", "NoButton", "Move", "1000", "550")]
    take, skipped = read_session(write_session(tmp_path, rows))
    assert not skipped
    assert (np.diff(take.times) > 0).all()
    assert take.samples[-1, 3] == 0


def test_where_the_clock_goes_back_the_interval_is_the_recorders(tmp_path):
    take, _ = read_session(write_session(tmp_path, [*GOOD, ("0.9", "0.05", "NoButton", "Move", "1000", "550")]))
    assert take.samples[-1, 3] == pytest.approx(0.5)
    assert (np.diff(take.times) > 0).all()


def test_a_turn_of_the_wheel_is_at_the_pointers_position(tmp_path):
    rows = [("0.0", "0.0", "Scroll", "Down", "0", "0"), *GOOD, ("0.5", "0.5", "Scroll", "Up", "65535", "65535")]
    take, skipped = read_session(write_session(tmp_path, rows))
    assert not skipped
    assert take.samples[[0, -1], 2].tolist() == [3, 3]
    np.testing.assert_allclose(take.samples[[0, -1], :2] * balabit.SCREEN_WIDTH, [[960, 540], [980, 550]], rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "its first line is not"),
        ("filename,is_illegal\nsession_1,0\n", "its first line is not"),
        (",".join(balabit.HEADER) + "\n", "0 of its 0 rows can be used"),
        (
            ",".join(balabit.HEADER) + "\n" + "0.1,0.1,NoButton,Move,65535,65535\n" * 40,
            "0 of its 40 rows can be used (40 off the screen)",
        ),
        (",".join(balabit.HEADER) + "\n\xff\x00,,,,,\n", "0 of its 1 rows can be used (1 not understood)"),
    ],
)
def test_a_file_without_a_usable_row_is_one_clear_line(tmp_path, text, reason):
    path = tmp_path / "user7" / "session_1"
    path.parent.mkdir()
    path.write_text(text, encoding="latin-1")
    found = read_all(tmp_path)
    assert [type(one) for one in found] == [InvalidTake]
    assert found[0].name == "user7/session_1"
    assert reason in found[0].reason


def test_a_folder_of_sessions_is_read_in_order_beside_other_files(tmp_path):
    for person in ("user10", "user9"):
        write_session(tmp_path, GOOD, f"{person}/session_2")
    (tmp_path / "README.md").write_text("no recording")
    found = [one for one in read_all(tmp_path) if isinstance(one, Take)]
    assert [take.info.signer for take in found] == ["user9", "user10"]


def test_import_writes_a_folder_for_each_person_and_a_file_for_each_recording(tmp_path):
    for name in ("user1/session_a", "user1/session_b", "user2/session_c"):
        rows = [*GOOD, (str(len(name)), "1", "NoButton", "Move", "65535", "1")] if name.endswith("a") else GOOD
        write_session(tmp_path / "training_files", rows, name)
    command = [sys.executable, ROOT / "collect.py", "import", "training_files", "--task", "signer", "--data", "data"]
    done = subprocess.run(list(map(str, command)), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert sorted(p.relative_to(tmp_path).as_posix() for p in (tmp_path / "data").rglob("*.npz")) == [
        "data/user1/user1_000.npz",
        "data/user1/user1_001.npz",
        "data/user2/user2_000.npz",
    ]
    assert "1 of its 6 rows (1 off the screen)" in done.stdout
    stored = [one for one in read_all(tmp_path / "data") if isinstance(one, Take)]
    assert [(take.info.signer, take.info.session) for take in stored] == [
        ("user1", "session_a"),
        ("user1", "session_b"),
        ("user2", "session_c"),
    ]
