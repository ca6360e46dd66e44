"""From folders to data: what values mean, which are void, how pictures are fitted, what is refused and why."""

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.layout.masks.published import VOC
from cnnkit.data.open.masks import fit as fitting
from cnnkit.data.open.masks import survey as surveying
from cnnkit.data.open.source import open_data
from cnnkit.data.sets.masks.colours import distinct_colours
from cnnkit.data.targets import VOID
from cnnkit.errors import DataError, UsageError

FILES = {f"images/{n}.png": f"masks/{n}.png" for n in "abcdefgh"}
BLACK_WHITE_RED = [0, 0, 0, 255, 255, 255, 255, 0, 0]


def labels_of(splits):
    """The different labels of all masks."""
    parts = [splits.part(part) for part in ("train", "val", "test")]
    return set(np.unique(np.concatenate([part[i].target.labels.ravel() for part in parts for i in range(len(part))])))


def meant(splits):
    return splits.classes, labels_of(splits)


def colours(*rows):
    """An RGB mask of 12x16 with a band of each colour."""
    return Image.fromarray(np.repeat(np.array(rows, np.uint8), 12 // len(rows), axis=0)[:, None].repeat(16, axis=1))


def write_masks(root, picture, names="abcdefgh"):
    for name in names:
        picture.save(root / f"masks/{name}.png")


@pytest.mark.parametrize(
    ("values", "classes", "labels"),
    [
        (((0, 1), (1, 2)), ["class 0", "class 1", "class 2"], {0, 1, 2}),
        (((0, 255), (0, 255)), ["background", "foreground"], {0, 1}),
        (((0, 1), (0, 1)), ["background", "foreground"], {0, 1}),
        (((0, 1), (2, 255)), ["class 0", "class 1", "class 2"], {0, 1, 2, VOID}),
        (((0, 15), (255, 255)), ["class 0", "class 15"], {0, 1, VOID}),
        (((0, 128), (255, 255)), ["class 0", "class 128", "class 255"], {0, 1, 2}),
        (((1, 5), (5, 9)), ["class 1", "class 5", "class 9"], {0, 1, 2}),
    ],
)
def test_values_are_classes_and_255_is_void_beside_class_numbers_alone(pairs_folder, values, classes, labels):
    splits = open_data(pairs_folder(FILES, values))
    assert meant(splits) == (classes, labels)
    assert splits.task == "segmentation" and not splits.train.labelled
    assert len(set(splits.colours)) == len(classes)


@pytest.mark.parametrize(
    ("values", "ignore", "classes", "labels"),
    [
        (((0, 255), (0, 7)), "none", ["class 0", "class 7", "class 255"], {0, 1, 2}),
        (((0, 1), (7, 255)), "7", ["background", "foreground"], {0, 1, VOID}),
        (((0, 1), (7, 8)), "0,7", ["class 1", "class 8"], {0, 1, VOID}),
    ],
)
def test_a_user_says_what_is_void(pairs_folder, values, ignore, classes, labels):
    assert meant(open_data(pairs_folder(FILES, values), ignore=ignore)) == (classes, labels)


@pytest.mark.parametrize("text", ["x", "-1", "256", "1;2", "", "1,,2", "\u0663"])
def test_what_no_mask_can_hold_cannot_be_left_out(pairs_folder, text):
    with pytest.raises(UsageError, match="ignore is"):
        open_data(pairs_folder(FILES), ignore=text)


def test_a_palette_gives_its_colours(pairs_folder):
    splits = open_data(pairs_folder(FILES, palette=BLACK_WHITE_RED))
    assert splits.colours == ((0, 0, 0), (255, 255, 255), (255, 0, 0))
    assert meant(splits) == (["class 0", "class 1", "class 2"], {0, 1, 2})


@pytest.mark.parametrize("mode", ["1", "I;16"])
def test_one_bit_and_sixteen_bits_are_masks_too(pairs_folder, mode):
    splits = open_data(pairs_folder(FILES, ((0, 1), (1, 1)) if mode == "I;16" else ((0, 255), (255, 255)), mode=mode))
    assert meant(splits) == (["background", "foreground"], {0, 1})


def test_names_come_from_a_list_beside_the_data(pairs_folder):
    root = pairs_folder(FILES, ((0, 1), (2, 255)))
    (root / "classes.txt").write_text("ground\nroad\ncar\n")
    assert meant(open_data(root)) == (["ground", "road", "car"], {0, 1, 2, VOID})


def test_two_names_name_black_and_white(pairs_folder):
    root = pairs_folder(FILES, ((0, 255), (0, 255)))
    (root / "classes.txt").write_text("membrane\ncell\n")
    assert meant(open_data(root)) == (["membrane", "cell"], {0, 1})


def test_a_name_that_means_no_class_is_void(pairs_folder):
    root = pairs_folder(FILES)
    (root / "classes.txt").write_text("ground\nroad\nvoid\n")
    splits = open_data(root)
    assert meant(splits) == (["ground", "road"], {0, 1, VOID})
    assert any("Pixels of 2 (void) are void" in note for note in splits.notes)
    assert open_data(root, ignore="none").classes == ["ground", "road", "void"]


def test_colours_that_a_list_tells_are_classes(pairs_folder):
    root = pairs_folder(FILES)
    write_masks(root, colours((0, 0, 0), (64, 0, 128), (9, 9, 9)))
    (root / "class_dict.csv").write_text("name,r,g,b\nCar,64,0,128\nVoid,0,0,0\nRoad,9,9,9\n")
    splits = open_data(root)
    assert meant(splits) == (["Car", "Road"], {0, 1, VOID})
    assert splits.colours == ((64, 0, 128), (9, 9, 9))
    assert splits.train[0].target.labels[:, 0].tolist() == [VOID] * 4 + [0] * 4 + [1] * 4


def test_palettes_that_differ_are_read_by_the_colours_that_a_list_tells(pairs_folder):
    root = pairs_folder(FILES, ((0, 1), (0, 1)), palette=BLACK_WHITE_RED)
    other = Image.fromarray(np.repeat(np.uint8([[0], [1]]), 6, axis=0).repeat(16, axis=1))
    other.putpalette([255, 255, 255, 0, 0, 0])
    other.save(root / "masks/a.png")
    with pytest.raises(DataError, match=r"palettes of masks differ: value 0 is \(255, 255, 255\) in .*a\.png"):
        open_data(root)
    (root / "classes.txt").write_text("night,0,0,0\nday,255,255,255\n")
    assert meant(open_data(root)) == (["night", "day"], {0, 1})


def test_greys_saved_as_rgb_are_numbers(pairs_folder):
    root = pairs_folder(FILES)
    write_masks(root, colours((0, 0, 0), (1, 1, 1), (2, 2, 2)))
    assert open_data(root).classes == ["class 0", "class 1", "class 2"]


def test_vocs_own_pictures_have_vocs_names_and_others_do_not(pairs_folder):
    names = [f"2007_00000{n}" for n in range(6)]
    palette = [level for colour in distinct_colours(21) for level in colour]
    files = {f"JPEGImages/{name}.jpg": f"SegmentationClass/{name}.png" for name in names}
    splits = open_data(pairs_folder(files, ((0, 15), (2, 255)), palette=palette))
    assert splits.classes == list(VOC) and splits.colours == distinct_colours(21)
    assert labels_of(splits) == {0, 2, 15, VOID}
    assert any("No training mask has a pixel of 'aeroplane'" in note for note in splits.notes)


def test_others_use_vocs_folders_for_classes_of_their_own(pairs_folder):
    files = {f"JPEGImages/{name}.jpg": f"SegmentationClass/{name}.png" for name in "abcdef"}
    palette = [level for colour in distinct_colours(21) for level in colour]
    splits = open_data(pairs_folder(files, ((0, 1), (2, 255)), palette=palette))
    assert splits.classes == ["class 0", "class 1", "class 2"] and splits.colours == distinct_colours(3)


def test_camvids_void_is_11(pairs_folder):
    files = {f"train/{n}.png": f"trainannot/{n}.png" for n in "abcdef"}
    splits = open_data(pairs_folder(files, (tuple(range(6)), tuple(range(6, 12)))))
    assert len(splits.classes) == 11 and splits.classes[:2] == ["Sky", "Building"]
    assert labels_of(splits) == {*range(11), VOID}
    few = open_data(pairs_folder(files, ((0, 3), (4, 8))), learn=False)
    assert few.classes == splits.classes


def test_a_few_masks_in_camvids_folders_are_not_taken_for_camvid(pairs_folder):
    files = {f"train/{n}.png": f"trainannot/{n}.png" for n in "abcdef"}
    assert open_data(pairs_folder(files, ((0, 1), (0, 1)))).classes == ["background", "foreground"]


def test_pictures_keep_their_size_unless_asked_otherwise(pairs_folder):
    root = pairs_folder(FILES)
    splits = open_data(root)
    assert splits.preprocessing.fit == "keep" and splits.preprocessing.shape == (12, 16, 3)
    Image.new("RGB", (20, 30)).save(root / "images/a.png")
    Image.fromarray(np.zeros((30, 20), np.uint8)).save(root / "masks/a.png")
    splits = open_data(root)
    assert splits.preprocessing.shape == (256, 256, 3)
    assert any("windows of 256x256" in note for note in splits.notes)
    shapes = {part[i].image.shape for part in (splits.train, splits.test, splits.val) for i in range(len(part))}
    assert shapes == {(12, 16, 3), (30, 20, 3)}
    assert open_data(root, image_size=(8, 10)).preprocessing.shape == (8, 10, 3)


@pytest.mark.parametrize("fit", ["crop", "stretch", "letterbox"])
def test_with_another_fit_picture_and_mask_are_brought_to_the_size_together(pairs_folder, fit):
    root = pairs_folder(FILES, ((0, 1), (1, 2)), size=(24, 48))
    splits = open_data(root, fit=fit, image_size=16)
    sample = splits.train[0]
    assert sample.image.shape == (16, 16, 3) and sample.target.labels.shape == (16, 16)
    rows = [int(row[8]) for row in sample.target.labels]
    assert rows == ([VOID] * 4 + [1] * 4 + [2] * 4 + [VOID] * 4 if fit == "letterbox" else [1] * 8 + [2] * 8)


def test_large_pictures_are_scaled_as_a_whole_and_that_is_said(pairs_folder, monkeypatch):
    monkeypatch.setattr(fitting, "TOO_LARGE", 20)
    splits = open_data(pairs_folder(FILES, size=(24, 48)))
    assert splits.preprocessing.fit == "letterbox"
    assert any("--fit keep" in note for note in splits.notes)


def test_grey_pictures_are_read_as_grey(pairs_folder):
    root = pairs_folder(FILES)
    for n in "abcdefgh":
        Image.open(root / f"images/{n}.png").convert("L").save(root / f"images/{n}.png")
    assert open_data(root).train[0].image.shape == (12, 16, 1)


def test_a_changed_mask_is_a_changed_sample(pairs_folder):
    root = pairs_folder(FILES)
    before = open_data(root)
    checksum = before.fingerprint()
    marks = {before.train.path(i): before.train.mark(i) for i in range(len(before.train))}
    name = next(iter(marks))
    labels = np.asarray(Image.open(root / f"masks/{name.name}")).copy()
    labels[0, 0] = 2
    Image.fromarray(labels).save(root / f"masks/{name.name}")
    after = open_data(root)
    assert after.fingerprint() != checksum
    changed = [
        path
        for i, path in enumerate(map(after.train.path, range(len(after.train))))
        if marks[path] != after.train.mark(i)
    ]
    assert changed == [name]


def test_what_values_mean_is_part_of_the_checksum(pairs_folder):
    root = pairs_folder(FILES)
    assert open_data(root).fingerprint() != open_data(root, ignore="2").fingerprint()


def test_masks_are_decoded_once_and_kept(pairs_folder):
    train = open_data(pairs_folder(FILES)).train
    assert not train.decodes and train[0].target.labels is train[0].target.labels
    assert not train[0].image.flags.writeable


def jpeg(root):
    Image.open(root / "masks/a.png").convert("L").save(root / "masks/a.jpg")
    (root / "masks/a.png").unlink()


def colour(root):
    write_masks(root, colours((0, 0, 0), (64, 0, 128)), "a")


def other_size(root):
    Image.fromarray(np.zeros((12, 15), np.uint8)).save(root / "masks/a.png")


def on_its_side(root):
    Image.fromarray(np.zeros((16, 12), np.uint8)).save(root / "masks/a.png")


def deep(root):
    Image.fromarray(np.full((12, 16), 4000, np.uint16)).save(root / "masks/a.png")


def without_mask(root):
    (root / "masks/a.png").unlink()


def without_picture(root):
    (root / "images/a.png").unlink()


def broken_mask(root):
    (root / "masks/a.png").write_bytes((root / "masks/a.png").read_bytes()[:40])


def broken_picture(root):
    (root / "images/a.png").write_bytes((root / "images/a.png").read_bytes()[:40])


BAD = {
    jpeg: (r"a\.jpg is a JPEG file", "Save masks as PNG"),
    other_size: (r"a\.png is 12x16 \(height x width\), but its mask .* is 12x15", "Does it belong to another picture"),
    on_its_side: (r"its mask .* is 16x12", "turned on its side"),
    deep: (r"values from 4000 to 4000", "PNG of 8 bits"),
    without_mask: (r"a\.png has no mask; expected one named a\.png", "--on-unreadable skip"),
    without_picture: (r"mask .*a\.png has no picture", "--on-unreadable skip"),
    broken_mask: (r"masks/a\.png", "damaged|cannot be read"),
    broken_picture: (r"images/a\.png", "damaged|cannot be read"),
}


@pytest.mark.parametrize("harm", BAD, ids=lambda harm: harm.__name__)
def test_a_bad_pair_is_named_and_can_be_skipped(pairs_folder, harm):
    root = pairs_folder(FILES)
    harm(root)
    for said in BAD[harm]:
        with pytest.raises(DataError, match=said):
            open_data(root)
    splits = open_data(root, on_unreadable="skip")
    assert sum(len(splits.part(part)) for part in ("train", "val", "test")) == len(FILES) - 1
    assert any(note.startswith("Skipped: ") for note in splits.notes)


# What scaling a mask of 0 and 255 smoothly leaves: many values with gaps, or all that there are.
BLURRED = (np.arange(192) * 255 // 191).reshape(12, 16)
ALL = np.arange(256).reshape(16, 16)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (((0, 0), (0, 0)), "all pixels of the 8 masks are of one class"),
        (((255, 255), (255, 255)), "all pixels of the 8 masks are of one class"),
        (BLURRED, "191 different values from 0 to 253. Were they scaled or blurred"),
        (ALL, "scaled or blurred"),
    ],
)
def test_masks_that_cannot_be_learned_are_refused(pairs_folder, values, said):
    with pytest.raises(DataError, match=said):
        open_data(pairs_folder(FILES, values, size=np.shape(values) if len(values) > 2 else (12, 16)))


def test_unknown_colours_are_refused_with_the_way_out(pairs_folder):
    root = pairs_folder(FILES)
    colour(root)
    with pytest.raises(DataError, match=r"has the colours \(0, 0, 0\), \(64, 0, 128\), and.*name,red,green,blue"):
        open_data(root)
    (root / "classes.txt").write_text("a,0,0,0\nb,1,1,1\n")
    with pytest.raises(DataError, match=r"colour \(64, 0, 128\), which .*classes\.txt does not name"):
        open_data(root)


def test_a_list_with_too_few_or_too_many_names_is_refused(pairs_folder):
    root = pairs_folder(FILES)
    (root / "classes.txt").write_text("ground\nroad\n")
    with pytest.raises(DataError, match=r"has the value 2, but .*classes\.txt names 2 classes.*--ignore 2"):
        open_data(root)
    (root / "classes.txt").write_text("ground\nroad\ncar\ntree\n")
    with pytest.raises(DataError, match=r"names 'tree', but no mask has a pixel of value 3"):
        open_data(root)
    (root / "classes.txt").write_text("0,ground\n1,road\n2,car\n")
    assert open_data(root).classes == ["ground", "road", "car"]


def test_black_and_white_beside_class_numbers_is_refused(pairs_folder):
    files = {f"{part}/images/{n}.png": f"{part}/masks/{n}.png" for part in ("train", "val") for n in "abc"}
    root = pairs_folder(files, ((0, 255), (255, 0)))
    for n in "abc":
        Image.fromarray(np.eye(12, 16, dtype=np.uint8)).save(root / f"val/masks/{n}.png")
    with pytest.raises(DataError, match="masks of the train part hold 0 and 255 alone"):
        open_data(root)


def test_a_value_that_was_not_seen_at_opening_is_refused_as_it_is_read(pairs_folder, monkeypatch):
    root = pairs_folder(FILES)
    monkeypatch.setattr(surveying, "SURVEYED", 4)
    Image.fromarray(np.full((12, 16), 9, np.uint8)).save(root / "masks/b.png")
    with pytest.raises(DataError, match=r"b\.png has the value 9 in 192 pixels, which is none of the 3 classes"):
        open_data(root)


def test_masks_are_wanted_and_there_are_none(picture_folder):
    with pytest.raises(DataError, match="holds no pictures with masks"):
        open_data(picture_folder(cats=3, dogs=3), task="segmentation")


def test_two_folders_are_classes_where_a_user_says_so(pairs_folder):
    root = pairs_folder(FILES)
    assert open_data(root).task == "segmentation"
    splits = open_data(root, task="classification")
    assert (splits.task, splits.classes) == ("classification", ["images", "masks"])


def test_keeping_their_size_is_for_pictures_with_masks(picture_folder):
    with pytest.raises(UsageError, match="keep is for pictures with masks"):
        open_data(picture_folder(cats=5, dogs=5), fit="keep")
    with pytest.raises(UsageError, match="--fit is for pictures in files"):
        open_data("digits", fit="crop")


def photo_on_its_side(path):
    """A camera's note says to turn what is stored as 12x16 to 16x12."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.random.default_rng(5).integers(0, 256, (12, 16, 3), np.uint8)).save(path, exif=exif)


def test_a_photo_is_turned_upright_and_its_mask_must_be_so(pairs_folder):
    root = pairs_folder({f"images/{n}.jpg": f"masks/{n}.png" for n in "abcdefgh"})
    photo_on_its_side(root / "images/a.jpg")
    with pytest.raises(DataError, match=r"a\.jpg is 16x12 .* turned on its side, as where a camera's note"):
        open_data(root)
    Image.fromarray(np.eye(16, 12, dtype=np.uint8)).save(root / "masks/a.png")
    splits = open_data(root)
    parts = [splits.part(part) for part in ("train", "val", "test")]
    (turned,) = [part[i] for part in parts for i in range(len(part)) if part.path(i).name == "a.jpg"]
    assert turned.image.shape == (16, 12, 3) and turned.target.labels.shape == (16, 12)


@pytest.mark.parametrize(
    ("values", "network", "classes", "labels"),
    [
        (((0, 2), (255, 2)), ["ground", "road", "car"], ["ground", "road", "car"], {0, 2, VOID}),
        (((0, 0), (0, 0)), ["background", "foreground"], ["background", "foreground"], {0}),
        (((255, 0), (255, 0)), ["background", "foreground"], ["background", "foreground"], {0, 1}),
        (((255, 0), (255, 0)), ["ground", "road", "car"], ["background", "foreground"], {0, 1}),
        (((0, 2), (0, 2)), ["class 0", "class 1", "class 2"], ["class 0", "class 2"], {0, 1}),
        (((0, 9), (1, 9)), ["ground", "road", "car"], ["class 0", "class 1", "class 9"], {0, 1, 2}),
    ],
)
def test_masks_without_names_are_taken_for_the_classes_of_a_network_that_they_judge(
    pairs_folder, values, network, classes, labels
):
    splits = open_data(pairs_folder(FILES, values), learn=False, network=network)
    assert meant(splits) == (classes, labels)
    assert any("in their order" in note for note in splits.notes) == (classes == network)
