"""Weight files of others, known by their content, whatever their name ends in."""

import os
from pathlib import Path

from cnnkit.kernels.shared.array import Host
from cnnkit.serialize import files
from cnnkit.serialize.foreign import npz, pickle_reader
from cnnkit.serialize.foreign.archive import Archive
from cnnkit.serialize.foreign.plain_safetensors import of_safetensors
from cnnkit.serialize.foreign.refused import Refused, refusing

_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"
# Weights of the largest network, 575 MB, and what an optimiser keeps beside them.
_LARGEST = 4 * 2**30
# Files that people take for weights, and what to do about each.
_OTHERS = (
    (
        b"\x89HDF",
        "is an HDF5 file, which cnnkit does not read. Save the layers' weights under their names with numpy.savez.",
    ),
    (b"\x93NUMPY", "holds one array. Save all of them under their names with numpy.savez."),
    (b"\x1f\x8b", "is compressed with gzip. Unpack it first."),
    (b"version https://git-lfs", "is a pointer of Git LFS, not the file itself. Fetch it with: git lfs pull"),
    (b"<", "is a web page, not weights. Is it the download page instead of the file?"),
)
_UNKNOWN = "is not a weight file that cnnkit reads. Those are .safetensors, .npz, and .pth, .pt, .th of torch.save."


def read_arrays(path: Path) -> tuple[dict[str, Host], list[str]]:
    """The arrays of a .safetensors, .npz, .pth, .pt or .th file by name, and notes on where in it they lay.

    Nothing of the file is ever run, and no claim in it makes us take more memory than its length allows.

    Raises:
        CheckpointError: it is of another kind, damaged, hostile or empty.
    """
    with refusing(path):
        data = _content(path)
        if data.startswith(_ZIP):
            # Both layouts are zip archives. Arrays of numpy have no pickle among them.
            names = Archive(data).names
            return (npz.of_zip(data), []) if _is_npz(names) else pickle_reader.of_zip(data)
        if data.startswith(_PICKLE):
            return pickle_reader.of_pickles(data)
        return _filled(of_safetensors(data)), []


def _content(path: Path) -> bytes:
    """The whole file, once its size and its first bytes are those of a weight file."""
    with files.open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(64)
        if not head:
            raise Refused("is empty (0 bytes). Copy it again, or make it anew.")
        if not (head.startswith((_ZIP, _PICKLE)) or head[8:9] == b"{"):
            raise Refused(next((said for start, said in _OTHERS if head.startswith(start)), _UNKNOWN))
        if size > _LARGEST:
            raise Refused(f"has {size:,} bytes, more than any of our networks needs ({_LARGEST:,}).")
        return head + file.read(max(size - len(head), 0))


def _is_npz(names: list[str]) -> bool:
    return any(name.endswith(".npy") for name in names)


def _filled(arrays: dict[str, Host]) -> dict[str, Host]:
    if not arrays:
        raise Refused("holds no arrays.")
    return arrays
