"""Edit a TFLite model (a FlatBuffer) in place, without TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from flatbuffers import encode
from flatbuffers.number_types import UOffsetTFlags
from flatbuffers.table import Table

if TYPE_CHECKING:
    from handsign.types import Array


def without_mask(model: bytes) -> bytes:
    """Remove from a TFLite pose model the operators that compute only its segmentation mask (1, 256, 256, 1).

    In a copy of the bytes, the vector of operators is shortened. The model keeps its number of outputs: the pose
    score (1, 1) replaces the mask. Tables are read by their field numbers in tensorflow/lite/schema/schema.fbs:
    Model.subgraphs 2; SubGraph.tensors 0, .outputs 2, .operators 3; Operator.inputs 1, .outputs 2; Tensor.shape 0.

    Raises:
        ValueError: the model has no output of the shape of the mask or of the score.
    """
    data = bytearray(model)
    (graph,) = _tables(Table(data, _dereference(data, 0)), 2)
    tensors, operators, outputs = _tables(graph, 0), _tables(graph, 3), _integers(graph, 2)
    shapes = [_integers(tensors[i], 0).tolist() for i in outputs]
    outputs[shapes.index([1, 256, 256, 1])] = outputs[shapes.index([1, 1])]
    needed, kept = set(outputs.tolist()), []
    for operator in reversed(operators):
        if needed & set(_integers(operator, 2).tolist()):
            needed |= set(_integers(operator, 1).tolist())
            kept.append(operator.Pos)
    start, _ = _vector(graph, 3)
    for place, position in zip(range(start, len(data), 4), reversed(kept), strict=False):
        encode.Write(UOffsetTFlags.packer_type, data, place, position - place)  # an offset is relative to its own place
    encode.Write(UOffsetTFlags.packer_type, data, start - 4, len(kept))
    return bytes(data)


def _dereference(data: bytearray, place: int) -> int:
    """The position that the offset stored at `place` points to."""
    return place + encode.Get(UOffsetTFlags.packer_type, data, place)


def _vector(table: Table, field: int) -> tuple[int, int]:
    """Position and length of the vector in a field of a FlatBuffer table; (0, 0) if the field is absent."""
    entry = table.Offset(4 + 2 * field)
    return (table.Vector(entry), table.VectorLen(entry)) if entry else (0, 0)


def _tables(table: Table, field: int) -> list[Table]:
    """The elements of a vector of tables."""
    start, length = _vector(table, field)
    return [Table(table.Bytes, _dereference(table.Bytes, start + 4 * i)) for i in range(length)]


def _integers(table: Table, field: int) -> Array:
    """A vector of int32: (length,), a view into the model's bytes, so writing to it edits the model."""
    start, length = _vector(table, field)
    return np.frombuffer(table.Bytes, "<i4", length, start)
