"""Where published data sets lie, and the checksums that their publishers state."""

from dataclasses import dataclass, field
from typing import final


@final
@dataclass(frozen=True)
class RemoteFile:
    """A file, its published MD5, and whether a copy was held against that sum while this table was written."""

    name: str
    md5: str
    tried: bool


@final
@dataclass(frozen=True)
class Source:
    """base: the URL before the file names. members: name and size of what is taken out of an archive.

    tried: whether the address itself was fetched from while this table was written. classes: written to classes.txt.
    """

    base: str
    files: list[RemoteFile]
    members: dict[str, int] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    tried: bool = False


SOURCES = {
    "mnist": Source(
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        [
            RemoteFile("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873", tried=True),
            RemoteFile("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432", tried=True),
            RemoteFile("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3", tried=True),
            RemoteFile("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c", tried=True),
        ],
    ),
    # The publisher's address answers plain http only; the checksums below are what is relied on.
    "fashion-mnist": Source(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        [
            RemoteFile("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d", tried=False),
            RemoteFile("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe", tried=False),
            RemoteFile("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79", tried=False),
            RemoteFile("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310", tried=False),
        ],
        classes=[
            "t-shirt or top",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ],
    ),
    # An image is one label byte (two for the 100 classes) and 3·32·32 pixels.
    "cifar10": Source(
        "https://www.cs.toronto.edu/~kriz/",
        [RemoteFile("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", tried=False)],
        members={
            **{f"cifar-10-batches-bin/data_batch_{number}.bin": 10_000 * 3073 for number in range(1, 6)},
            "cifar-10-batches-bin/test_batch.bin": 10_000 * 3073,
        },
        classes=["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
    ),
    "cifar100": Source(
        "https://www.cs.toronto.edu/~kriz/",
        [RemoteFile("cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8", tried=False)],
        members={"cifar-100-binary/train.bin": 50_000 * 3074, "cifar-100-binary/test.bin": 10_000 * 3074},
    ),
}
