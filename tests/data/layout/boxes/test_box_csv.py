"""CSV files of boxes: names of columns, files without a header, and what a row may do wrong."""

import pytest
from data.box_files import BOXES, csv, put, said, write_picture

from cnnkit.data.layout.boxes.find import find_boxes
from cnnkit.errors import DataError


@pytest.fixture
def picture(tmp_path):
    return write_picture(tmp_path / "a.png")


@pytest.mark.parametrize(
    "text",
    [
        "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,60,40,dog,4,5,24,35\n",
        "image;label;x1;y1;x2;y2\na.png;dog;4;5;24;35\n",
        "a.png,4,5,24,35,dog\n",
        "path\tleft\ttop\tright\tbottom\tlabel\r\n./a.png\t4\t5\t24\t35\tdog\r\n",
    ],
)
def test_columns_are_known_by_several_names_or_by_a_first_row(text, picture, tmp_path):
    listing = find_boxes(put(tmp_path / "boxes.csv", text))
    assert said(listing) == {"train": {"a": [("dog", 4, 5, 24, 35, False)]}} and not listing.split


def test_labels_that_are_numbers_are_sorted_as_numbers(picture, tmp_path):
    rows = "".join(f"a.png,1,1,9,9,{label}\n" for label in (10, 9, 2))
    assert find_boxes(put(tmp_path / "boxes.csv", rows)).classes == ["2", "9", "10"]


def test_a_picture_without_boxes_has_a_row_of_its_own(picture, tmp_path):
    write_picture(tmp_path / "b.png")
    listing = find_boxes(put(tmp_path / "boxes.csv", "a.png,,,,,\nb.png,1,1,9,9,dog\n"))
    assert [len(one.labels) for one in listing.parts["train"]] == [0, 1]


def test_a_picture_that_is_not_there_is_a_fault_with_its_line(tmp_path):
    file = csv(tmp_path)
    (tmp_path / "pictures/d.png").unlink()
    (fault,) = find_boxes(file).faults
    assert fault.kind == "missing" and "boxes.csv, line 6 names it" in fault.message
    assert list(said(find_boxes(file))) == ["train", "test"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a.png,1,1,9,dog", "line 2 has 5 fields, expected 6"),
        ("a.png,1,1,nine,9,dog", "line 2: expected four corners and a label, but found '1, 1, nine, 9, dog'"),
        ("a.png,1,1,9,9,", "Of a picture without boxes leave all five empty"),
        (",1,1,9,9,dog", "line 2: the path is empty"),
    ],
)
def test_a_row_that_says_too_little_is_refused(row, words, picture, tmp_path):
    with pytest.raises(DataError, match=words):
        find_boxes(put(tmp_path / "boxes.csv", f"path,x_min,y_min,x_max,y_max,label\n{row}\n"))


def test_a_picture_in_two_parts_and_a_part_that_is_none_are_refused(tmp_path):
    file = csv(tmp_path)
    text = file.read_text()
    put(file, text + "pictures/a.png,1,1,9,9,dog,test,0\n")
    with pytest.raises(DataError, match=r"a.png is in 'train' in line 2, and in 'test' in line 9"):
        find_boxes(file)
    put(file, text.replace("train", "summer"))
    with pytest.raises(DataError, match="line 2: the split is 'summer', expected train"):
        find_boxes(file)
    put(file, text.replace("train", "test"))
    with pytest.raises(DataError, match="has no training picture that is there"):
        find_boxes(file)


def test_a_crowd_is_marked_by_its_column(tmp_path):
    assert said(find_boxes(csv(tmp_path)))["val"] == BOXES["val"]
