import numpy as np

from cnnkit.cli.show.screen import Screen
from cnnkit.cli.show.tables.class_table import MOST_CLASSES
from cnnkit.cli.show.tables.mask_table import mask_table
from cnnkit.data.check.masks.class_pixels import ClassPixels


def counted(classes, *masks):
    found = ClassPixels(classes)
    for mask in masks:
        found.add(np.array(mask, np.uint8))
    return found


def shown(capsys, names, pixels):
    mask_table(Screen(), names, pixels)
    out, err = capsys.readouterr()
    return [line.split() for line in out.splitlines()], err


def test_every_class_has_its_share_and_the_pictures_that_hold_it(capsys):
    pixels = {"train": counted(2, [[0, 0, 0, 1]], [[0, 0, 0, 0]]), "val": counted(2, [[1, 255]])}
    rows, notes = shown(capsys, ["sky", "road"], pixels)
    assert rows == [
        ["class", "train", "%", "pictures", "val", "%", "pictures"],
        ["sky", "87.50", "2", "0.00", "0"],
        ["road", "12.50", "1", "100.00", "1"],
        ["all", "100.00", "2", "100.00", "1"],
    ]
    assert "0.00 % of train, 50.00 % of val" in notes


def test_of_very_many_classes_the_frequent_ones_are_shown(capsys):
    masks = [np.repeat(np.arange(200), np.arange(200) + 1)[None]]
    rows, notes = shown(capsys, [f"c{k}" for k in range(200)], {"train": counted(200, *masks)})
    assert len(rows) == MOST_CLASSES + 2 and rows[1][0] == "c199"
    assert f"The rarest {200 - MOST_CLASSES} classes" in notes


def test_two_counts_add_up():
    one, other = counted(3, [[0, 1, 255]]), counted(3, [[1, 1, 2]], [[255, 255, 0]])
    both = one + other
    assert both.pixels.tolist() == [2, 3, 1] and both.pictures.tolist() == [2, 2, 1]
    assert (both.void, both.masks) == (3, 3) and both.void_share == 3 / 9
