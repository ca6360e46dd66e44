import errno
import os
import shutil

import pytest

from cnnkit.data.headway import Headway
from cnnkit.data.open.source import open_data
from cnnkit.data.split import new_folder
from cnnkit.data.split.folder import SplitFolder, split_folder
from cnnkit.errors import DataError, ResourceError, UsageError


@pytest.fixture
def photos(picture_folder):
    return picture_folder(cats=20, dogs=10)


def split(data, output, **options) -> SplitFolder:
    *_, result = split_folder(str(data), output, **options)
    assert isinstance(result, SplitFolder)
    return result


def tree(folder):
    """Every file below a folder, and its bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def beside(folder):
    """What lies in the folder's parent, hidden or not."""
    return sorted(path.name for path in folder.parent.iterdir())


def test_the_parts_are_copies_in_class_folders_and_the_source_is_untouched(photos, tmp_path):
    before = tree(photos)
    made = split(photos, tmp_path / "new" / "parts")
    assert tree(photos) == before
    copies = tree(tmp_path / "new" / "parts")
    assert sorted(name.split("/", 1)[1] for name in copies) == sorted(before)
    assert all(before[name.split("/", 1)[1]] == content for name, content in copies.items())
    assert made.parts == {"train": 20, "val": 5, "test": 5}
    assert made.classes == {
        "cats": {"train": 14, "val": 3, "test": 3},
        "dogs": {"train": 6, "val": 2, "test": 2},
    }
    assert made.bytes == sum(map(len, before.values()))
    assert beside(tmp_path / "new" / "parts") == ["parts"]
    splits = open_data(made.folder)
    assert [len(splits.part(part)) for part in ("train", "val", "test")] == [20, 5, 5]


def test_the_seed_draws(photos, tmp_path):
    trees = [
        tree(split(photos, tmp_path / str(k), seed=seed) and tmp_path / str(k)) for k, seed in enumerate((3, 3, 4))
    ]
    assert trees[0] == trees[1] != trees[2]


def test_steps_count_what_was_compared_and_copied(photos, tmp_path):
    steps = [event for event in split_folder(str(photos), tmp_path / "parts") if isinstance(event, Headway)]
    assert steps[0] == Headway("reading headers", 1, 30) and steps[-1] == Headway("copying", 30, 30)


@pytest.mark.parametrize("link", ["hard", "symbolic"])
def test_links_take_no_room_and_read_as_the_pictures(photos, tmp_path, link, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(1, 1, 0))
    split(photos, tmp_path / "parts", link=link)
    for path in (tmp_path / "parts").rglob("*.png"):
        original = photos / path.parent.name / path.name
        assert path.samefile(original) and path.is_symlink() == (link == "symbolic")
    assert len(open_data(tmp_path / "parts").train) == 20


def test_a_linked_picture_is_copied_as_what_it_leads_to(photos, tmp_path):
    (photos / "cats" / "linked.png").symlink_to(photos / "cats" / "000.png")
    made = split(photos, tmp_path / "parts")
    copies = [path for path in (tmp_path / "parts").rglob("*.png") if path.name in ("linked.png", "000.png")]
    parts = {path.parent.parent.name for path in copies if path.parent.name == "cats"}
    assert made.copies == 1 and len(parts) == 1
    assert not any(path.is_symlink() for path in copies)


def test_names_that_meet_get_a_number(picture_folder, tmp_path):
    photos = picture_folder(cats=9, dogs=3)
    for i, deep in enumerate(("north", "south", "a/b/c")):
        (photos / "cats" / deep).mkdir(parents=True)
        for k in range(9):
            shutil.copy(photos / "cats" / f"00{k}.png", photos / "cats" / deep / f"00{k}.{'PNG' if i else 'png'}")
    made = split(photos, tmp_path / "parts", test=0)
    paths = [path.relative_to(tmp_path / "parts").as_posix() for path in (tmp_path / "parts").rglob("*.*")]
    assert len({path.casefold() for path in paths}) == 4 * 9 + 3
    numbers = {path.split("/")[2].split(".")[0][3:] for path in paths if path.startswith("train/cats")}
    assert numbers == {"", "-2", "-3", "-4"}
    assert (made.renamed, made.copies) == (27, 27)


@pytest.mark.parametrize("name", ["with space", "emoji 🐜", "new\nline", os.fsdecode(b"bytes \xff")])
def test_any_name_of_a_folder_or_file_is_kept(photos, tmp_path, name):
    try:
        (photos / "cats").rename(photos / name)
        (photos / name / "000.png").rename(photos / name / f"{name}.png")
    except OSError:
        pytest.skip("this file system refuses the name")
    made = split(photos, tmp_path / "parts")
    assert made.classes[name]["train"] == 14
    assert len(list((tmp_path / "parts").glob(f"*/{name}/{name}.png"))) == 1


def test_circles_of_links_end(photos, tmp_path):
    (photos / "cats" / "round").symlink_to(photos)
    assert sum(split(photos, tmp_path / "parts").parts.values()) == 30


def test_a_list_becomes_folders_named_by_its_labels(photos, tmp_path):
    (photos / "cats" / "000.png").rename(photos / "cats" / ".hidden.png")
    rows = [f"photos/{path.relative_to(photos)},{path.parent.name[:-1]} 1" for path in photos.rglob("*.png")]
    (tmp_path / "list.csv").write_text("path,label\n" + "\n".join(rows))
    made = split(tmp_path / "list.csv", tmp_path / "parts")
    assert made.classes == {
        "cat 1": {"train": 14, "val": 3, "test": 3},
        "dog 1": {"train": 6, "val": 2, "test": 2},
    }
    splits = open_data(tmp_path / "parts")
    assert sum(len(splits.part(part)) for part in ("train", "val", "test")) == 30


def test_a_file_that_is_no_picture_is_never_copied(photos, tmp_path):
    (tmp_path / "secret").write_text("key: 1234")
    os.mkfifo(tmp_path / "pipe")
    rows = ["secret,cat", "photos/cats/000.png,cat", "photos/dogs/000.png,dog"]
    (tmp_path / "list.csv").write_text("\n".join(["path,label", *rows]))
    with pytest.raises(DataError, match=r"1 of 3 files in .* cannot be read.*secret is not a picture"):
        split(tmp_path / "list.csv", tmp_path / "parts")
    (photos / "cats" / "000.png").unlink()
    (tmp_path / "pipe").rename(photos / "cats" / "000.png")
    with pytest.raises(DataError, match="not a regular file"):
        split(photos, tmp_path / "parts")
    assert not (tmp_path / "parts").exists()


@pytest.mark.parametrize("label", ["../up", ".hidden", "a/b", "__MACOSX"])
def test_a_label_that_cannot_name_a_folder_is_refused(photos, tmp_path, label):
    (tmp_path / "list.csv").write_text(f"path,label\nphotos/cats/000.png,{label}\nphotos/dogs/000.png,dog\n")
    with pytest.raises(DataError, match="cannot name a folder"):
        split(tmp_path / "list.csv", tmp_path / "parts")
    assert not (tmp_path / "parts").exists()


def test_small_classes_are_told(picture_folder, tmp_path):
    made = split(picture_folder(cats=10, dogs=1, eels=2), tmp_path / "parts")
    assert made.classes["dogs"] == {"train": 1, "val": 0, "test": 0}
    assert made.notes == ["Too few pictures for val: dogs, eels.", "Too few pictures for test: dogs."]


def test_too_few_pictures_for_a_part_are_refused(picture_folder, tmp_path):
    photos = picture_folder(cats=2, dogs=2)
    with pytest.raises(DataError, match=r"too few pictures for a val part: 4 in 2 classes.*--val 0"):
        split(photos, tmp_path / "parts")
    assert split(photos, tmp_path / "parts", val=0).parts == {"train": 2, "test": 2}


def test_what_is_divided_or_no_pictures_is_refused_with_a_way_out(picture_folder, tmp_path):
    with pytest.raises(UsageError, match=r"holds arrays.*--val-fraction"):
        split("digits", tmp_path / "parts")
    photos = picture_folder("train", cats=3, dogs=3)
    picture_folder("val", cats=3, dogs=3)
    with pytest.raises(UsageError, match="has parts already: train, val"):
        split(photos, tmp_path / "parts")
    shutil.rmtree(photos / "train" / "dogs")
    with pytest.raises(DataError, match="of one class"):
        split(photos / "train", tmp_path / "parts")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no data"):
        split(tmp_path / "empty", tmp_path / "parts")
    (tmp_path / "list.csv").write_text("path,label\nnowhere.png,cat\nphotos/train/cats/000.png,dog\n")
    with pytest.raises(DataError, match=r"1 of 2 files in .* are missing"):
        split(tmp_path / "list.csv", tmp_path / "parts")
    assert not (tmp_path / "parts").exists()


def test_an_output_in_use_is_refused(photos, tmp_path, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept").touch()
    (tmp_path / "file").touch()
    for output, text in [
        (tmp_path / "full", "is not empty"),
        (tmp_path / "file", "is a file"),
        (photos, "is not empty"),
        (photos / "cats" / "parts", "is inside"),
        (tmp_path / "file" / "parts", "cannot be written"),
        (tmp_path / ("a" * 300), "cannot be written"),
        (tmp_path / os.fsdecode(b"bytes \xff"), "not valid text"),
    ]:
        with pytest.raises(UsageError, match=text):
            split(photos, output)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(UsageError, match="the folder you are in"):
        split(photos, tmp_path / "here")
    assert (tmp_path / "full" / "kept").exists()


def test_an_empty_folder_may_be_the_output(photos, tmp_path):
    (tmp_path / "parts").mkdir()
    assert sum(split(photos, tmp_path / "parts").parts.values()) == 30


def test_too_little_disk_is_seen_before_anything_is_copied(photos, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9, 100_000))
    with pytest.raises(ResourceError, match=r"Copies of 30 files take 0\.1 MB, but 0\.1 MB are free.*--link symbolic"):
        split(photos, tmp_path / "parts")
    assert beside(tmp_path / "parts") == ["photos"]


@pytest.mark.parametrize(
    ("code", "link", "kind", "text"),
    [
        (errno.ENOSPC, "none", ResourceError, "no space left to write"),
        (errno.EACCES, "none", UsageError, "cannot be written"),
        (errno.EXDEV, "hard", UsageError, "--link symbolic or --link none"),
        (errno.EPERM, "symbolic", UsageError, "Use --link none"),
    ],
)
def test_a_failure_on_the_way_leaves_nothing(photos, tmp_path, monkeypatch, code, link, kind, text):
    put = new_folder.put

    def fail(source, target, link, size):
        if target.name == "005.png":
            raise OSError(code, os.strerror(code), str(target))
        put(source, target, link, size)

    monkeypatch.setattr(new_folder, "put", fail)
    with pytest.raises(kind, match=text):
        split(photos, tmp_path / "parts", link=link)
    assert beside(tmp_path / "parts") == ["photos"]


def test_an_interruption_leaves_nothing(photos, tmp_path):
    events = split_folder(str(photos), tmp_path / "parts")
    for event in events:
        if isinstance(event, Headway) and event.what == "copying" and event.done == 3:
            break
    assert len(beside(tmp_path / "parts")) == 2
    events.close()
    assert beside(tmp_path / "parts") == ["photos"]


@pytest.mark.parametrize(("what", "text"), [("changes", "changed while"), ("goes", "cannot be read")])
def test_a_picture_that_changes_or_goes_while_it_is_copied_is_named(photos, tmp_path, what, text):
    events = split_folder(str(photos), tmp_path / "parts")
    while not (isinstance(event := next(events), Headway) and event.what == "copying"):
        pass
    for path in photos.rglob("*.png"):
        if what == "goes":
            path.unlink()
        else:
            path.write_bytes(b"new")
    with pytest.raises(DataError, match=text):
        list(events)
    assert beside(tmp_path / "parts") == ["photos"]
