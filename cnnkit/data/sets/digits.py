"""The embedded digits: 10,000 training and 2,000 test images of MNIST, balanced, inside the package."""

from pathlib import Path

from cnnkit.data.sets.base import ArrayDataset
from cnnkit.data.sets.idx import read_idx_part
from cnnkit.data.sets.idx_files import find_idx_files
from cnnkit.data.view.preprocessing import Preprocessing

FOLDER = Path(__file__).parent / "digits"
# A scan of a digit that is no part of the data: something to ask a network about.
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "seven.png"
CLASSES = [str(digit) for digit in range(10)]
# Mean and standard deviation of the 60,000 training images of MNIST.
PREPROCESSING = Preprocessing(28, 28, 1, (0.1307,), (0.3081,), "digit")


def digits(part: str) -> ArrayDataset:
    """The "train" or the "test" part."""
    images, labels = read_idx_part(find_idx_files(FOLDER), part)
    return ArrayDataset(images, labels, name="digits", classes=CLASSES, preprocessing=PREPROCESSING)
