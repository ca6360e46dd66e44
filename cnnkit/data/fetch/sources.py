"""Where published data sets lie, and their checksums.

MNIST's were taken from the files themselves. The publishers of the others state MD5 alone, which no longer guards
against a file that was made to fit; their SHA-256 are those that several other projects download by.
"""

from dataclasses import dataclass, field
from typing import final


@final
@dataclass(frozen=True)
class RemoteFile:
    """A file, its SHA-256, and whether a copy was held against that sum while this table was written."""

    name: str
    sha256: str
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
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                tried=True,
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                tried=True,
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                tried=True,
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                tried=True,
            ),
        ],
    ),
    # The publisher's address answers plain http only; the checksums below are what is relied on.
    "fashion-mnist": Source(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        [
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
                tried=False,
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
                tried=False,
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
                tried=False,
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
                tried=False,
            ),
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
        [
            RemoteFile(
                "cifar-10-binary.tar.gz",
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                tried=False,
            )
        ],
        members={
            **{f"cifar-10-batches-bin/data_batch_{number}.bin": 10_000 * 3073 for number in range(1, 6)},
            "cifar-10-batches-bin/test_batch.bin": 10_000 * 3073,
        },
        classes=["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
    ),
    "cifar100": Source(
        "https://www.cs.toronto.edu/~kriz/",
        [
            RemoteFile(
                "cifar-100-binary.tar.gz",
                "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
                tried=False,
            )
        ],
        members={"cifar-100-binary/train.bin": 50_000 * 3074, "cifar-100-binary/test.bin": 10_000 * 3074},
    ),
}
