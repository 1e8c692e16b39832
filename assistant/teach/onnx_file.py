"""Writes a small network as an ONNX file, without the onnx package.

ONNX is protocol buffers: a message is a row of fields, each a key (number and kind), and a value
that is a varint or bytes with their length. The field numbers are those of onnx.proto3 (ONNX IR
version 8, operator set 13), the encoding is that of the Protocol Buffers specification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

IR_VERSION = 8
OPERATORS = 13
_FLOAT, _INT64 = 1, 7  # TensorProto.DataType


@dataclass(frozen=True)
class Node:
    """One operator: its ONNX name, the names it reads and the one it writes."""

    operator: str
    inputs: tuple[str, ...]
    output: str


def model(
    nodes: Sequence[Node],
    constants: Mapping[str, np.ndarray],
    source: tuple[str, tuple[int, ...]],
    result: tuple[str, tuple[int, ...]],
    note: str = "",
) -> bytes:
    """Return an ONNX model with float input ``source`` and output ``result`` (name, shape).

    ``constants`` are float32 or int64 arrays; ``note`` is kept as the model's documentation.
    """
    graph = b"".join(
        [
            *(_bytes(1, _node(node)) for node in nodes),
            _text(2, "wake_word"),
            *(_bytes(5, _tensor(name, array)) for name, array in constants.items()),
            _bytes(11, _value(*source)),
            _bytes(12, _value(*result)),
        ]
    )
    operators = _text(1, "") + _int(2, OPERATORS)
    parts = [_int(1, IR_VERSION), _text(2, "assistant teach"), _text(6, note), _bytes(7, graph)]
    return b"".join([*parts, _bytes(8, operators)])


def _node(node: Node) -> bytes:
    inputs = b"".join(_text(1, name) for name in node.inputs)
    return inputs + _text(2, node.output) + _text(3, node.output) + _text(4, node.operator)


def _tensor(name: str, array: np.ndarray) -> bytes:
    kind, form = (_INT64, "<i8") if array.dtype.kind == "i" else (_FLOAT, "<f4")
    sizes = b"".join(_int(1, size) for size in array.shape)
    raw = np.ascontiguousarray(array, form).tobytes()
    return sizes + _int(2, kind) + _text(8, name) + _bytes(9, raw)


def _value(name: str, shape: Sequence[int]) -> bytes:
    sizes = b"".join(_bytes(1, _int(1, size)) for size in shape)
    tensor = _int(1, _FLOAT) + _bytes(2, sizes)
    return _text(1, name) + _bytes(2, _bytes(1, tensor))


def _int(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """Return a number in 7-bit groups, the lowest first; a negative one as 64 bits."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
