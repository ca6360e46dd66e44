"""Torch's two layouts, written by hand: honest files and hostile ones, without torch and without `pickle`."""

import io
import struct
import zipfile
from typing import Any, NamedTuple

import numpy as np

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
KINDS = {"float32": "FloatStorage", "float16": "HalfStorage", "int64": "LongStorage"}


class Global(NamedTuple):
    name: str  # "module attribute"


class Call(NamedTuple):
    function: Any
    arguments: tuple[Any, ...]


class Stored(NamedTuple):
    """A persistent id."""

    key: Any


def body(value: Any) -> bytes:
    """The instructions that make a value."""
    match value:
        case Global(name):
            return b"c" + name.replace(" ", "\n").encode() + b"\n"
        case Call(function, arguments):
            return body(function) + b"(" + b"".join(map(body, arguments)) + b"tR"
        case Stored(key):
            return body(key) + b"Q"
        case None | True | False:
            return {None: b"N", True: b"\x88", False: b"\x89"}[value]
        case int():
            digits = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            return b"\x8a" + bytes([len(digits)]) + digits
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case tuple():
            return b"(" + b"".join(map(body, value)) + b"t"
        case list():
            return b"](" + b"".join(map(body, value)) + b"e"
        case dict():
            return b"}(" + b"".join(body(key) + body(item) for key, item in value.items()) + b"u"
    raise TypeError(value)


def pickled(value: Any) -> bytes:
    return b"\x80\x02" + (value if isinstance(value, bytes) else body(value)) + b"."


def tensor(key: str, shape, strides=None, *, offset=0, numbers=None, kind="FloatStorage") -> Call:
    """A tensor over the storage `key`, which by default is as long as it needs to be."""
    if strides is None:
        strides = tuple(int(np.prod(shape[axis + 1 :], dtype=object)) for axis in range(len(shape)))
    numbers = int(np.prod(shape, dtype=object)) if numbers is None else numbers
    storage = Stored(("storage", Global(f"torch {kind}"), key, "cpu", numbers))
    return Call(
        Global("torch._utils _rebuild_tensor_v2"),
        (storage, offset, shape, strides, False, Call(Global("collections OrderedDict"), ())),
    )


def zip_file(value: Any, storages: dict[str, bytes], *, folder="archive", packed=False, **members) -> bytes:
    """The zip layout; `members` are further ones."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{folder}/data.pkl", pickled(value))
        for key, content in storages.items():
            archive.writestr(f"{folder}/data/{key}", content)
        for name, content in members.items():
            archive.writestr(f"{folder}/{name}", content)
    return file.getvalue()


def old_file(value: Any, storages: dict[str, bytes], *, item=4, keys=None, magic=MAGIC) -> bytes:
    """The old layout; a storage in it has a sixth part."""
    parts = [magic, PROTOCOL, {"little_endian": True}, value, list(storages) if keys is None else keys]
    raw = b"".join(struct.pack("<q", len(content) // item) + content for content in storages.values())
    return b"".join(map(pickled, parts)) + raw


def state(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, bytes], dict[str, np.ndarray]]:
    """A small honest state dict: what its pickle tells, its storages, and the arrays it means."""
    w, b = rng.normal(size=(2, 3)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    told = {"w": tensor("0", (2, 3)), "b": tensor("1", (4,))}
    return told, {"0": w.tobytes(), "1": b.tobytes()}, {"w": w, "b": b}
