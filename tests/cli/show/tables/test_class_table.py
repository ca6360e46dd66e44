from cnnkit.cli.show.screen import Screen
from cnnkit.cli.show.tables.class_table import MOST_CLASSES, class_table


def shown(capsys, classes):
    class_table(Screen(), ["train", "val"], classes)
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_every_class_has_a_row_and_all_have_one(capsys):
    rows = shown(capsys, {"bees": [5, 1], "ants": [7, 2]})
    assert rows == [["class", "train", "val"], ["bees", "5", "1"], ["ants", "7", "2"], ["all", "12", "3"]]


def test_of_very_many_the_largest_and_the_smallest_are_shown(capsys):
    rows = shown(capsys, {f"c{k}": [k, 1] for k in range(10_000)})
    assert len(rows) == MOST_CLASSES + 3
    assert rows[1] == ["c9999", "9999", "1"]
    assert rows[-2] == ["c0", "0", "1"]
    assert rows[1 + MOST_CLASSES // 2][:2] == ["(9,960", "more)"]
    assert rows[-1] == ["all", str(sum(range(10_000))), "10000"]
