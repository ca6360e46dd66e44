"""Class names from text or JSON; lines of ImageNet's list in short; lists that cannot be meant so are refused."""

import json

import pytest

from cnnkit.engine.use.class_names import are_stand_ins, read_class_names, stand_ins
from cnnkit.errors import DataError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "names.txt"


@pytest.mark.parametrize(
    "text", ["cat\ndog\n", "cat\r\ndog", "\ufeffcat\ndog\n\n", " cat \n'dog'\n", '["cat", "dog"]', '\n["cat",\n"dog"]']
)
def test_a_name_a_line_or_a_json_list(path, text):
    path.write_bytes(text.encode())
    assert read_class_names(path, 2) == ["cat", "dog"]


def test_imagenets_lines_are_shortened_where_that_tells_classes_apart(path):
    lines = [
        "'n01440764 tench, Tinca tinca'",
        "'n03710637 maillot'",
        "'n03710721 maillot, tank suit'",
        "'n02012849 crane'",
        "'n03126707 crane'",
        "'n02966687 carpenter''s kit, tool kit'",
    ]
    path.write_text("\n".join(lines))
    assert read_class_names(path, 6) == [
        "tench",
        "maillot",
        "maillot, tank suit",
        "crane (n02012849)",
        "crane (n03126707)",
        "carpenter's kit",
    ]


def test_the_thousand_lines_of_imagenet_are_a_thousand_names(shared):
    names = read_class_names(shared / "data" / "photos" / "imagenet_synsets.txt", 1000)
    assert (names[285], names[967]) == ("Egyptian cat", "espresso")


def test_lines_of_another_kind_keep_their_commas(path):
    path.write_text("cat, small\nn01440764 tench, Tinca tinca\n")
    assert read_class_names(path, 2) == ["cat, small", "n01440764 tench, Tinca tinca"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("cat\ndog\ncow", "names 3 classes, but the weights know 2. Expected one name per line"),
        ("cat", "names 1 classes, but the weights know 2"),
        ("", "names 0 classes"),
        ("cat\n\ndog", "name 2 is '', expected readable text"),
        ('["cat", ""]', "name 2 is '', expected readable text"),
        ("cat\n\x1b[31mdog", "name 2 is .*expected readable text"),
        ("cat\ncat", "names 'cat' twice"),
        ("n01440764 tench\nn01440764 tench", "names 'tench .n01440764.' twice"),
        ('["cat", 3]', "should hold a JSON list of names"),
        ('["cat"', "begins like a JSON list, but is not valid JSON"),
        ("[" * 100_000, "begins like a JSON list, but is not valid JSON"),
        (b"\xff\xfe", "is not UTF-8 text"),
        ("x" * 1_000_001, "it is larger than the 1,000,000 bytes"),
    ],
)
def test_a_list_that_cannot_be_meant_so_is_refused(path, text, match):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=match):
        read_class_names(path, 2)


def test_a_file_that_is_not_there_is_named(path):
    with pytest.raises(DataError, match=r"The class names .*names\.txt cannot be read: No such file"):
        read_class_names(path, 2)


def test_stand_ins_know_themselves():
    assert stand_ins(2) == ["class 0", "class 1"]
    assert are_stand_ins(["class 0", "class 1"]) and not are_stand_ins(["class 1", "class 0"])
    assert json.dumps(stand_ins(0)) == "[]"
