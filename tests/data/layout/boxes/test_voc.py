"""An XML file of VOC's form: where pixels are counted from, and what a hostile one may do."""

import time

import pytest
from data.box_files import put, xml

from cnnkit.data.layout.boxes.voc import DEEPEST, LARGEST, read_voc
from cnnkit.errors import DataError

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE annotation [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{k} "{f"&a{k - 1};" * 10}">' for k in range(1, 12))
    + "]><annotation><object><name>&a11;</name></object></annotation>"
)


def test_pixels_count_from_1_and_the_last_one_belongs_to_the_box(tmp_path):
    read = read_voc(put(tmp_path / "a.xml", xml([("dog", 0, 0, 60, 40, False), ("cat", 2, 3, 4, 5, True)])))
    assert read.size == (40, 60)
    assert [(box.label, box.corners, box.crowd) for box in read.said] == [
        ("dog", (0, 0, 60, 40), False),
        ("cat", (2, 3, 4, 5), True),
    ]


def test_a_part_of_an_object_is_no_object_and_a_size_of_0_is_not_known(tmp_path):
    text = xml([("dog", 0, 0, 9, 9, False)], (0, 0))
    part = "<part><name>head</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>3</xmax><ymax>3</ymax></bndbox></part>"
    read = read_voc(put(tmp_path / "a.xml", text.replace("</object>", f"{part}</object>")))
    assert read.size is None and [(box.label, box.corners) for box in read.said] == [("dog", (0, 0, 9, 9))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_names_are_read_in_the_encoding_that_the_file_names(encoding, tmp_path):
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + xml([("Käse", 0, 0, 9, 9, False)])
    (tmp_path / "a.xml").write_bytes(text.encode(encoding))
    assert read_voc(tmp_path / "a.xml").said[0].label == "Käse"


def test_entities_are_refused_before_one_of_them_grows(tmp_path):
    began = time.monotonic()
    with pytest.raises(DataError, match="has a document type, which may define entities that grow without end"):
        read_voc(put(tmp_path / "a.xml", BOMB))
    # 20 billion letters would take minutes, and all memory.
    assert time.monotonic() - began < 5


def test_a_file_of_this_machine_is_not_read_into_an_annotation(tmp_path):
    secret = put(tmp_path / "secret.txt", "hunter2")
    text = f'<!DOCTYPE annotation [<!ENTITY s SYSTEM "file://{secret}">]>' + xml([("&s;", 0, 0, 9, 9, False)])
    with pytest.raises(DataError) as refused:
        read_voc(put(tmp_path / "a.xml", text))
    assert "hunter2" not in str(refused.value)


def box(**changes):
    fields = {"xmin": "1", "ymin": "1", "xmax": "9", "ymax": "9"} | changes
    corners = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items() if value is not None)
    return f"<annotation>\n<object><name>dog</name><bndbox>{corners}</bndbox></object></annotation>"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not valid XML: no element found"),
        ("<annotation><object>", "is not valid XML"),
        ("<html></html>", "begins with <html>, expected <annotation>"),
        ('<?xml version="1.0" encoding="klingon"?><annotation/>', "is not valid XML: unknown encoding"),
        ("<annotation><object></object></annotation>", r"line 1: the object has no <name>"),
        (box(xmax=None), "line 2: <xmax> is '', expected a number"),
        (box(xmax="wide"), "line 2: <xmax> is 'wide', expected a number"),
        (box(xmax="9</xmax><xmax>8"), "line 2: <xmax> is there twice"),
        ("<annotation><size><width>-4</width></size></annotation>", "the width is '-4', expected a whole number"),
        ("<annotation>" + "<a>" * DEEPEST + "</a>" * DEEPEST + "</annotation>", f"more than {DEEPEST} deep"),
        ("<annotation>" + " " * LARGEST + "</annotation>", "it is larger than the 4,194,304 bytes"),
    ],
)
def test_what_is_no_annotation_is_refused_by_its_line(text, words, tmp_path):
    path = put(tmp_path / "a.xml", text)
    with pytest.raises(DataError, match=words) as refused:
        read_voc(path)
    assert str(refused.value).startswith(str(path))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_voc(tmp_path / "a.xml")
