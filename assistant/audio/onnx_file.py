"""Writes a small network as an ONNX file, and reads a file's constants, without the onnx package.

ONNX is protocol buffers; the field numbers are those of onnx.proto3 (ONNX IR version 8, operator
set 13).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.protobuf import block, fields, number, text

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
            *(block(1, node_bytes(node)) for node in nodes),
            text(2, "wake_word"),
            *(block(5, tensor(name, array)) for name, array in constants.items()),
            block(11, value(*source)),
            block(12, value(*result)),
        ]
    )
    operators = text(1, "") + number(2, OPERATORS)
    parts = [number(1, IR_VERSION), text(2, "assistant teach"), text(6, note), block(7, graph)]
    return b"".join([*parts, block(8, operators)])


def node_bytes(node: Node) -> bytes:
    """Return an operator as a NodeProto, named after what it writes."""
    inputs = b"".join(text(1, name) for name in node.inputs)
    return inputs + text(2, node.output) + text(3, node.output) + text(4, node.operator)


def tensor(name: str, array: np.ndarray) -> bytes:
    """Return a float32 or int64 constant as a TensorProto."""
    kind, form = (_INT64, "<i8") if array.dtype.kind == "i" else (_FLOAT, "<f4")
    sizes = b"".join(number(1, size) for size in array.shape)
    raw = np.ascontiguousarray(array, form).tobytes()
    return sizes + number(2, kind) + text(8, name) + block(9, raw)


def value(name: str, shape: Sequence[int | str]) -> bytes:
    """Return a float input or output as a ValueInfoProto; a size with a name is whatever comes."""
    sizes = b"".join(
        block(1, text(2, size) if isinstance(size, str) else number(1, size)) for size in shape
    )
    kind = number(1, _FLOAT) + block(2, sizes)
    return text(1, name) + block(2, block(1, kind))


def constants(data: bytes) -> dict[str, np.ndarray]:
    """Return the float32 constants of an ONNX file by name; nothing of what is no such file.

    Only those that are stored as raw bytes, as every exporter does with large ones.
    """
    found = {}
    try:
        for graph in (v for field, v in fields(data) if field == 7):
            for part in (v for field, v in fields(graph) if field == 5):
                parts = list(fields(part))
                values = {field: v for field, v in parts if field != 1}
                if values.get(2) == _FLOAT and 9 in values:
                    shape = [v for field, v in parts if field == 1]
                    name = bytes(values[8]).decode()
                    found[name] = np.frombuffer(values[9], "<f4").reshape(shape)
    except (ValueError, KeyError, TypeError):
        return {}
    return found
