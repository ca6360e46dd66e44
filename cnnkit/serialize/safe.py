"""Arrays with a record in one safetensors file, in which every flipped byte is noticed.

The format's library writes, and keeps no order among several metadata. So the metadata have one key, `cnnkit`: JSON
with `digest` first, then `record` and `version`. The digest is the sha256 of the whole file with its own 64 digits as
zeros. Arrays are read into their places, and hashed there: of a large file nothing is held twice. Nothing is unpickled.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cnnkit import kernels
from cnnkit.errors import CheckpointError, ResourceError
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.serialize import files
from cnnkit.serialize.foreign.plain_safetensors import MOST_ARRAYS, Claim, claims
from cnnkit.serialize.foreign.refused import Refused

VERSION = 1
_KEY = "cnnkit"
_BLANK = b"0" * 64
_BEFORE_DIGEST = rb'"{\"digest\":\"'
# What a file may hold: the largest network, its optimiser, average and best weights have 3 GB and 4,000 arrays. The
# header also holds the record, which tells of each epoch in 200 bytes.
_LARGEST = 16 * 2**30
_HEADER_LIMIT = 32 * 2**20
_LINE = 64
_PIECE = 1 << 20  # bytes that are read and hashed at a time, while they are in the cache


def save(path: Path, arrays: Mapping[str, Array], record: Mapping[str, Any]) -> None:
    """Write arrays and a record (what JSON can hold) durably; the same content gives the same bytes."""
    files.write_atomic(path, pack(arrays, record))


def load(path: Path) -> tuple[dict[str, Host], dict[str, Any]]:
    """Arrays, each in an aligned buffer of its own, and the record; anything odd is a CheckpointError."""
    arrays: dict[str, Host] = {}

    def room(name: str, claim: Claim) -> memoryview:
        buffer = np.empty(claim.size + _LINE, np.uint8)
        start = -buffer.ctypes.data % _LINE
        place = buffer[start : start + claim.size]
        arrays[name] = place.view(claim.dtype).reshape(claim.shape)
        return place.data

    record = _walked(path, room)
    return arrays, record


def read_record(path: Path) -> dict[str, Any]:
    """The record alone, the whole file checked."""
    return _walked(path, None)


def told_digest(path: Path) -> str:
    """The digest that the file tells: `load` has found it to be that of all its bytes."""
    with files.open_plain(path) as file:
        header, about, _ = _header(path, file)
    return header[about.start : about.start + 64].decode()


def is_ours(path: Path) -> bool:
    """Whether this looks like a file of ours, whole or not: by its header alone."""
    try:
        with files.open_plain(path) as file:
            length = int.from_bytes(file.read(8), "little")
            header = file.read(min(length, _HEADER_LIMIT))
    except OSError:
        return False
    return header.startswith(b"{") and f'"{_KEY}":'.encode() in header


def pack(arrays: Mapping[str, Array], record: Mapping[str, Any]) -> bytes:
    """The bytes of such a file. Strided and big-endian arrays, which the library would store wrongly, are put right."""
    import safetensors.numpy  # by those alone who write

    fetched = {name: kernels.of(array).fetch(array) for name, array in arrays.items()}
    plain = {name: np.asarray(a, dtype=a.dtype.newbyteorder("<"), order="C") for name, a in fetched.items()}
    about = {"digest": _BLANK.decode(), "record": record, "version": VERSION}
    text = json.dumps(about, sort_keys=True, separators=(",", ":"), allow_nan=False)
    data = safetensors.numpy.save(plain, metadata={_KEY: text})
    start = 8 + _digest_start(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return data[:start] + hashlib.sha256(data).hexdigest().encode() + data[start + 64 :]


def _walked(path: Path, room: Callable[[str, Claim], memoryview] | None) -> dict[str, Any]:
    """The record of a file that is whole; its arrays are read into the `room` for each, if there is any.

    They are hashed as they come, so that the file is not held beside them.
    """
    try:
        with files.open_plain(path) as file:
            header, about, claimed = _header(path, file)
            digest = hashlib.sha256(header[: about.start])
            digest.update(_BLANK)
            digest.update(header[about.start + 64 :])
            passed = memoryview(bytearray(0 if room else _PIECE))
            for name, claim in claimed.items():
                place = room(name, claim) if room else None
                for begin in range(0, claim.size, _PIECE):
                    count = min(_PIECE, claim.size - begin)
                    piece = passed[:count] if place is None else place[begin : begin + count]
                    if file.readinto(piece) != count:
                        raise _damaged(path, "it became shorter while it was read")
                    digest.update(piece)
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no file {path}. Give a run folder or a .safetensors file.") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from error
    except MemoryError as error:
        raise ResourceError(f"{path} does not fit into memory.") from error
    if header[about.start : about.start + 64] != digest.hexdigest().encode():
        raise _damaged(path, "its checksum does not match its bytes")
    if about.version != VERSION or not isinstance(about.record, dict):
        raise _damaged(path, "its metadata are not those of cnnkit")
    return about.record


class _About(NamedTuple):
    """record: what the file says.   start: where in the file the 64 digits of its digest begin."""

    record: dict[str, Any]
    version: Any
    start: int


def _header(path: Path, file: BufferedReader) -> tuple[bytes, _About, dict[str, Claim]]:
    """The bytes before the numbers, and what they say: no claim makes us take more memory than the file is long."""
    size = os.fstat(file.fileno()).st_size
    if size > _LARGEST:
        raise _damaged(path, f"it has {size:,} bytes, more than any network needs")
    head = file.read(8)
    length = int.from_bytes(head, "little")
    if len(head) < 8 or length > min(size - 8, _HEADER_LIMIT):
        raise _damaged(path, f"it has {size:,} bytes, but its header claims {length:,}")
    header = file.read(length)
    if len(header) != length:
        raise _damaged(path, "it became shorter while it was read")
    entries = _entries(path, header, size - 8 - length)
    try:
        about = json.loads(entries["__metadata__"][_KEY])
        version, record = about["version"], about["record"]
        if type(version) is int and version > VERSION:
            raise CheckpointError(
                f"{path} was written by a newer cnnkit "
                f"(format {version}, this one reads up to {VERSION}). Upgrade cnnkit."
            )
        start = 8 + _digest_start(header)
        return head + header, _About(record, version, start), claims(entries, size - 8 - length)
    except Refused as error:
        raise _damaged(path, f"it {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, str(error)) from error


def _entries(path: Path, header: bytes, payload: int) -> dict[str, Any]:
    try:
        if header.count(b'"data_offsets"') > MOST_ARRAYS:
            raise ValueError(f"it claims more than {MOST_ARRAYS:,} arrays")
        entries: dict[str, Any] = json.loads(header)
        if _KEY not in entries.get("__metadata__", {}):
            raise CheckpointError(f"{path} is a safetensors file, but not one of cnnkit: it does not say its model.")
        ends = [entry["data_offsets"][1] for name, entry in entries.items() if name != "__metadata__"]
        if any(type(end) is not int for end in ends) or max(ends, default=0) != payload:
            raise ValueError(f"its arrays claim {max(ends, default=0):,} bytes, but {payload:,} follow")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    return entries


def _digest_start(header: bytes) -> int:
    """Where the digest's 64 digits begin: the first place, as no text of the record can stand before it."""
    place = header.find(_BEFORE_DIGEST)
    if place < 0:
        raise ValueError("it has no checksum")
    return place + len(_BEFORE_DIGEST)


def _damaged(path: Path, why: str) -> CheckpointError:
    return CheckpointError(f"{path} is damaged or not a cnnkit file: {why[:200]}. Use another, or train again.")
