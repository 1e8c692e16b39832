"""Make an inner value of an ONNX graph an output, without the onnx package.

A Piper voice computes how many frames each phoneme lasts (the result of its only Ceil node) and
keeps it to itself. Protocol buffers merge when they are concatenated, so appending a model that
holds nothing but one more graph output is enough. Sources: the protocol buffers wire format;
onnx.proto (ModelProto.graph = 7, GraphProto.node = 1 and output = 12, NodeProto.output = 2 and
op_type = 4, ValueInfoProto.name = 1); the idea: Piper's ALIGNMENTS.md.
"""

from __future__ import annotations

from collections.abc import Iterator

_GRAPH, _NODE, _OUTPUT, _NODE_OUTPUT, _OP_TYPE, _NAME = 7, 1, 12, 2, 4, 1


def with_durations(model: bytes) -> bytes:
    """Return ``model`` with the phoneme durations as a further output.

    Returns it unchanged when the graph has no single Ceil node or shows its result already.
    Raises ``ValueError`` when the bytes are not an ONNX model.
    """
    names: set[bytes] = set()
    shown: set[bytes] = set()
    view = memoryview(model)
    for graph in _fields(view, _GRAPH):
        for node in _fields(graph, _NODE):
            if [bytes(t) for t in _fields(node, _OP_TYPE)] == [b"Ceil"]:
                names.update(bytes(o) for o in _fields(node, _NODE_OUTPUT))
        for output in _fields(graph, _OUTPUT):
            shown.update(bytes(n) for n in _fields(output, _NAME))
    if len(names) != 1 or names & shown:
        return model
    value = _message(_NAME, names.pop())
    return model + _message(_GRAPH, _message(_OUTPUT, value))


def _fields(data: memoryview, wanted: int) -> Iterator[memoryview]:
    """Yield the length-delimited fields numbered ``wanted`` of one message."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            _, at = _varint(data, at)
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError("not a protocol buffer")
        if at + size > len(data):
            raise ValueError("cut off")
        if number == wanted and wire == 2:
            yield data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("cut off")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _message(number: int, payload: bytes) -> bytes:
    out, size = bytearray([number << 3 | 2]), len(payload)
    while size >= 0x80:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    out.append(size)
    return bytes(out) + payload
