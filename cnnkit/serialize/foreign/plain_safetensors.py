"""Arrays in a .safetensors file of others, without a record of ours; the format in ten lines.

    8 bytes   length of the header, little-endian
    header    JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...}, and __metadata__
    payload   the numbers, row by row, little-endian; every byte belongs to one array

Every claim is checked against the file before memory is taken.
"""

import json
import math
from typing import Any, NamedTuple

import numpy as np

from cnnkit.kernels.shared.array import Host
from cnnkit.serialize.foreign.half import widened
from cnnkit.serialize.foreign.refused import Refused, printable

_LONGEST_HEADER = 16 * 2**20
MOST_ARRAYS = 20_000
_MOST_AXES = 16
_LONGEST_AXIS = 2**40
_ABOUT = "__metadata__"
_BFLOAT16 = "BF16"
_TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    _BFLOAT16: "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
}


class Claim(NamedTuple):
    """What a header says of an array: where in the payload its bytes begin, and how many they are."""

    kind: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int
    size: int


def of_safetensors(data: bytes) -> dict[str, Host]:
    """The arrays by name, as views of `data`. Raises Refused, or what parsers raise on damaged bytes."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(len(data) - 8, _LONGEST_HEADER):
        raise Refused(f"has {len(data):,} bytes, but its header claims {length:,}.")
    if data.count(b'"data_offsets"', 8, 8 + length) > MOST_ARRAYS:
        raise Refused(f"claims more than {MOST_ARRAYS:,} arrays, far more than any of our networks needs.")
    entries = json.loads(data[8 : 8 + length], object_pairs_hook=_once)
    payload = memoryview(data)[8 + length :]
    arrays = {name: _array(claim, payload) for name, claim in claims(entries, len(payload)).items()}
    return {name: arrays[name] for name in entries if name != _ABOUT}


def claims(entries: dict[str, Any], payload: int) -> dict[str, Claim]:
    """What the entries of a header claim of so many bytes, in the order of the bytes, each of which is one array's.

    Raises Refused, or what odd entries raise where they are looked at.
    """
    found, covered = {}, 0
    named = [(name, entry) for name, entry in entries.items() if name != _ABOUT]
    for name, entry in sorted(named, key=lambda item: item[1]["data_offsets"][0]):
        begin, end = entry["data_offsets"]
        if begin != covered:
            raise Refused(f"has bytes that belong to no array, or to two, before {printable(name)}.")
        found[name] = _claim(name, entry, begin, end - begin, max(0, min(end, payload) - begin))
        covered = end
    if covered != payload:
        raise Refused(f"has arrays that claim {covered:,} bytes, but {payload:,} follow.")
    return found


def _claim(name: str, entry: dict[str, Any], begin: int, claimed: int, there: int) -> Claim:
    if entry["dtype"] not in _TYPES:
        raise Refused(f"holds {printable(name)} as {printable(entry['dtype'])}, which cnnkit does not read.")
    dtype, shape = np.dtype(_TYPES[entry["dtype"]]), entry["shape"]
    if len(shape) > _MOST_AXES or any(type(length) is not int or not 0 <= length <= _LONGEST_AXIS for length in shape):
        raise Refused(f"has sizes in {printable(name)} that are invalid.")
    if not math.prod(shape) * dtype.itemsize == claimed == there:
        raise Refused(f"has {there:,} bytes in {printable(name)}, which do not make {printable(shape)}.")
    return Claim(entry["dtype"], dtype, tuple(shape), begin, claimed)


def _array(claim: Claim, payload: memoryview) -> Host:
    content = payload[claim.begin : claim.begin + claim.size]
    array = (np.frombuffer(content, claim.dtype) if claim.size else np.empty(0, claim.dtype)).reshape(claim.shape)
    return widened(array) if claim.kind == _BFLOAT16 else array


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON lets a name stand twice; weights do not."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Refused(f"has the name {printable(name)} twice.")
        found[name] = value
    return found
