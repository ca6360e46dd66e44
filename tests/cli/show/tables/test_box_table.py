import numpy as np

from cnnkit.cli.show.screen import Screen
from cnnkit.cli.show.tables.box_table import box_sizes, box_table
from cnnkit.cli.show.tables.class_table import MOST_CLASSES
from cnnkit.data.check.boxes.class_boxes import ClassBoxes
from cnnkit.data.targets import Boxes


def counted(classes, *pictures):
    """Of pictures of 100x200 with boxes (label, x_min, y_min, x_max, y_max)."""
    found = ClassBoxes(classes)
    for boxes in pictures:
        rows = np.array(boxes, np.float32).reshape(-1, 5)
        found.add(Boxes(rows[:, 1:], rows[:, 0].astype(np.int64), rows[:, 0] == 9), (100, 200))
    return found


def shown(capsys, show, *what):
    show(Screen(), *what)
    out, err = capsys.readouterr()
    return [line.split() for line in out.splitlines()], err


def test_every_class_has_its_boxes_and_the_pictures_that_hold_one(capsys):
    boxes = {
        "train": counted(2, [(0, 0, 0, 10, 10), (0, 5, 5, 9, 9), (1, 0, 0, 4, 8)], []),
        "val": counted(2, [(1, 0, 0, 1, 1)]),
    }
    rows, notes = shown(capsys, box_table, ["dog", "cat"], boxes)
    assert rows == [
        ["class", "train", "boxes", "pictures", "val", "boxes", "pictures"],
        ["dog", "2", "1", "0", "0"],
        ["cat", "1", "1", "1", "1"],
        ["all", "3", "2", "1", "1"],
    ]
    assert notes == ""


def test_of_very_many_classes_the_frequent_ones_are_shown(capsys):
    boxes = [(k, 0, 0, 5, 5) for k in range(200) for _ in range(1 + k // 50)]
    rows, notes = shown(capsys, box_table, [f"c{k}" for k in range(200)], {"pictures": counted(200, boxes)})
    assert rows[0] == ["class", "boxes", "pictures"] and len(rows) == MOST_CLASSES + 2 and rows[1][0] == "c150"
    assert f"The rarest {200 - MOST_CLASSES} classes" in notes and "Around a crowd, or difficult: 1 boxes" in notes


def test_sizes_and_shapes_are_those_of_all_parts(capsys):
    boxes = {"train": counted(1, [(0, 0, 0, 100, 100)], []), "val": counted(1, [(0, 0, 0, 10, 20), (0, 0, 0, 20, 40)])}
    rows, _ = shown(capsys, box_sizes, boxes)
    assert rows[:5] == [
        ["boxes", "least", "median", "most"],
        ["width", "10", "20", "100"],
        ["height", "20", "40", "100"],
        ["width", "/", "height", "0.50", "0.50", "1.00"],
        ["%", "of", "the", "picture", "1.00", "4.00", "50.00"],
    ]
    text = " ".join(word for row in rows[5:] for word in row)
    assert "2 small (to 32x32), 0 medium (to 96x96), 1 large" in text and "up to 2; 1 without boxes" in text
