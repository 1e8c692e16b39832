"""Make an inner value of an ONNX graph an output, without the onnx package.

A Piper voice computes how many frames each phoneme lasts (the result of its only Ceil node) and
keeps it to itself. Protocol buffers merge when they are concatenated, so appending a model that
holds nothing but one more graph output is enough. Sources: onnx.proto (ModelProto.graph = 7,
GraphProto.node = 1 and output = 12, NodeProto.output = 2 and op_type = 4, ValueInfoProto.name = 1);
the idea: Piper's ALIGNMENTS.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from assistant.protobuf import Bytes, block, fields

_GRAPH, _NODE, _OUTPUT, _NODE_OUTPUT, _OP_TYPE, _NAME = 7, 1, 12, 2, 4, 1


def with_durations(model: bytes) -> bytes:
    """Return ``model`` with the phoneme durations as a further output.

    Returns it unchanged when the graph has no single Ceil node or shows its result already.
    Raises ``ValueError`` when the bytes are not an ONNX model.
    """
    names: set[bytes] = set()
    shown: set[bytes] = set()
    view = memoryview(model)
    for graph in _parts(view, _GRAPH):
        for node in _parts(graph, _NODE):
            if [bytes(t) for t in _parts(node, _OP_TYPE)] == [b"Ceil"]:
                names.update(bytes(o) for o in _parts(node, _NODE_OUTPUT))
        for output in _parts(graph, _OUTPUT):
            shown.update(bytes(n) for n in _parts(output, _NAME))
    if len(names) != 1 or names & shown:
        return model
    value = block(_NAME, names.pop())
    return model + block(_GRAPH, block(_OUTPUT, value))


def _parts(message: Bytes, wanted: int) -> Iterator[Bytes]:
    """Yield the messages and texts numbered ``wanted``."""
    return (v for number, v in fields(message) if number == wanted and not isinstance(v, int))
