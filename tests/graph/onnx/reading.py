"""An ONNX file read by its own few lines, so that no test needs a library: what `messages` writes, taken apart."""

import struct
from dataclasses import dataclass

import numpy as np


@dataclass
class Node:
    kind: str
    inputs: list[str]
    output: str
    attributes: dict[str, object]


@dataclass
class File:
    nodes: list[Node]
    constants: dict[str, np.ndarray]
    given: dict[str, list[int | str]]
    told: dict[str, list[int | str]]
    facts: dict[str, str]
    opset: int

    @property
    def kinds(self) -> list[str]:
        return [node.kind for node in self.nodes]


def fields(data: bytes) -> list[tuple[int, object]]:
    """(number, value) of each field of a message: an int, the bytes of a text or a message, or those of a float."""
    found, i = [], 0

    def varint() -> int:
        nonlocal i
        value = shift = 0
        while True:
            byte = data[i]
            value, shift, i = value | (byte & 0x7F) << shift, shift + 7, i + 1
            if byte < 0x80:
                return value

    while i < len(data):
        key = varint()
        if key & 7 == 0:
            found.append((key >> 3, varint()))
        else:
            length = varint() if key & 7 == 2 else 4
            found.append((key >> 3, data[i : i + length]))
            i += length
    return found


def every(data: bytes, number: int) -> list:
    return [value for key, value in fields(data) if key == number]


def one(data: bytes, number: int):
    (value,) = every(data, number)
    return value


def read(data: bytes) -> File:
    graph = one(data, 7)
    facts = {one(entry, 1).decode(): one(entry, 2).decode() for entry in every(data, 14)}
    return File(
        [_node(each) for each in every(graph, 1)],
        dict(_tensor(each) for each in every(graph, 5)),
        dict(_value(each) for each in every(graph, 11)),
        dict(_value(each) for each in every(graph, 12)),
        facts,
        one(one(data, 8), 2),
    )


def _node(data: bytes) -> Node:
    attributes = dict(_attribute(each) for each in every(data, 5))
    return Node(one(data, 4).decode(), [name.decode() for name in every(data, 1)], one(data, 2).decode(), attributes)


def _attribute(data: bytes) -> tuple[str, object]:
    kind, name = one(data, 20), one(data, 1).decode()
    if kind == 1:
        return name, struct.unpack("<f", one(data, 2))[0]
    return name, {2: lambda: one(data, 3), 3: lambda: one(data, 4).decode(), 7: lambda: every(data, 8)}[kind]()


def _tensor(data: bytes) -> tuple[str, np.ndarray]:
    dtype = {1: "<f4", 7: "<i8"}[one(data, 2)]
    return one(data, 8).decode(), np.frombuffer(one(data, 9), dtype).reshape(every(data, 1))


def _value(data: bytes) -> tuple[str, list[int | str]]:
    tensor = one(one(data, 2), 1)
    assert one(tensor, 1) == 1, "float32"
    dims = [fields(each)[0] for each in every(one(tensor, 2), 1)]
    return one(data, 1).decode(), [size if number == 1 else size.decode() for number, size in dims]
