import csv
import io
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnkit.data.layout import table
from cnnkit.data.layout.list_csv import list_csv
from cnnkit.data.open.source import open_data
from cnnkit.errors import DataError


@pytest.fixture
def photos(tmp_path):
    """Twelve pictures in one folder, and a function that writes a list beside it."""
    (tmp_path / "all").mkdir()
    noise = np.random.default_rng(3)
    for i in range(12):
        Image.fromarray(noise.integers(0, 256, (10, 12, 3), np.uint8)).save(tmp_path / "all" / f"{i}.png")

    def write(text, encoding="utf-8", name="photos.csv"):
        (tmp_path / name).write_bytes(text.encode(encoding))
        return tmp_path / name

    return write


def rows(labels, start=0, join=","):
    return "".join(f"all/{i}.png{join}{label}\n" for i, label in enumerate(labels, start))


def test_a_list_becomes_training_validation_and_test_parts(photos):
    path = photos("path,label\n" + rows(["cat", "dog"] * 6))
    splits = open_data(path)
    assert splits.classes == ["cat", "dog"] and splits.name == "photos" and splits.preprocessing.shape == (10, 12, 3)
    assert len(splits.train) + len(splits.val) + len(splits.test) == 12
    assert {sample.path.parent.name for sample in splits.train} == {"all"}
    assert "pictures of a CSV file, read as 10x12 RGB" in splits.found


@pytest.mark.parametrize("head", ["path", "File", "filename", "image", "Image Path"])
@pytest.mark.parametrize("label", ["label", "class", "Category", "target"])
def test_columns_go_by_many_names_in_any_order(photos, head, label):
    text = f"{label},year,{head}\n" + "".join(f"{'ab'[i % 2]},2001,all/{i}.png\n" for i in range(4))
    listing = list_csv(photos(text))
    assert [file.class_name for file in listing.files] == ["a", "b", "a", "b"] and listing.missing == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_delimiters_byte_order_marks_and_line_ends(photos, delimiter, encoding, ending):
    text = (f"path{delimiter}label\n" + rows("abab", join=delimiter)).replace("\n", ending)
    assert list_csv(photos(text, encoding)).classes == ["a", "b"]


def test_without_a_header_the_first_row_must_name_a_picture(photos):
    listing = list_csv(photos(rows("abab")))
    assert len(listing.files) == 4 and listing.files[0].path.name == "0.png"
    with pytest.raises(DataError, match=r"line 1: expected a header such as path,label .*'pic,kind'"):
        list_csv(photos("pic,kind\n" + rows("abab")))


def test_splits_go_by_their_usual_names(photos):
    names = ["train", "TRAIN", "train", "train", "val", "valid", "validation", "test"]
    text = "path,label,split\n" + "".join(f"all/{i}.png,{'ab'[i % 2]},{part}\n" for i, part in enumerate(names))
    splits = open_data(photos(text))
    assert [len(splits.train), len(splits.val), len(splits.test)] == [4, 3, 1]
    assert "in train, val, test" in splits.found


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["10", "9", "-1", "9"], ["-1", "9", "10"]),
        (["10", "9", "x", "9"], ["10", "9", "x"]),
        (["été", "猫", "🐜", "b c"], ["b c", "été", "猫", "🐜"]),
    ],
)
def test_labels_are_sorted_as_numbers_where_all_are_numbers(photos, labels, classes):
    assert list_csv(photos("path,label\n" + rows(labels))).classes == classes


def test_a_name_may_hold_delimiters_quotes_and_newlines(photos, tmp_path):
    names = ["a,b.png", 'say "hi".png', "two\nlines.png", "spa ce 🐜.png"]
    for name in names:
        (tmp_path / name).write_bytes((tmp_path / "all" / "0.png").read_bytes())
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([("path", "label"), *((name, "ab"[i % 2]) for i, name in enumerate(names))])
    listing = list_csv(photos(text.getvalue()))
    assert [file.path.name for file in listing.files] == names and listing.missing == []


def test_absolute_paths_paths_that_lead_out_and_backslashes_are_taken(photos, tmp_path):
    (tmp_path / "lists").mkdir()
    text = f"path,label\n{tmp_path}/all/0.png,a\n../all/1.png,b\n..\\all\\2.png,a\n"
    listing = list_csv(photos(text, name="lists/l.csv"))
    assert listing.missing == [] and [file.path.name for file in listing.files] == ["0.png", "1.png", "2.png"]


def test_missing_files_are_counted_and_the_first_three_named_or_skipped(photos):
    path = photos("path,label\n" + rows("ab" * 6) + "".join(f"all/no{i}.png,a\n" for i in range(5)) + "all,b\n")
    with pytest.raises(
        DataError, match=r"6 of 18 files .* are missing\. Line 14: .*no0.*no2\.png does not exist\. … ."
    ):
        open_data(path)
    splits = open_data(path, on_unreadable="skip")
    assert len(splits.train) + len(splits.val) + len(splits.test) == 12
    assert sum(note.startswith("Skipped: Line") for note in splits.notes) == 6
    assert any(note.endswith("all is a folder.") for note in splits.notes)


def test_a_list_of_nothing_but_missing_files_is_refused_even_when_they_are_skipped(photos):
    path = photos("path,label\nno/1.png,a\nno/2.png,b\n")
    with pytest.raises(DataError, match="none of the 2 training files is a readable picture"):
        open_data(path, on_unreadable="skip")


def test_of_many_skipped_files_twenty_are_named(photos):
    path = photos("path,label\n" + rows("ab" * 6) + "".join(f"all/no{i}.png,a\n" for i in range(30)))
    notes = [note for note in open_data(path, on_unreadable="skip").notes if note.startswith("Skipped: ")]
    assert len(notes) == 21 and notes[-1].startswith("Skipped: 10 more")


def test_a_picture_listed_twice_is_used_once_and_told(photos):
    text = (
        "path,label,split\n" + rows("abab").replace("\n", ",train\n") + "all/../all/0.png,a,train\nall/1.png,b,test\n"
    )
    listing = list_csv(photos(text))
    assert len(listing.files) == 4 and "test" not in listing.parts
    assert "all/../all/0.png (lines 2 and 6), all/1.png (lines 3 and 7, as train and as test)" in listing.notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no pictures; expected the header path,label"),
        ("path,label\n\n", "names no pictures"),
        ("path,label\nall/0.png,\n", "line 2: the label is empty"),
        ("path,label\nall/0.png,a\n  ,b\n", "line 3: the path is empty"),
        ("path,label,split\nall/0.png,a,tset\n", "line 2: the split is 'tset', expected train .also"),
        ("path,label,split\nall/0.png,a,\n", "line 2: the split is ''"),
        ("path,label\n\nall/0.png,a,b\n", "line 3 has 3 fields, expected 2: 'all/0.png,a,b'"),
        ("path,label\nall/0.png\n", "line 2 has 1 fields, expected 2"),
        ("path,label\nall/0.png,a\nall/1.png,b\nall/0.png,b\n", "two labels: 'a' in line 2 and 'b' in line 4"),
        ("path,label,split\nall/0.png,a,test\n", "no row is in the train part, only in test"),
        ("path,label,split\nall/0.png,a,train\nall/1.png,c,val\n", "line 3: the class 'c' of the val part has no"),
        ('path,label\nall/0.png,a\n"all/1.png,b\nall/2.png,a\n', "line 3: .*Is a quote open"),
        ('path,label\n"all"/1.png,b\n', "line 2: .*Is a quote open"),
        ("path,label\nall/0.png,a\0b\n", "line 2 holds a zero byte"),
        ("path,label\nall/0.png," + "a" * 70_000 + "\n", "line 2 is longer than 65,536 characters"),
    ],
)
def test_rows_that_cannot_be_meant_so_are_refused_with_their_line(photos, text, message):
    with pytest.raises(DataError, match=message):
        list_csv(photos(text))


def test_another_encoding_is_refused(photos):
    with pytest.raises(DataError, match="is not UTF-8"):
        list_csv(photos("path,label\nall/0.png,été\n", "latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        list_csv(photos("path,label\nall/0.png,a\n", "utf-16"))


def test_more_rows_than_the_limit_are_refused_before_they_are_kept(photos, monkeypatch):
    monkeypatch.setattr(table, "MOST_ROWS", 10)
    with pytest.raises(DataError, match="has more than 10 rows, the limit"):
        list_csv(photos("path,label\n" + rows("ab" * 6)))


def test_a_name_too_long_for_the_file_system_is_missing_not_a_crash(photos):
    listing = list_csv(photos("path,label\n" + rows("ab") + "x" * 5000 + "\\y,a\n"))
    assert len(listing.missing) == 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200) | st.binary(max_size=200))
def test_whatever_lies_in_the_file_is_listed_or_refused(tmp_path, content):
    path = tmp_path / "any.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    with pytest.raises(DataError, match=r"any\.csv"):
        list_csv(path)


LABELS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=12).filter(
    lambda text: text.strip() == text
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LABELS, min_size=1, max_size=12), st.sampled_from(",;\t"))
def test_any_labels_that_python_writes_are_read_back(photos, labels, delimiter):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["path", "label"])
    writer.writerows((f"all/{i}.png", label) for i, label in enumerate(labels))
    assert [file.class_name for file in list_csv(photos(text.getvalue())).files] == labels


def test_splits_of_other_usual_names_are_known(photos):
    rows = "all/0.png,a,Training\nall/1.png,b,training\nall/2.png,a,dev\nall/3.png,b,testing\n"
    listing = list_csv(photos("path,label,split\n" + rows))
    assert {part: len(files) for part, files in listing.parts.items()} == {"train": 2, "val": 1, "test": 1}


def test_labels_are_one_however_their_accents_are_stored(photos):
    listing = list_csv(photos("path,label\nall/0.png,caf\u00e9\nall/1.png,cafe\u0301\nall/2.png,tea\n"))
    assert listing.classes == ["caf\u00e9", "tea"]
    assert [file.class_name for file in listing.files] == ["caf\u00e9", "caf\u00e9", "tea"]


def test_a_label_that_only_looks_like_one_of_train_is_told_apart(photos):
    with pytest.raises(DataError, match="It looks like 'tea', but differs in upper and lower case"):
        list_csv(photos("path,label,split\nall/0.png,tea,train\nall/1.png,bee,train\nall/2.png,Tea,test\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('path,label\nall/0.png,"a\n' + "all/1.png,b\n" * 20_000, "Is a quote open"),
        ("path,label\n" + '"' * 9_999 + "\n", r"Is a quote open|fields, expected"),
        ("," * 60_000 + "\n", "expected the header|expected a header"),
        ("path,label\n" + "x" * 60_000 + ",a\n", "does not exist"),
        ("path,label\nall/0.png,a\rall/1.png,b\r", ""),
    ],
)
def test_absurd_lists_are_refused_or_read(photos, text, message):
    try:
        told = " ".join(lacking.message for lacking in list_csv(photos(text)).missing)
    except DataError as error:
        told = str(error)
    assert re.search(message, told)


def test_paths_are_written_as_a_path_would_be(photos):
    listing = list_csv(photos("path,label\n./all/0.png,a\nall//1.png,b\nall/./2.png,a\nall/../all/3.png,b\n"))
    folder = listing.source.parent
    names = ["all/0.png", "all/1.png", "all/2.png", "all/../all/3.png"]
    assert [file.name for file in listing.files] == [f"{folder}/{name}" for name in names] and not listing.missing
