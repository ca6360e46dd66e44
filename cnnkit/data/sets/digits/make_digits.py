"""Make the embedded digits from the four MNIST files: python make_digits.py FOLDER_OF_MNIST [OUTPUT_FOLDER].

Of each class 1,000 training and 200 test images, evenly spaced over MNIST's own order (its test set changes character
half-way) and kept in that order; the training part comes from MNIST's training set, the test part from its test set.
"""

import struct
import sys
import zlib
from pathlib import Path

import numpy as np

from cnnkit.data.sample import Labels, Pixels
from cnnkit.data.sets.idx import IMAGES_MAGIC, LABELS_MAGIC, read_idx_part
from cnnkit.data.sets.idx_files import find_idx_files

PER_CLASS = {"train": 1000, "test": 200}


def evenly(labels: Labels, per_class: int) -> Labels:
    """Indices of `per_class` samples of each of the ten classes, evenly spaced, in ascending order."""
    chosen = []
    for label in range(10):
        members = np.flatnonzero(labels == label)
        chosen.append(members[np.arange(per_class) * len(members) // per_class])
    return np.sort(np.concatenate(chosen))


def idx_bytes(data: Pixels | Labels) -> bytes:
    """Images (n, H, W, 1) or labels (n,) as an idx file."""
    if data.ndim == 1:
        return struct.pack(">2I", LABELS_MAGIC, len(data)) + data.astype(np.uint8).tobytes()
    return struct.pack(">4I", IMAGES_MAGIC, *data.shape[:3]) + data.tobytes()


def gzip_bytes(data: bytes) -> bytes:
    """A gzip file without name or time: a fixed header, the deflate stream, checksum and length."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9)
    return (
        b"\x1f\x8b\x08"
        + bytes(5)
        + b"\x02\xff"
        + packer.compress(data)
        + packer.flush()
        + struct.pack("<2I", zlib.crc32(data), len(data))
    )


def make(mnist: Path, output: Path) -> None:
    """Write the four files of the embedded digits to `output`."""
    files = find_idx_files(mnist)
    for part, per_class in PER_CLASS.items():
        images, labels = read_idx_part(files, part)
        chosen = evenly(labels, per_class)
        (output / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip_bytes(idx_bytes(images[chosen])))
        (output / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip_bytes(idx_bytes(labels[chosen])))


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent)
