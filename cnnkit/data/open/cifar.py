"""Open a folder of CIFAR's binary files as training, validation and test parts."""

from pathlib import Path

from cnnkit.data.open.splits import DataSplits, split_parts
from cnnkit.data.sets.base import ArrayDataset
from cnnkit.data.sets.cifar import SIDE, check_files, class_names, find_cifar, read_cifar
from cnnkit.data.view.preprocessing import Preprocessing, statistics
from cnnkit.errors import DataError


def open_cifar(folder: Path, *, name: str, seed: int, val_fraction: float) -> DataSplits:
    """The parts of a CIFAR folder, normalised by the mean and deviation of its training images."""
    found = find_cifar(folder)
    if found is None:
        raise DataError(f"{folder} holds no binary files of CIFAR, such as data_batch_1.bin or train.bin.")
    layout, place = found
    check_files(layout, place)
    classes = class_names(layout, place)
    images, labels = read_cifar(layout, [place / file for file in layout.train])
    preprocessing = Preprocessing(SIDE, SIDE, 3, *statistics(images))
    train = ArrayDataset(images, labels, name=name, classes=classes, preprocessing=preprocessing, mirror=True)
    images, labels = read_cifar(layout, [place / layout.test])
    test = ArrayDataset(images, labels, name=name, classes=classes, preprocessing=preprocessing, mirror=True)
    said = f"{folder}: {layout.title}'s binary files, {SIDE}x{SIDE} RGB"
    return split_parts(train, None, test, found=said, notes=[], seed=seed, val_fraction=val_fraction)
