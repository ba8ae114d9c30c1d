"""Bundles that are damaged or made to harm are refused with one line, before they take time or memory."""

from __future__ import annotations

import os
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest
from conftest import ROOT
from onnx import TensorProto, helper
from tiny import LABELS, make_task

from handsign.bundle import check, onnx_session
from handsign.bundle.bundle import Bundle
from handsign.bundle.check import CHECKSUM, DamagedBundle, add_checksum, read_checked
from handsign.bundle.info import KEY, describe
from handsign.bundle.runtime import read_info
from handsign.cli import doctor
from handsign.cli import realtime as cli
from handsign.errors import InputError

INTERFACE = make_task().interface()
INFO = describe(INTERFACE.format, LABELS, 5, 12.5)
MEAN = helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=0)
NAMES = ("action", "trajectory", "nextframe")


def value(kind: int, shape: Any, name: str) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def constant(name: str, kind: int, shape: list[int], values: list[Any]) -> Any:
    return helper.make_node("Constant", [], [name], value=helper.make_tensor(name, kind, shape, values))


def network(*nodes: Any, change: Callable[[Any], Any] = lambda model: None, **metadata: str) -> bytes:
    """The bytes of a bundle of the tiny task: the mean over time of its first three columns, plus `extra`."""
    first = [constant("ids", TensorProto.INT64, [3], [0, 1, 2]), MEAN]
    first.append(helper.make_node("Gather", ["mean", "ids"], ["three"], axis=1))
    added = nodes or [constant("extra", TensorProto.FLOAT, [], [0.0])]
    inputs, outputs = [value(TensorProto.FLOAT, (None, 5, 6), "x")], [value(TensorProto.FLOAT, (None, 3), "y")]
    last = helper.make_node("Add", ["three", "extra"], ["y"])
    graph = helper.make_graph([*first, *added, last], "g", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {KEY: msgspec.json.encode(INFO).decode(), **metadata})
    change(model)
    return model.SerializeToString()


def refused(folder: Path, data: bytes, checksum: bool = False) -> str:
    """The line with which a bundle of these bytes is refused when it is opened or predicts."""
    path = folder / "m.onnx"
    path.write_bytes(add_checksum(data) if checksum else data)
    with pytest.raises(InputError) as found:
        Bundle.load(path, INTERFACE).predict(np.full((2, 5, 6), 0.5))
    message = str(found.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


def test_what_the_others_are_made_from_is_opened(tmp_path: Path):
    for data in (network(), add_checksum(network())):
        (tmp_path / "m.onnx").write_bytes(data)
        found = Bundle.load(tmp_path / "m.onnx", INTERFACE).predict(np.ones((2, 5, 6)))
        np.testing.assert_allclose(found, np.ones((2, 3)))


class TestChecksum:
    @pytest.mark.parametrize("name", NAMES)
    def test_the_shipped_bundles_have_one(self, name: str):
        data, info = read_checked(ROOT / f"{name}.onnx")
        assert info.checksum
        metadata = {entry.key: entry.value for entry in onnx.load_model_from_string(data).metadata_props}
        assert list(metadata) == [KEY, CHECKSUM]

    def test_a_flipped_bit_is_noticed_wherever_it_is(self, tmp_path: Path):
        whole, rng, path = (ROOT / "trajectory.onnx").read_bytes(), random.Random(0), tmp_path / "m.onnx"
        places = [rng.randrange(len(whole) * 8) for _ in range(1000)]
        places += range((len(whole) - 120) * 8, len(whole) * 8)  # each bit of the checksum and its key
        opened = []
        for place in places:
            data = bytearray(whole)
            data[place // 8] ^= 1 << place % 8
            path.write_bytes(data)
            try:
                read_checked(path)
            except DamagedBundle:
                continue
            opened.append(place)
        assert opened == []

    def test_a_bit_that_made_onnx_runtime_abort(self, tmp_path: Path):
        data = bytearray((ROOT / "trajectory.onnx").read_bytes())
        data[data.index(b"const_starts__60") + 22] ^= 64
        assert "its checksum is another one" in refused(tmp_path, bytes(data))

    def test_it_cannot_go_missing(self, tmp_path: Path):
        whole = (ROOT / "action.onnx").read_bytes()
        end = whole.rindex(CHECKSUM.encode()) - 4
        assert "its checksum is missing" in refused(tmp_path, whole[:end])
        assert "damaged" in refused(tmp_path, whole + b"\x00")

    def test_bundles_from_before_are_opened_without_one(self, tmp_path: Path):
        (tmp_path / "m.onnx").write_bytes(network())
        assert not read_info(tmp_path / "m.onnx").checksum

    @pytest.mark.parametrize(("damage", "code"), [(1, 2), (0, 1)])
    def test_doctor_tells_and_exits_with_2(self, tmp_path: Path, capsys, monkeypatch, damage: int, code: int):
        def broken(*_: Any) -> str:
            raise InputError("is not there")

        monkeypatch.setattr(doctor, "_camera", broken)
        monkeypatch.setattr(doctor, "_window", lambda: "can be opened")
        data = bytearray((ROOT / "action.onnx").read_bytes())
        data[50_000] ^= damage
        (tmp_path / "m.onnx").write_bytes(data)
        with pytest.raises(SystemExit) as ended:
            cli.main(["doctor", "--model", str(tmp_path / "m.onnx")])
        assert ended.value.code == code
        said = "PROBLEM  model: {}/m.onnx is damaged: its checksum" if damage else "ok       model: {}/m.onnx knows"
        printed = capsys.readouterr().out
        assert said.format(tmp_path) in printed
        assert damage or "its checksum is right" in printed


def second_input(model: Any) -> None:
    model.graph.input.append(value(TensorProto.FLOAT, [1], "z"))


def int64_input(model: Any) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    model.graph.node.insert(0, helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT))
    next(node for node in model.graph.node if node.op_type == "ReduceMean").input[0] = "f"


def no_input(model: Any) -> None:
    del model.graph.node[:], model.graph.input[:]
    model.graph.node.append(constant("y", TensorProto.FLOAT, [1, 3], [1.0, 2.0, 3.0]))


def single_number(model: Any) -> None:
    model.graph.node[-1].output[0] = "all"
    model.graph.node.append(helper.make_node("ReduceMean", ["all"], ["y"], keepdims=0))
    model.graph.output[0].CopyFrom(value(TensorProto.FLOAT, [], "y"))


def any_input(model: Any) -> None:
    model.graph.input[0].CopyFrom(value(TensorProto.FLOAT, [None, 10**9, 6], "x"))


def sparse(model: Any) -> None:
    one = model.graph.sparse_initializer.add(dims=[2**31])
    one.values.CopyFrom(helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0]))
    one.indices.CopyFrom(helper.make_tensor("i", TensorProto.INT64, [1], [5]))


def large_dims(model: Any) -> None:
    model.graph.initializer.append(helper.make_tensor("extra", TensorProto.FLOAT, [2], [1.0, 2.0]))
    del model.graph.node[3]
    model.graph.initializer[0].dims[0] = 2**62


def function(model: Any) -> None:
    model.functions.append(helper.make_function("d", "f", ["a"], ["b"], [], []))


def not_a_number(model: Any) -> None:
    model.graph.node[3].attribute[0].t.CopyFrom(helper.make_tensor("extra", TensorProto.FLOAT, [], [np.nan]))


def four_outputs(model: Any) -> None:
    """How many there are is found out by predicting only."""
    ones = constant("ones", TensorProto.FLOAT, [4], [1.0] * 4)
    first = [ones, helper.make_node("NonZero", ["ones"], ["rows"]), helper.make_node("Squeeze", ["rows"], ["ids"])]
    nodes = [*first, *model.graph.node[1:]]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def deep(model: Any) -> None:
    model.metadata_props[0].value = '{"labels": ' + "[" * 100_000


def much_metadata(model: Any) -> None:
    model.metadata_props[0].value += " " * 2**20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (second_input, "one input and one output of float32"),
        (no_input, "one input and one output of float32"),
        (int64_input, "one input and one output of float32"),
        (single_number, "one row for each window"),
        (any_input, r"takes windows of \(1000000000, 6\)"),
        (sparse, "holds sparse tensors"),
        (large_dims, "is damaged or no ONNX"),
        (function, "holds functions of its own"),
        (not_a_number, "not finite"),
        (four_outputs, r"predicts \(2, 4\) for 2 windows"),
        (deep, "metadata that are not understood"),
        (much_metadata, "more than 1048576 bytes of metadata"),
    ],
)
@pytest.mark.parametrize("checksum", [False, True])
def test_a_bundle_from_a_stranger(tmp_path: Path, change: Callable[[Any], None], message: str, checksum: bool):

    assert re.search(message, refused(tmp_path, network(change=change), checksum))


def test_a_constant_of_8_gib(tmp_path: Path):
    size = constant("size", TensorProto.INT64, [1], [2**31])
    one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    filled = helper.make_node("ConstantOfShape", ["size"], ["filled"], value=one)
    total = helper.make_node("ReduceSum", ["filled"], ["extra"], keepdims=0)
    assert "cannot predict for one window within 10 s and 512 MiB" in refused(tmp_path, network(size, filled, total))


def test_a_loop_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(onnx_session, "SECONDS", 0.1)
    truth, number = value(TensorProto.BOOL, [], "more"), value(TensorProto.FLOAT, [], "now")
    body = helper.make_graph(
        [helper.make_node("Identity", ["more"], ["more_out"]), helper.make_node("Identity", ["now"], ["now_out"])],
        "body",
        [value(TensorProto.INT64, [], "i"), truth, number],
        [value(TensorProto.BOOL, [], "more_out"), value(TensorProto.FLOAT, [], "now_out")],
    )
    before = [
        constant("rounds", TensorProto.INT64, [], [2**40]),
        constant("yes", TensorProto.BOOL, [], [True]),
        constant("zero", TensorProto.FLOAT, [], [0.0]),
    ]
    loop = helper.make_node("Loop", ["rounds", "yes", "zero"], ["extra"], body=body)
    assert "cannot predict for one window" in refused(tmp_path, network(*before, loop))


@pytest.mark.parametrize("where", ["initializer", "constant"])
def test_weights_in_another_file_are_not_read(tmp_path: Path, where: str):
    (tmp_path / "secret").write_bytes(np.float32([42.0]).tobytes())
    os.link(tmp_path / "secret", tmp_path / "beside.bin")
    tensor = TensorProto(name="extra", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="beside.bin")

    def change(model: Any) -> None:
        if where == "constant":
            model.graph.node[3].attribute[0].t.CopyFrom(tensor)
        else:
            del model.graph.node[3]
            model.graph.initializer.append(tensor)

    assert "holds weights in other files" in refused(tmp_path, network(change=change))


def test_a_graph_in_a_graph_in_a_graph_is_looked_into(tmp_path: Path):
    graph = helper.make_graph([], "g", [], [])
    graph.sparse_initializer.add(dims=[2**31])
    for _ in range(20):
        graph = helper.make_graph([helper.make_node("If", ["c"], ["y"], then_branch=graph)], "g", [], [])
    assert "holds sparse tensors" in refused(tmp_path, network(*graph.node))


def test_a_name_that_is_not_utf_8_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    def change(model: Any) -> None:
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"

    assert "damaged or no ONNX" in refused(tmp_path, network(change=change).replace(b"batch", b"\xff\xfftch"))
    assert capfd.readouterr() == ("", "")


def test_limits_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    data = network()
    with monkeypatch.context() as patch:
        patch.setattr(check, "MAX_BYTES", len(data) - 1)
        assert f"more than the {len(data) - 1} bytes" in refused(tmp_path, data)
    monkeypatch.setattr(check, "MAX_FIELDS", 100)
    assert "more than 100 fields" in refused(tmp_path, data + b"\x08\x08" * 100)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no FIFOs")
def test_a_fifo_is_no_file(tmp_path: Path):
    os.mkfifo(tmp_path / "m.onnx")
    with pytest.raises(InputError, match="is no file"):
        read_checked(tmp_path / "m.onnx")


@pytest.mark.parametrize("seed", range(3))
def test_bytes_at_random_are_no_bundle(tmp_path: Path, seed: int):
    rng, path = random.Random(seed), tmp_path / "m.onnx"
    for _ in range(200):
        path.write_bytes(rng.randbytes(rng.randrange(60)))
        with pytest.raises(InputError):
            read_checked(path)
