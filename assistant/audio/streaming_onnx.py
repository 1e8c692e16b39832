"""Makes a network of unpadded convolutions over time take only the frames that are new.

A window that moves on by a few frames computes nearly everything again. Here each layer that looks
at several frames keeps the last ones of its input instead, as one more input and output of the
network: the same numbers for a fraction of the work. Field numbers are those of onnx.proto3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assistant.audio.onnx_file import Node, node_bytes, tensor, value
from assistant.protobuf import Value, again, block, fields, number, text

_GRAPH, _NODE, _CONSTANT, _INPUT, _OUTPUT, _SHAPES = 7, 1, 5, 11, 12, 13
_FROM, _TO, _AXIS = "kept from", "kept to", "time axis"
_SOUNDS = "sounds"  # the first size of every input: any number of them at once
_KEPT = 2  # frames: what a kernel of three needs of the past
_Fields = Sequence[tuple[int, Value]]


@dataclass(frozen=True)
class Streamed:
    """The network as an ONNX file, and the shapes of its states for one sound.

    Its inputs are the first input and then "state 0", "state 1", ...; its outputs the first output
    and then the states for the next call, in the same order. Each begins with the number of sounds.
    """

    data: bytes
    states: tuple[tuple[int, ...], ...]


def streamed(data: bytes, window: int, new: int, width: int) -> Streamed | None:
    """Return the network in ``data`` for ``new`` frames of ``width`` a call instead of ``window``.

    The network must be a chain: a reshape to (-1, 1, window, width), then convolutions whose
    kernels span one or three frames, pools that divide ``new``, and operators that look at one
    frame at a time. None for any other.
    """
    try:
        return _streamed(data, window, new, width)
    except (ValueError, KeyError, IndexError, StopIteration):
        return None


def _streamed(data: bytes, window: int, new: int, width: int) -> Streamed:
    whole = list(fields(data))
    graph = list(fields(_first(whole, _GRAPH)))
    sizes = dict(_size(v) for kind, v in graph if kind == _CONSTANT)
    source = _first(list(fields(_first(graph, _INPUT))), 1).decode()
    parts = [block(_INPUT, value(source, (_SOUNDS, new, width, 1)))]
    states: list[tuple[int, ...]] = []
    reshaped = False
    for kind, part in graph:
        if kind == _NODE:
            node = list(fields(part))
            operator = _first(node, 4).decode()
            if operator == "MaxPool":
                width //= _strides(node)[1]
            weights = sizes[_inputs(node)[1]] if operator == "Conv" else (1, 1, 1, 1)
            if weights[2] == _KEPT + 1:
                parts += _remembering(node, len(states))
                states.append((weights[1], _KEPT, width))
                continue
            if weights[2] != 1:
                raise ValueError("a kernel that is neither one nor three frames long")
        elif kind == _CONSTANT:
            part, shorter = _shorter(part, window, new)
            reshaped = reshaped or shorter
        if kind not in (_INPUT, _SHAPES):
            parts.append(again(kind, part))
    if not (reshaped and states):
        raise ValueError("not a chain of convolutions over a window")
    for k, shape in enumerate(states):
        parts.append(block(_INPUT, value(f"state {k}", (_SOUNDS, *shape))))
        parts.append(block(_OUTPUT, value(f"next {k}", (_SOUNDS, *shape))))
    for name, at in ((_FROM, -_KEPT), (_TO, 1 << 30), (_AXIS, 2)):
        parts.append(block(_CONSTANT, tensor(name, np.array([at]))))
    rest = (again(kind, v) for kind, v in whole if kind != _GRAPH)
    return Streamed(b"".join(rest) + block(_GRAPH, b"".join(parts)), tuple(states))


def _remembering(node: _Fields, k: int) -> list[bytes]:
    """Return the nodes of a convolution that sees the kept frames before the new ones."""
    before, after = _inputs(node)[0], f"remembered {k}"
    joined = text(1, f"state {k}") + text(1, before) + text(2, after) + text(4, "Concat")
    axis = block(5, text(1, "axis") + number(3, 2) + number(20, 2))  # an integer
    kept = Node("Slice", (after, _FROM, _TO, _AXIS), f"next {k}")
    convolution = b"".join(again(kind, v) for kind, v in node if kind != 1)
    inputs = b"".join(text(1, name) for name in (after, *_inputs(node)[1:]))
    nodes = (joined + axis, node_bytes(kept), inputs + convolution)
    return [block(_NODE, part) for part in nodes]


def _shorter(constant: bytes, window: int, new: int) -> tuple[bytes, bool]:
    """Return a constant with the window's length replaced, if it is the first reshaping."""
    parts = list(fields(constant))
    name = _first(parts, 8).decode()
    raw = next((v for kind, v in parts if kind == 9), b"")
    shape = np.frombuffer(raw, "<i8") if len(raw) == 32 else np.zeros(0, int)
    if shape.tolist()[:3] != [-1, 1, window]:
        return constant, False
    return tensor(name, np.array([-1, 1, new, shape[3]])), True


def _first(message: _Fields, kind: int) -> bytes:
    return next(v for k, v in message if k == kind)


def _inputs(node: _Fields) -> list[str]:
    return [v.decode() for kind, v in node if kind == 1]


def _size(constant: bytes) -> tuple[str, tuple[int, ...]]:
    parts = list(fields(constant))
    sizes = []
    for kind, v in parts:
        if kind == 1:
            sizes += [v] if isinstance(v, int) else _packed(v)
    return _first(parts, 8).decode(), tuple(sizes)


def _strides(node: _Fields) -> list[int]:
    for kind, v in node:
        if kind == 5 and (attribute := list(fields(v))) and _first(attribute, 1) == b"strides":
            found = [x for k, x in attribute if k == 8]
            return found if isinstance(found[0], int) else _packed(found[0])
    raise ValueError("a pool without strides")


def _packed(numbers: bytes) -> list[int]:
    """Return repeated varints that stand in one field."""
    if max(numbers, default=0) > 0x7F:
        raise ValueError("a size above 127")
    return list(numbers)
