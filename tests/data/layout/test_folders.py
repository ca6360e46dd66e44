import pytest

from cnnkit.data.check.check import check
from cnnkit.data.layout.listing import list_folder
from cnnkit.data.open.source import open_data
from cnnkit.errors import DataError


@pytest.fixture
def files(tmp_path):
    """Make empty files below a folder."""

    def make(*paths):
        for path in paths:
            (tmp_path / "photos" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "photos" / path).touch()
        return tmp_path / "photos"

    return make


def both(part, count=2):
    return [f"{part}/{name}/{i}.png" for name in ("cats", "dogs") for i in range(count)]


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (("training", "testing"), ["train", "test"]),
        (("train", "dev", "test"), ["train", "val", "test"]),
        (("Train", "Valid"), ["train", "val"]),
        (("training_set", "test_set"), ["train", "test"]),
        (("tr", "tst"), ["train", "test"]),
        (("train2017", "val2017"), ["train", "val"]),
        (("train", "dev", "eval"), ["train", "val", "test"]),
        (("seg_train", "seg_test"), ["train", "test"]),
    ],
)
def test_the_usual_names_of_parts_are_taken_as_parts(files, names, parts):
    listing = list_folder(files(*(path for name in names for path in both(name))))
    assert sorted(listing.parts) == sorted(parts) and listing.classes == ["cats", "dogs"]
    assert listing.split and not listing.notes


def test_parts_that_an_archive_packed_twice_are_found(files):
    listing = list_folder(files(*both("seg_train/seg_train"), *both("seg_test/seg_test"), "seg_pred/seg_pred/1.jpg"))
    assert sorted(listing.parts) == ["test", "train"]
    assert listing.notes == ["Not used: seg_pred/ (1 picture)."]


def test_a_name_that_holds_the_word_of_a_part_is_a_class_unless_its_folders_are_those_of_another_part(files):
    assert list_folder(files("test tube/1.png", "train station/1.png")).classes == ["test tube", "train station"]
    assert list_folder(files("test tube/a/2.png", "train station/b/1.png")).classes == ["test tube", "train station"]


def test_every_folder_and_file_beside_the_parts_is_named(files):
    top = files(*both("train"), *both("test"), "extra/cats/1.png", "extra/2.jpg", "val/1.png", "labels.csv", "1.png")
    files("train/notes.md", "train/empty/deep/.hidden", "train/2.png", "README", ".hidden", "test/Thumbs.db")
    assert list_folder(top).notes == [
        "2 pictures are outside the class folders and not used.",
        "Not used: extra/ (2 pictures), val/ (1 picture, in no folder of a class), empty/ (0 pictures), README, "
        "labels.csv and 1 more.",
    ]


def test_what_lies_beside_the_classes_of_a_flat_folder_or_around_it_is_named_too(files):
    listing = list_folder(files("in/cats/1.png", "in/dogs/1.png", "in/cows/.keep", "LICENSE"))
    assert listing.notes[1:] == ["Not used: cows/ (0 pictures), LICENSE."]


@pytest.mark.parametrize("names", [("fold1", "fold2"), ("a", "b", "c"), ("val", "test"), ("lernen", "pruefen")])
def test_classes_that_all_hold_the_same_folders_are_refused(files, names):
    top = files(*(path for name in names for path in both(name)))
    with pytest.raises(DataError, match=r"hold the same folders: cats, dogs.*name the folders around them as parts"):
        list_folder(top)
    with pytest.raises(DataError, match="hold the same folders"):
        list_folder(files(f"{names[0]}/cows/1.png", f"{names[1]}/stray.png"))


def test_folds_that_lack_a_class_are_refused_too(files):
    with pytest.raises(DataError, match="hold the same folders: cats, dogs"):
        list_folder(files(*both("a"), *both("b"), "c/cats/1.png"))
    # A class that holds its pictures itself is a class, and so are the others.
    files("s/a/x/1.png", "s/a/y/1.png", "s/b/x/1.png")
    listing = list_folder(files("s/b/y/1.png", "s/c/1.png") / "s")
    assert listing.classes == ["a", "b", "c"]


def test_parts_within_the_classes_are_refused(files):
    with pytest.raises(DataError, match=r"cats/ holds test, train: parts within a class.*train/cats/ and test/cats/"):
        list_folder(files("cats/train/1.png", "cats/test/2.png", "dogs/train/1.png"))


def test_folders_within_classes_that_do_not_repeat_are_part_of_the_class(files):
    # As in Tiny ImageNet.
    assert list_folder(files("n01/images/1.png", "n02/images/1.png")).classes == ["n01", "n02"]
    listing = list_folder(files("n01/more/1.png", "n02/others/1.png"))
    assert listing.classes == ["n01", "n02"] and not listing.notes


def test_a_lone_training_folder_among_folders_of_pictures_is_asked_about(files):
    top = files("train/steam/1.png", "train/diesel/1.png", "car/1.png", "plane/1.png")
    with pytest.raises(DataError, match=r"train/ with folders of its own, and beside it car, plane with pictures"):
        list_folder(top)


def test_a_list_beside_the_only_folder_of_pictures_is_what_tells_their_classes(files):
    with pytest.raises(
        DataError, match=r"one folder of pictures, all/, and beside it labels\.csv.*--data .*labels\.csv"
    ):
        list_folder(files("all/1.png", "all/2.png", "labels.csv"))
    assert list_folder(files("more/1.png")).classes == ["all", "more"]
    with pytest.raises(DataError, match=r"parts by their names.*--data .*train\.csv"):
        list_folder(files("k/train/1.png", "k/test/2.png", "k/train.csv") / "k")


def test_data_check_says_of_a_layout_without_sense_that_it_cannot_be_used(picture_folder):
    for part in ("fold1", "fold2"):
        folder = picture_folder(below=part, cats=4, dogs=4)
    report = check(folder)
    assert not report.ok and any("hold the same folders" in problem for problem in report.problems)


def test_training_and_testing_are_opened_as_parts(picture_folder):
    for part, count in (("training", 8), ("testing", 3)):
        folder = picture_folder(below=part, cats=count, dogs=count)
    splits = open_data(folder)
    assert splits.classes == ["cats", "dogs"] and len(splits.test) == 6 and len(splits.train) == 14


def test_parts_whose_pictures_lie_in_no_class_are_refused(files):
    # As in CamVid.
    top = files("train/1.png", "trainannot/1.png", "val/2.png", "valannot/2.png")
    with pytest.raises(DataError, match=r"has train, val, parts by their names, with pictures in no folder of a class"):
        list_folder(top)


@pytest.mark.parametrize(("one", "other"), [("image", "label"), ("Images", "masks"), ("JPEGImages", "annotations")])
def test_pictures_and_their_masks_are_no_classes(files, one, other):
    top = files(f"{one}/1.png", f"{other}/1.png")
    with pytest.raises(DataError, match="pictures and their masks"):
        list_folder(top)
    with pytest.raises(DataError, match="pictures and their masks"):
        list_folder(files(f"set/train/{one}/1.png", f"set/train/{other}/1.png").parent / "photos" / "set")
