"""Arrays with a record in one safetensors file, in which every flipped byte is noticed.

The format's library parses and writes; it neither checks the payload nor keeps an order among several metadata. So the
metadata has one key, `cnnkit`: JSON with `digest` first, then `record` and `version`. The digest is the sha256 of the
whole file with its own 64 digits taken as zeros. Nothing is unpickled, ever.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from cnnkit import kernels
from cnnkit.errors import CheckpointError, ResourceError
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.serialize import files
from cnnkit.serialize.foreign.plain_safetensors import MOST_ARRAYS

VERSION = 1
_KEY = "cnnkit"
_BLANK = b"0" * 64
_BEFORE_DIGEST = rb'"{\"digest\":\"'
# What a file may hold: the largest network, its optimiser, average and best weights have 3 GB and 4,000 arrays. The
# header also holds the record, which tells of each epoch in 200 bytes.
_LARGEST = 16 * 2**30
_HEADER_LIMIT = 32 * 2**20
_LINE = 64


def save(path: Path, arrays: Mapping[str, Array], record: Mapping[str, Any]) -> None:
    """Write arrays and a record (what JSON can hold) durably; the same content gives the same bytes."""
    files.write_atomic(path, pack(arrays, record))


def load(path: Path) -> tuple[dict[str, Host], dict[str, Any]]:
    """Arrays, each in an aligned buffer of its own, and the record; anything odd is a CheckpointError."""
    data, record = _read_checked(path)
    try:
        arrays = safetensors.numpy.load(data)
        del data
        # One after the other, for of a large network there is no room for all arrays three times.
        return {name: _aligned(arrays.pop(name)) for name in list(arrays)}, record
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise _damaged(path, str(error)) from error


def read_record(path: Path) -> dict[str, Any]:
    """The record alone, the whole file checked."""
    return _read_checked(path)[1]


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
    fetched = {name: kernels.of(array).fetch(array) for name, array in arrays.items()}
    plain = {name: np.asarray(a, dtype=a.dtype.newbyteorder("<"), order="C") for name, a in fetched.items()}
    about = {"digest": _BLANK.decode(), "record": record, "version": VERSION}
    text = json.dumps(about, sort_keys=True, separators=(",", ":"), allow_nan=False)
    data = safetensors.numpy.save(plain, metadata={_KEY: text})
    start = _digest_start(data)
    return data[:start] + hashlib.sha256(data).hexdigest().encode() + data[start + 64 :]


def _read_checked(path: Path) -> tuple[bytes, dict[str, Any]]:
    data = _read(path)
    try:
        about = _about(data)
        version, record = about["version"], about["record"]
        if type(version) is int and version > VERSION:
            raise CheckpointError(
                f"{path} was written by a newer cnnkit "
                f"(format {version}, this one reads up to {VERSION}). Upgrade cnnkit."
            )
        start = _digest_start(data)
        blank = hashlib.sha256(memoryview(data)[:start])
        blank.update(_BLANK)
        blank.update(memoryview(data)[start + 64 :])
        if data[start : start + 64] != blank.hexdigest().encode():
            raise ValueError("its checksum does not match its bytes")
        if version != VERSION or not isinstance(record, dict):
            raise ValueError("its metadata are not those of cnnkit")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    return data, record


def _read(path: Path) -> bytes:
    """The file's bytes, once its header fits the file: no claim makes us take more memory than the file is long."""
    try:
        with files.open_plain(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > _LARGEST:
                raise _damaged(path, f"it has {size:,} bytes, more than any network needs")
            head = file.read(8)
            length = int.from_bytes(head, "little")
            if len(head) < 8 or length > min(size - 8, _HEADER_LIMIT):
                raise _damaged(path, f"it has {size:,} bytes, but its header claims {length:,}")
            header = file.read(length)
            _check_claims(path, header, size - 8 - length)
            rest = file.read(size - 8 - length)
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no file {path}. Give a run folder or a .safetensors file.") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from error
    except MemoryError as error:
        raise ResourceError(f"{path} does not fit into memory.") from error
    return head + header + rest


def _check_claims(path: Path, header: bytes, payload: int) -> None:
    try:
        if header.count(b'"data_offsets"') > MOST_ARRAYS:
            raise ValueError(f"it claims more than {MOST_ARRAYS:,} arrays")
        entries = json.loads(header)
        if _KEY not in entries.get("__metadata__", {}):
            raise CheckpointError(f"{path} is a safetensors file, but not one of cnnkit: it does not say its model.")
        ends = [entry["data_offsets"][1] for name, entry in entries.items() if name != "__metadata__"]
        if any(type(end) is not int for end in ends) or max(ends, default=0) != payload:
            raise ValueError(f"its arrays claim {max(ends, default=0):,} bytes, but {payload:,} follow")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise _damaged(path, str(error)) from error


def _about(data: bytes) -> dict[str, Any]:
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    about: dict[str, Any] = json.loads(header["__metadata__"][_KEY])
    return about


def _digest_start(data: bytes) -> int:
    """Where the digest's 64 digits begin: the first place, as no text of the record can stand before it."""
    place = data.find(_BEFORE_DIGEST, 8, 8 + int.from_bytes(data[:8], "little"))
    if place < 0:
        raise ValueError("it has no checksum")
    return place + len(_BEFORE_DIGEST)


def _aligned(array: Host) -> Host:
    """A copy that starts on a cache line, which the library's arrays do not."""
    buffer = np.empty(array.nbytes + _LINE, np.uint8)
    start = -buffer.ctypes.data % _LINE
    copy = buffer[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def _damaged(path: Path, why: str) -> CheckpointError:
    return CheckpointError(f"{path} is damaged or not a cnnkit file: {why[:200]}. Use another, or train again.")
