"""Lists of points in files: pickles, which are never unpickled, JSON and text."""

from __future__ import annotations

import io
import json
import os
import pickle
import pickletools
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handsign import limits
from handsign.errors import InputError
from handsign.tasks.trajectory.points import PickleStack, parse_pickle, read_points

NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False)
POINTS = st.lists(st.lists(NUMBERS, min_size=2, max_size=2) | st.tuples(NUMBERS, NUMBERS))
QUICK = settings(derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


class RunsCode:
    """An object whose pickle runs `os.mkdir` when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path):
    (take,) = read_points(path)
    return take


@pytest.mark.parametrize("protocol", range(6))
class TestPickles:
    @pytest.mark.slow
    @given(value=POINTS)
    @QUICK
    def test_parse_pickle_gives_what_unpickling_gives(self, protocol, value):
        data = pickle.dumps(value, protocol)
        assert repr(parse_pickle(data)) == repr(pickle.loads(data))

    @pytest.mark.slow
    def test_shared_and_long_lists(self, protocol):
        point = [3, 4]
        value = [point] * 1500 + [[i, i / 2] for i in range(70000)]
        assert parse_pickle(pickle.dumps(value, protocol)) == value

    @given(data=st.data())
    @QUICK
    def test_damaged_ones_raise_nothing_but_input_error(self, protocol, data):
        whole = bytearray(pickle.dumps([[1, 2.5], [300, 70000], [2**40, 5]], protocol))
        for at in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=3)):
            whole[at] = data.draw(st.integers(0, 255))
        cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
        with suppress(InputError):
            parse_pickle(cut)

    def test_code_is_rejected_and_does_not_run(self, protocol, tmp_path):
        made = tmp_path / "made"
        path = write(tmp_path / "mouse_data.txt", pickle.dumps([[1, 2], RunsCode(made)], protocol))
        with pytest.raises(InputError, match="nothing was run"):
            read(path)
        assert not made.exists()


# fmt: off
HOSTILE = {
    "GLOBAL": b"cos\nsystem\n.", "INST": b"(ios\nsystem\n.", "OBJ": b"\x80\x02(c__builtin__\neval\no.",
    "STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "BINPERSID": b"\x80\x02]Q.", "PERSID": b"(lPabc\n.",
    "EXT1": b"\x80\x02\x82\x01.", "EXT2": b"\x80\x02\x83\x01\x00.", "EXT4": b"\x80\x02\x84\x01\x00\x00\x00.",
    "NEWOBJ": b"\x80\x02]]\x81.", "NEWOBJ_EX": b"\x80\x04]]]\x92.", "REDUCE": b"\x80\x02])R.", "BUILD": b"\x80\x02]}b.",
    "DICT": b"(d.", "SETITEM": b"\x80\x02]]]s.", "BINUNICODE": b"\x80\x02X\x01\x00\x00\x00a.", "DUP": b"\x80\x02]2.",
    "NEXT_BUFFER": b"\x80\x05\x97.", "BYTEARRAY8": b"\x80\x05\x96" + bytes(8) + b".", "NONE": b"\x80\x02N.",
}
# fmt: on


@pytest.mark.parametrize("name", HOSTILE)
def test_every_other_instruction_is_rejected(name, tmp_path):
    with pytest.raises(
        InputError, match=r"not occur in a list of numbers|not a list of|not a complete pickle"
    ) as error:
        read(write(tmp_path / "a.txt", HOSTILE[name]))
    assert "\n" not in str(error.value)


def test_only_instructions_of_numbers_lists_and_tuples_are_executed():
    """Every opcode is executed on a stack that has what any instruction needs."""
    executed = set()
    for code in pickletools.opcodes:
        stack = PickleStack()
        stack.execute("EMPTY_LIST", None)
        stack.execute("MARK", None)
        for _ in range(3):
            stack.execute("EMPTY_LIST", None)
        stack.memo[0] = []
        try:
            stack.execute(code.name, 0)
        except InputError:
            continue
        executed.add(code.name)
    assert executed == {
        *("PROTO FRAME STOP MARK EMPTY_LIST LIST APPEND APPENDS TUPLE EMPTY_TUPLE TUPLE1 TUPLE2 TUPLE3".split()),
        *("INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT".split()),
        *("PUT BINPUT LONG_BINPUT MEMOIZE GET BINGET LONG_BINGET".split()),
    }


def test_a_list_that_contains_itself_or_grows_exponentially_is_rejected(tmp_path):
    loop: list = [1]
    loop.append(loop)
    bomb: list = [1, 2]
    for _ in range(200):
        bomb = [bomb, bomb]
    for value in (loop, bomb):
        with pytest.raises(InputError, match="not a list of"):
            read(write(tmp_path / "a.pkl", pickle.dumps(value)))


def test_a_number_of_a_million_digits_is_rejected(tmp_path):
    with pytest.raises(InputError, match="not a complete pickle"):
        read(write(tmp_path / "a.pkl", b"(lL" + b"9" * 1_000_000 + b"L\na."))
    with pytest.raises(InputError, match="not finite or too large"):
        read(write(tmp_path / "a.pkl", pickle.dumps([[10**400, 1], [1, 2]])))


def test_too_large_a_file_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "POINTS_BYTES", 10)
    with pytest.raises(InputError, match="it has more than 10 bytes, the most that is read"):
        read(write(tmp_path / "a.txt", "1 2\n" * 9))


PIXELS = [[0, 10], [500, 350], [1000, 700], [20, 35]]


@pytest.mark.parametrize(
    "content",
    [
        *(pickle.dumps(PIXELS, protocol) for protocol in range(6)),
        json.dumps(PIXELS),
        "x,y\n" + "\n".join(f"{x},{y}" for x, y in PIXELS),
        "\n".join(f"{x} {y}.0" for x, y in PIXELS) + "\n",
        "\ufeff" + "\r\n".join(f"{x}; {y}" for x, y in PIXELS),
    ],
)
def test_pixels_are_divided_by_their_largest_values(content, tmp_path):
    take = read(write(tmp_path / "mouse_data.txt", content))
    assert take.samples.tolist() == np.divide(PIXELS, (1000, 700)).astype(np.float32).tolist()
    assert take.info.frame_size == (1000, 700)
    assert np.diff(take.times) == pytest.approx(1 / 60)


def test_points_in_0_to_1_are_kept(tmp_path):
    take = read(write(tmp_path / "a.csv", "0.25 0.5\n0.75 0.125\n"))
    assert take.samples.tolist() == [[0.25, 0.5], [0.75, 0.125]]
    assert take.info.frame_size is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not x and y|has 0 points"),
        ("1 2\n3 four\n", "line 2 is not x and y"),
        ("[[1, 2], [3]]", "not a list of"),
        ("[[1, 2], [true, 3]]", "not a list of"),
        ('{"x": 1}', "not a list of"),
        ("[" * 100_000, "not a pickle, JSON"),
        ("[[1, 2]]", "1 points"),
        ("1 2\nnan 4\n", "not finite or too large"),
        ("[[1, Infinity], [3, 4]]", "not finite or too large"),
        (b"\xff\xfe\x00", "not a pickle, JSON"),
        (io.BytesIO(pickle.dumps([[1, 2], "text"])).getvalue(), "not occur in a list of numbers"),
    ],
)
def test_other_files_are_rejected_in_one_line(content, message, tmp_path):
    with pytest.raises(InputError, match=message) as error:
        read(write(tmp_path / "a.txt", content))
    assert "\n" not in str(error.value)
