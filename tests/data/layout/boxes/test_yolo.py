"""YOLO's texts: shares of the picture, numbers of classes, and what a line may do wrong."""

import pytest
from data.box_files import put, write_picture

from cnnkit.data.layout.boxes.find import find_boxes
from cnnkit.data.layout.boxes.yolo import LARGEST, read_yolo
from cnnkit.data.layout.listing import list_folder
from cnnkit.errors import DataError

CLASSES = ["cat", "dog"]


def test_middle_and_size_become_corners_as_shares(tmp_path):
    said, faults = read_yolo(put(tmp_path / "a.txt", "1 0.5 0.25 0.5 0.5\n\n0 1 1 0 0\n"), CLASSES)
    assert [(box.label, box.corners, box.where) for box in said] == [
        ("dog", (0.25, 0.0, 0.75, 0.5), "line 1"),
        ("cat", (1.0, 1.0, 1.0, 1.0), "line 3"),
    ]
    assert not faults


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ("2 0.5 0.5 0.1 0.1", "box-label", "the class is 2, expected 0 to 1"),
        ("-1 0.5 0.5 0.1 0.1", "box-label", "the class is -1, expected 0 to 1"),
        ("0.5 0.5 0.5 0.1 0.1", "box-label", "the class is 0.5, expected 0 to 1"),
        ("nan 0.5 0.5 0.1 0.1", "box-label", "the class is nan"),
        ("0 320 200 40 40", "box-number", "are no shares of the picture's width and height"),
        ("0 -0.5 0.5 0.1 0.1", "box-number", "are no shares"),
    ],
)
def test_a_line_that_makes_no_sense_is_a_fault(line, kind, words, tmp_path):
    path = put(tmp_path / "a.txt", f"0 0.5 0.5 0.1 0.1\n{line}\n")
    said, (fault,) = read_yolo(path, CLASSES)
    assert len(said) == 1 and fault.kind == kind and words in fault.message
    assert fault.message.startswith(f"{path}, line 2: ") and fault.name == str(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 0.5 0.5 0.1", "line 1 is '0 0.5 0.5 0.1', expected five numbers"),
        ("a b c d e", "line 1 is 'a b c d e', expected five numbers"),
        ("0 0.1 0.1 0.9 0.1 0.9 0.9", "expected five numbers: class x y width height. Outlines are for segmentation"),
        ("0 " * LARGEST, "it is larger than the 2,097,152 bytes"),
        ("\x80", "cannot be read: 'utf-8' codec"),
    ],
)
def test_what_is_no_such_text_is_refused(text, words, tmp_path):
    (tmp_path / "a.txt").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=words):
        read_yolo(tmp_path / "a.txt", CLASSES)


@pytest.mark.parametrize("corners", ["0 0.5 0.5 -0.1 0.1", "0 0.5 0.5 0.1 -0.1"])
def test_a_negative_size_is_a_box_with_swapped_corners(corners, tmp_path):
    write_picture(tmp_path / "images" / "a.png")
    put(tmp_path / "labels" / "a.txt", corners)
    ((picture,),) = find_boxes(tmp_path).parts.values()
    assert [fault.kind for fault in picture.faults] == ["box-swapped"]


@pytest.mark.parametrize(
    "line", ["0 0.1 0.1 0.9 0.1 0.9 0.9", "0 0.5 0.5 0.1 0.1 0.93", "cat 0.5 0.5 0.1 0.1", "0,0.5,0.5,1,1"]
)
def test_one_wrong_line_is_told_and_hides_no_other_picture(line, tmp_path):
    for stem in "abc":
        write_picture(tmp_path / "images" / f"{stem}.png")
        put(tmp_path / "labels" / f"{stem}.txt", line if stem == "a" else "0 0.5 0.5 0.1 0.1")
    (pictures,) = find_boxes(tmp_path).parts.values()
    assert [[fault.kind for fault in picture.faults] for picture in pictures] == [["annotation"], [], []]
    assert f"line 1 is {line!r}, expected five numbers" in pictures[0].faults[0].message


def test_a_folder_of_outlines_is_told_by_line_and_texts_of_words_are_no_boxes(tmp_path):
    write_picture(tmp_path / "images" / "a.png")
    put(tmp_path / "labels" / "a.txt", "0 0.1 0.1 0.9 0.1 0.9 0.9")
    ((picture,),) = find_boxes(tmp_path).parts.values()
    assert "Outlines are for segmentation" in picture.faults[0].message
    put(tmp_path / "labels" / "a.txt", "a cat on a mat")
    assert find_boxes(tmp_path) is None
    with pytest.raises(DataError, match="one of the two holds no pictures, and no boxes of a form that is known"):
        list_folder(tmp_path)
