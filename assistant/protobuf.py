"""Reads and writes the wire format of protocol buffers: what an ONNX file is made of.

A message is a row of fields, each a key (number and kind) and a value that is a varint, four or
eight bytes, or bytes with their length. Source: the Protocol Buffers encoding specification.
"""

from __future__ import annotations

from collections.abc import Iterator

Bytes = bytes | memoryview
Value = int | Bytes
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


def fields(message: Bytes) -> Iterator[tuple[int, Value]]:
    """Yield the number and the value of every field, in order; of a view, views.

    Raises ``ValueError`` for bytes that are no message.
    """
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _read_varint(message, at)
            yield number, value
            continue
        if kind not in (_EIGHT, _BYTES, _FOUR):
            raise ValueError(f"a field of kind {kind}")
        size = 8 if kind == _EIGHT else 4
        if kind == _BYTES:
            size, at = _read_varint(message, at)
        if at + size > len(message):
            raise ValueError("a field is cut off")
        yield number, message[at : at + size]
        at += size


def _read_varint(message: Bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise ValueError("a number is cut off")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def again(field: int, value: Value) -> bytes:
    """Return a field as ``fields`` gave it: a number, or a block of bytes (none of fixed size)."""
    return number(field, value) if isinstance(value, int) else block(field, value)


def number(field: int, value: int) -> bytes:
    """Return a varint field."""
    return _varint(field << 3) + _varint(value)


def text(field: int, value: str) -> bytes:
    """Return a field of text."""
    return block(field, value.encode())


def block(field: int, value: Bytes) -> bytes:
    """Return a field of bytes, such as another message."""
    return _varint(field << 3 | _BYTES) + _varint(len(value)) + bytes(value)


def _varint(value: int) -> bytes:
    """Return a number in 7-bit groups, the lowest first; a negative one as 64 bits."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
