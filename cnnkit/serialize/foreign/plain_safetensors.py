"""Arrays in a .safetensors file of others, without a record of ours; the format in ten lines.

    8 bytes   length of the header, little-endian
    header    JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...}, and __metadata__
    payload   the numbers, row by row, little-endian; every byte belongs to one array

Every claim is checked against the file before memory is taken.
"""

import json
import math
from typing import Any

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
    "U8": "u1",
    "BOOL": "?",
}


def of_safetensors(data: bytes) -> dict[str, Host]:
    """The arrays by name, as views of `data`. Raises Refused, or what parsers raise on damaged bytes."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(len(data) - 8, _LONGEST_HEADER):
        raise Refused(f"has {len(data):,} bytes, but its header claims {length:,}.")
    if data.count(b'"data_offsets"', 8, 8 + length) > MOST_ARRAYS:
        raise Refused(f"claims more than {MOST_ARRAYS:,} arrays, far more than any of our networks needs.")
    entries = json.loads(data[8 : 8 + length], object_pairs_hook=_once)
    entries.pop(_ABOUT, None)
    payload = memoryview(data)[8 + length :]
    arrays, covered = {}, 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"][0]):
        begin, end = entry["data_offsets"]
        if begin != covered:
            raise Refused(f"has bytes that belong to no array, or to two, before {printable(name)}.")
        arrays[name] = _array(name, entry, payload[begin:end], end - begin)
        covered = end
    if covered != len(payload):
        raise Refused(f"has arrays that claim {covered:,} bytes, but {len(payload):,} follow.")
    return {name: arrays[name] for name in entries}


def _array(name: str, entry: dict[str, Any], content: memoryview, claimed: int) -> Host:
    if entry["dtype"] not in _TYPES:
        raise Refused(f"holds {printable(name)} as {printable(entry['dtype'])}, which cnnkit does not read.")
    dtype, shape = np.dtype(_TYPES[entry["dtype"]]), entry["shape"]
    if len(shape) > _MOST_AXES or any(type(length) is not int or not 0 <= length <= _LONGEST_AXIS for length in shape):
        raise Refused(f"has sizes in {printable(name)} that are invalid.")
    if not math.prod(shape) * dtype.itemsize == claimed == len(content):
        raise Refused(f"has {len(content):,} bytes in {printable(name)}, which do not make {printable(shape)}.")
    array = (np.frombuffer(content, dtype) if claimed else np.empty(0, dtype)).reshape(shape)
    return widened(array) if entry["dtype"] == _BFLOAT16 else array


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON lets a name stand twice; weights do not."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Refused(f"has the name {printable(name)} twice.")
        found[name] = value
    return found
