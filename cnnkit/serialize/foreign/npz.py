"""Arrays that numpy saved with `savez`: sizes are checked from directory and headers before memory is taken.

Arrays of Python objects, which numpy pickles, are refused, as everything is that is no plain number.
"""

import io
import math
import tokenize
import warnings
from pathlib import Path

import numpy as np

from cnnkit.kernels.shared.array import Host
from cnnkit.serialize import files
from cnnkit.serialize.foreign.archive import Archive, most_unpacked
from cnnkit.serialize.foreign.refused import Refused, printable, refusing

# Unpacked, more than this would not be read either.
_LARGEST = 4 * 2**30
_NUMBERS, _TEXT = "fiub", "US"
_SUFFIX = ".npy"
_LONGEST_HEADER = 10_000


def read_npz(path: Path, *, text: bool = False) -> dict[str, Host]:
    """The arrays of an .npz file by name; CheckpointError if it is damaged, pickled, or claims more than it holds.

    text: arrays of strings are read too.
    """
    with refusing(path):
        return of_zip(files.read_whole(path, _LARGEST), text=text)


def of_zip(data: bytes, *, text: bool = False) -> dict[str, Host]:
    """`read_npz` for bytes. Raises Refused, or what parsers raise on damaged bytes."""
    kinds = _NUMBERS + _TEXT if text else _NUMBERS
    archive = Archive(data)
    arrays = {}
    for name in archive.names:
        if not name.endswith(_SUFFIX):
            raise Refused(f"has a member {printable(name)}, which is not a NumPy array.")
        arrays[name.removesuffix(_SUFFIX)] = _array(archive, name, most_unpacked(len(data)), kinds)
    if not arrays:
        raise Refused("holds no arrays.")
    return arrays


def _array(archive: Archive, name: str, most: int, kinds: str) -> Host:
    head = io.BytesIO(archive.head(name, _LONGEST_HEADER + 12))
    version = np.lib.format.read_magic(head)
    if version not in ((1, 0), (2, 0)):
        raise Refused(f"has {printable(name)} in a version of NumPy's format that cnnkit does not read.")
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # headers of Python 2 are read all the same
        try:
            shape, fortran_order, dtype = read_header(head, max_header_size=_LONGEST_HEADER)
        # The header is read as Python, whose parser gives up on nests of brackets in several ways.
        except (ValueError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError) as error:
            raise Refused(f"has a header in {printable(name)} that cannot be read.") from error
    if dtype.hasobject:
        raise Refused(
            f"holds pickled objects in {printable(name)}: it is not opened. Save plain text or numbers: "
            "array.astype(str) or array.astype(float)."
        )
    if dtype.kind not in kinds or dtype.subdtype is not None:
        raise Refused(f"holds no plain numbers in {printable(name)}, but {printable(dtype)}.")
    if any(type(length) is not int or length < 0 for length in shape):
        raise Refused(f"has sizes in {printable(name)} that are invalid.")
    length = math.prod(shape) * dtype.itemsize
    if head.tell() + length != archive.size(name):
        raise Refused(
            f"claims {printable(name)} to be {printable(shape)} of {dtype}, which does not fit its "
            f"{archive.size(name):,} bytes."
        )
    content = archive.read(name, most)
    numbers = np.frombuffer(content, dtype, offset=head.tell()) if length else np.empty(0, dtype)
    array = numbers.reshape(shape, order="F" if fortran_order else "C")
    return array.astype(dtype.newbyteorder("="), copy=False)
