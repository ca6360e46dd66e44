"""The messages of an ONNX file, each as its bytes: protocol buffers of the few kinds that a network needs.

A message is its fields one after another, each a key (the field's number and how its bytes are told) and a value. The
numbers are those of onnx.proto3, which is the format's definition.

Source: https://protobuf.dev/programming-guides/encoding/ and https://onnx.ai/onnx/repo-docs/IR.html
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cnnkit.kernels.shared.array import Host

IR_VERSION, OPSET = 8, 18
_FLOAT, _INT64 = 1, 7  # of a tensor's numbers
_OF_FLOAT, _OF_INT, _OF_TEXT, _OF_INTS = 1, 2, 3, 7  # of an attribute
Dim = int | str  # a name stands for any number


def node(kind: str, inputs: Sequence[str], output: str, attributes: Mapping[str, Any]) -> bytes:
    """One operation; the name of its result is its own too. An input that is left out has an empty name."""
    parts = [_bytes(1, name.encode()) for name in inputs]
    parts += [_bytes(2, output.encode()), _bytes(3, output.encode()), _bytes(4, kind.encode())]
    return b"".join([*parts, *(_bytes(5, _attribute(name, value)) for name, value in attributes.items())])


def tensor(name: str, array: Host) -> bytes:
    """A constant of float32 or int64."""
    kind = _INT64 if array.dtype == np.int64 else _FLOAT
    numbers = np.ascontiguousarray(array, "<i8" if kind == _INT64 else "<f4")
    dims = b"".join(_number(1, size) for size in array.shape)
    return dims + _number(2, kind) + _bytes(8, name.encode()) + _bytes(9, numbers.tobytes())


def value(name: str, shape: Sequence[Dim]) -> bytes:
    """What goes in or comes out: float32 numbers of a shape."""
    dims = [_bytes(1, _number(1, d) if isinstance(d, int) else _bytes(2, d.encode())) for d in shape]
    of_numbers = _number(1, _FLOAT) + _bytes(2, b"".join(dims))
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, of_numbers))


def graph(
    name: str, nodes: Sequence[bytes], constants: Sequence[bytes], given: Sequence[bytes], told: Sequence[bytes]
) -> bytes:
    parts = [_bytes(1, each) for each in nodes]
    parts += [_bytes(2, name.encode())]
    for number, messages in ((5, constants), (11, given), (12, told)):
        parts += [_bytes(number, each) for each in messages]
    return b"".join(parts)


def model(graph: bytes, producer: tuple[str, str], facts: Mapping[str, str]) -> bytes:
    """The file. producer: a name and a version.   facts: texts for whoever reads it, by name."""
    head = _number(1, IR_VERSION) + _bytes(2, producer[0].encode()) + _bytes(3, producer[1].encode())
    opset = _bytes(8, _bytes(1, b"") + _number(2, OPSET))
    told = [_bytes(14, _bytes(1, key.encode()) + _bytes(2, text.encode())) for key, text in facts.items()]
    return b"".join([head, _bytes(7, graph), opset, *told])


def _attribute(name: str, value: Any) -> bytes:
    head = _bytes(1, name.encode())
    if isinstance(value, float):
        return head + _key(2, 5) + struct.pack("<f", value) + _number(20, _OF_FLOAT)
    if isinstance(value, str):
        return head + _bytes(4, value.encode()) + _number(20, _OF_TEXT)
    if isinstance(value, int):
        return head + _number(3, value) + _number(20, _OF_INT)
    return head + b"".join(_number(8, each) for each in value) + _number(20, _OF_INTS)


def _bytes(number: int, data: bytes) -> bytes:
    return _key(number, 2) + _varint(len(data)) + data


def _number(number: int, value: int) -> bytes:
    return _key(number, 0) + _varint(value)


def _key(number: int, how: int) -> bytes:
    return _varint(number << 3 | how)


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first, the eighth saying that more follow; negative ones as 64 bits."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
