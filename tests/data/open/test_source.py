import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.load.loader import Loader
from cnnkit.data.open.source import catalogue, data_home, open_data
from cnnkit.data.picture.read import read_picture
from cnnkit.data.sets.image_folder import photo_preprocessing
from cnnkit.data.view.view import view
from cnnkit.errors import DataError, UsageError


@pytest.fixture(autouse=True)
def nothing_fetched(monkeypatch, tmp_path, no_network):
    monkeypatch.setenv("CNNKIT_DATA_HOME", str(tmp_path / "fetched"))
    monkeypatch.chdir(tmp_path)


def test_train_val_and_test_folders_are_used_as_they_are(picture_folder):
    for part, count in (("train", 6), ("val", 3), ("test", 4)):
        folder = picture_folder(below=part, cats=count, dogs=count)
    splits = open_data(folder)
    assert [len(splits.train), len(splits.val), len(splits.test)] == [12, 6, 8]
    assert splits.classes == ["cats", "dogs"] and splits.mirror and splits.name == "photos"
    # All are 20x24 RGB, small enough to be taken as they are.
    assert splits.preprocessing.shape == (20, 24, 3) and splits.notes == []
    assert "12 train, 6 val, 8 test, 2 classes" in splits.found
    sample = splits.test[5]
    assert sample.target == 1 and sample.path == folder / "test" / "dogs" / "001.png"
    np.testing.assert_array_equal(sample.image, np.asarray(Image.open(sample.path)))


def test_without_a_test_part_val_is_the_test_part_and_it_is_told(picture_folder):
    picture_folder(below="train", cats=10, dogs=10)
    folder = picture_folder(below="val", cats=3, dogs=4)
    splits = open_data(folder)
    assert [len(splits.train), len(splits.val), len(splits.test)] == [18, 2, 7]
    assert any("val is the test part" in note for note in splits.notes)


def test_a_flat_folder_is_split_by_the_seed(picture_folder):
    folder = picture_folder(cats=20, dogs=20)
    one, same, other = open_data(folder, seed=1), open_data(folder, seed=1), open_data(folder, seed=2)
    assert [len(one.train), len(one.val), len(one.test)] == [28, 4, 8]
    assert one.fingerprint() == same.fingerprint() != other.fingerprint()
    paths = [sample.path for part in (one.train, one.val, one.test) for sample in part]
    assert len(set(paths)) == 40


def test_a_class_may_be_called_train(picture_folder):
    assert open_data(picture_folder(train=5, plane=5)).classes == ["plane", "train"]


def test_size_and_grey_are_chosen_by_option(picture_folder):
    splits = open_data(picture_folder(cats=5, dogs=5), image_size=16, grey=True)
    assert splits.preprocessing.shape == splits.train[0].image.shape == (16, 16, 1)


def test_small_grey_pictures_are_read_grey_without_being_asked(picture_folder):
    assert open_data(picture_folder(mode="L", cats=5, dogs=5)).preprocessing.shape == (20, 24, 1)


def test_large_pictures_are_scaled_and_it_is_told(picture_folder):
    splits = open_data(picture_folder(size=(200, 300), cats=5, dogs=5))
    assert splits.preprocessing.shape == (64, 64, 3) and any("--image-size" in note for note in splits.notes)


def test_hidden_files_and_what_file_managers_leave_are_ignored(picture_folder):
    folder = picture_folder(cats=5, dogs=5)
    for name in (".DS_Store", "Thumbs.db"):
        (folder / "cats" / name).write_bytes(b"x")
    (folder / ".git").mkdir()
    assert open_data(folder).classes == ["cats", "dogs"]


def test_folders_within_a_class_are_walked_and_links_in_a_circle_end(picture_folder):
    folder = picture_folder(cats=5, dogs=5)
    (folder / "cats" / "more").mkdir()
    (folder / "cats" / "000.png").rename(folder / "cats" / "more" / "x.png")
    (folder / "cats" / "more" / "circle").symlink_to(folder / "cats", target_is_directory=True)
    (folder / "cats" / "nowhere").symlink_to(folder / "missing")
    (folder / "cats" / "nowhere").unlink()
    splits = open_data(folder)
    assert len(splits.train) + len(splits.val) + len(splits.test) == 10


@pytest.mark.parametrize("content", [b"", b"no picture", "cut"])
def test_an_unreadable_file_is_named_and_refused_or_skipped(picture_folder, content):
    folder = picture_folder(cats=6, dogs=6)
    bad = folder / "cats" / "002.png"
    bad.write_bytes(bad.read_bytes()[:400] if content == "cut" else content)
    with pytest.raises(DataError, match=r"1 of 12 files .*cats/002.png .*--on-unreadable skip"):
        open_data(folder)
    splits = open_data(folder, on_unreadable="skip")
    assert len(splits.train) + len(splits.val) + len(splits.test) == 11
    assert any(note.startswith("Skipped: ") and "002.png" in note for note in splits.notes)
    assert sum(len(batch) for batch in Loader(splits.train, 4).epoch(0)) == len(splits.train)


def test_a_class_that_train_lacks_is_named(picture_folder):
    picture_folder(below="train", cats=5, dogs=5)
    folder = picture_folder(below="test", cats=2, cows=2)
    with pytest.raises(DataError, match=r"has the class 'cows', which .* lacks"):
        open_data(folder)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ({"cats": 6}, "all 4 training images are of one class|all 6 training images are of one class"),
        ({"cats": 1, "dogs": 1}, "no images are left|of one class"),
    ],
)
def test_too_few_classes_or_pictures_are_refused(picture_folder, classes, message):
    with pytest.raises(DataError, match=message):
        open_data(picture_folder(**classes))


def test_what_is_no_data_folder_is_refused_with_the_next_move(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose" / "a.txt").write_text("x")
    (tmp_path / "a.zip").write_bytes(b"x")
    (tmp_path / "a.json").write_text("[]")
    (tmp_path / "cifar").mkdir()
    (tmp_path / "cifar" / "data_batch_1.bin").write_bytes(b"x")
    for name, message in [
        ("empty", "holds no data; expected one folder of pictures per class .* images/ and their masks in masks/"),
        ("loose", "holds 1 file but no folder with pictures"),
        ("a.zip", "is a file; expected a folder with data, .* Unpack it first"),
        ("a.json", "is a file; expected .* those of COCO's form are read"),
        ("cifar", "lacks data_batch_2.bin"),
        ("nowhere", "no data folder or file nowhere and no data set of that name"),
        ("mnits", "Did you mean mnist"),
    ]:
        with pytest.raises(DataError, match=message):
            open_data(name)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other names")
def test_a_path_that_is_no_text_is_refused_before_a_run_has_to_note_it(picture_folder, tmp_path):
    folder = picture_folder(cats=5, dogs=5).rename(tmp_path / os.fsdecode(b"\xff"))
    with pytest.raises(DataError, match="is not valid text"):
        open_data(folder)


def test_a_name_that_was_not_fetched_tells_how_to(tmp_path):
    with pytest.raises(DataError, match="cnnkit data fetch mnist"):
        open_data("mnist")
    rows = {row.name: row for row in catalogue()}
    assert rows["digits"].here and not rows["mnist"].here
    assert rows["cifar10"].folder == str(tmp_path / "fetched" / "cifar10")


def test_a_folder_goes_before_a_name(picture_folder):
    picture_folder(cats=5, dogs=5).rename("mnist")
    assert open_data("mnist").classes == ["cats", "dogs"]


def test_fetched_data_lie_where_the_environment_says(monkeypatch):
    monkeypatch.delenv("CNNKIT_DATA_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", "/x")
    assert data_home() == Path("/x/cnnkit")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/me")
    assert data_home() == Path("/home/me/.local/share/cnnkit")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": 0}, "The image size is 0x0"),
        ({"image_size": 32}, "used as they are"),
        ({"grey": False}, "used as they are"),
        ({"image_size": 28, "grey": False}, "used as they are"),
        ({"val_fraction": 1.5}, "a fraction between 0 and 1"),
        ({"on_unreadable": "ignore"}, "expected refuse or skip"),
    ],
)
def test_options_that_cannot_be_meant_so(options, message):
    with pytest.raises(UsageError, match=message):
        open_data("digits", **options)


def test_an_unknown_split_is_refused():
    with pytest.raises(UsageError, match="no split 'tset'"):
        open_data().part("tset")


def test_the_real_ants_and_bees(shared):
    splits = open_data(shared / "data" / "ants-bees", image_size=64)
    assert splits.classes == ["ants", "bees"]
    assert len(splits.train) + len(splits.val) == 245 and len(splits.test) == 153
    batch = next(Loader(splits.train, 16, shuffle=True, augment="strong").epoch(0))
    assert batch.x.shape == (16, 64, 64, 3) and np.isfinite(batch.x).all()


def test_a_very_large_jpeg_is_decoded_at_a_fraction_of_its_size_in_training_too(tmp_path, monkeypatch):
    monkeypatch.setattr("cnnkit.data.picture.read.WHOLE", 1_000_000)
    for name in ("cats", "dogs"):
        (tmp_path / "big" / name).mkdir(parents=True)
        for i in range(3):
            noise = np.random.default_rng(i).integers(0, 256, (75, 100, 3), np.uint8)
            Image.fromarray(noise).resize((1600, 1200)).save(tmp_path / "big" / name / f"{i}.jpg")
    sample = open_data(tmp_path / "big", image_size=64).train[0]
    reduced = read_picture(sample.path, at_least=128)
    assert reduced.size == (200, 150)
    np.testing.assert_array_equal(sample.image, view(reduced, photo_preprocessing((64, 64), grey=False))[0])


def test_the_common_size_is_that_of_the_upright_pictures(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, row in (("top", 0), ("bottom", 88)):
        (tmp_path / name).mkdir()
        for i in range(10):
            upright = Image.new("RGB", (64, 96), (i, i, i))
            upright.paste((255, 255, 255), (0, row, 64, row + 8))
            upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / name / f"{i}.png", exif=exif)
    splits = open_data(tmp_path)
    assert splits.preprocessing.shape == (96, 64, 3)
    for sample in (splits.train[i] for i in range(len(splits.train))):
        assert sample.image[0 if splits.classes[sample.target] == "top" else -1].min() == 255


def test_a_part_that_lacks_a_class_is_opened_and_the_class_named(picture_folder):
    picture_folder(below="train", cats=5, dogs=5)
    splits = open_data(picture_folder(below="test", cats=2))
    assert splits.classes == ["cats", "dogs"] and "The test part has no images of 'dogs'." in splits.notes


def test_a_slip_in_the_name_of_a_folder_gets_the_likely_one(picture_folder, monkeypatch):
    folder = picture_folder(cats=3)
    with pytest.raises(DataError, match=f"Did you mean {folder}\\?"):
        open_data(folder.with_name(folder.name + "s"))
