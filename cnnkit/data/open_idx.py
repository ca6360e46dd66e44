"""Open a folder of idx files as training, validation and test parts."""

from pathlib import Path

from cnnkit.data.sets.base import Dataset
from cnnkit.data.sets.idx import find_idx_files, idx_dataset, read_idx_part
from cnnkit.data.splits import DataSplits, split_parts
from cnnkit.errors import DataError
from cnnkit.serialize.files import read_whole

# Bytes of a list of class names.
LARGEST_LIST = 2**20


def open_idx(folder: Path, *, name: str, seed: int, val_fraction: float) -> DataSplits:
    """The parts of an idx folder; class names from `classes.txt` beside the files, one a line, else the numbers."""
    files = find_idx_files(folder)
    images, labels = read_idx_part(files, "train")
    if not len(labels):
        raise DataError(f"{folder}: the training part holds no images.")
    classes = class_names(next(iter(files.values())).parent) or [str(label) for label in range(int(labels.max()) + 1)]
    train = idx_dataset(images, labels, name=name, classes=classes)
    test: Dataset | None = None
    if any(part == "test" for part, _ in files):
        test = idx_dataset(*read_idx_part(files, "test"), name=name, classes=classes, like=train.preprocessing)
    H, W, _ = train.preprocessing.shape
    found = f"{folder}: idx files, {H}x{W} grey"
    notes = [
        "The images are taken for handwritten digits like MNIST's; pictures for `predict` are prepared like these."
    ]
    return split_parts(
        train,
        None,
        test,
        found=found,
        notes=notes if train.preprocessing.foreign == "digit" else [],
        seed=seed,
        val_fraction=val_fraction,
    )


def class_names(folder: Path) -> list[str]:
    """The lines of `classes.txt`, [] where there is none."""
    path = folder / "classes.txt"
    if not path.is_file():
        return []
    try:
        names = read_whole(path, LARGEST_LIST).decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{path} cannot be read: {why}. Expected one class name per line.") from error
    return [name.strip() for name in names if name.strip()]
