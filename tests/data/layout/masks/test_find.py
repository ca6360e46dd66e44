"""Every usual layout of pictures and masks is known by its names, and class folders are taken for none."""

import pytest

from cnnkit.data.layout.masks.find import find_pairs

LAYOUTS = {
    "images and masks": {f"images/{n}.jpg": f"masks/{n}.png" for n in "abc"},
    "image and label, with part": {f"train/image/{n}.png": f"train/label/{n}.png" for n in "abc"},
    "in one folder more": {f"set/imgs/{n}.jpg": f"set/labels/{n}.png" for n in "abc"},
    "below other folders": {f"images/{n}/{n}.jpg": f"annotations/trimaps/{n}.png" for n in "abc"},
    "names with ends": {f"images/{n}.jpg": f"masks/{n}_mask.png" for n in "abc"},
    "names with starts": {f"images/image_{n}.jpg": f"masks/mask_{n}.png" for n in "abc"},
    "CamVid's first names": {f"701_StillsRaw_full/{n}.png": f"LabeledApproved_full/{n}_L.png" for n in "abc"},
    "beside each other": {f"{n}.jpg": f"{n}_mask.png" for n in "abc"},
    "train and train_masks": {f"train/{n}.jpg": f"train_masks/{n}_mask.png" for n in "abc"},
}
PARTED = {
    "parts around": {
        f"{part}/images/{part}{n}.jpg": f"{part}/masks/{part}{n}.png"
        for part in ("train", "valid", "test")
        for n in "ab"
    },
    "parts within": {
        f"images/{part}/{n}.jpg": f"annotations/{part}/{n}.png" for part in ("training", "val", "test") for n in "ab"
    },
    "CamVid": {f"{part}/{n}.png": f"{part}annot/{n}.png" for part in ("train", "val", "test") for n in "ab"},
    "Kaggle's CamVid": {
        f"{part}/{n}.png": f"{part}_labels/{n}_L.png" for part in ("train", "val", "test") for n in "ab"
    },
    "Cityscapes": {
        f"leftImg8bit/{part}/ulm/{n}_leftImg8bit.png": f"gtFine/{part}/ulm/{n}_gtFine_labelIds.png"
        for part in ("train", "val", "test")
        for n in "ab"
    },
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_folder_without_parts_is_read_whatever_its_folders_are_called(pairs_folder, name):
    root = pairs_folder(LAYOUTS[name])
    listing = find_pairs(root)
    assert [str(pair.path.relative_to(root)) for pair in listing.parts["train"]] == list(LAYOUTS[name])
    assert {pair.mask for pair in listing.pairs} == {str(root / mask) for mask in LAYOUTS[name].values()}
    assert not listing.split and not listing.lacking


@pytest.mark.parametrize("name", PARTED)
def test_parts_are_found_around_and_within(pairs_folder, name):
    root = pairs_folder(PARTED[name])
    listing = find_pairs(root)
    assert {part: len(pairs) for part, pairs in listing.parts.items()} == {"train": 2, "val": 2, "test": 2}
    masks = {str(pair.path): pair.mask for pair in listing.pairs}
    assert masks == {str(root / picture): str(root / mask) for picture, mask in PARTED[name].items()}


def test_other_files_of_cityscapes_are_no_masks(pairs_folder):
    root = pairs_folder(PARTED["Cityscapes"])
    for end in ("color", "instanceIds"):
        (root / f"gtFine/train/ulm/a_gtFine_{end}.png").write_bytes(b"")
    assert not find_pairs(root).lacking


def test_class_folders_are_no_pictures_with_masks(picture_folder, tmp_path):
    assert find_pairs(picture_folder(cats=3, dogs=3)) is None
    assert find_pairs(picture_folder("train", images=3, others=2)) is None
    assert find_pairs(tmp_path / "nothing") is None


def test_most_pictures_must_have_masks(pairs_folder):
    root = pairs_folder({"images/a.jpg": "masks/a.png", "images/b.jpg": "masks/x.png", "images/c.jpg": "masks/y.png"})
    assert find_pairs(root) is None


def test_what_has_no_partner_is_told(pairs_folder):
    root = pairs_folder({f"images/{n}.jpg": f"masks/{n}.png" for n in "abcd"})
    (root / "masks/a.png").unlink()
    (root / "images/b.jpg").unlink()
    messages = [lacking.message for lacking in find_pairs(root).lacking]
    assert len(messages) == 2
    assert "a.jpg has no mask; expected one named a.png" in messages[0]
    assert "b.png has no picture" in messages[1]


def test_test_pictures_without_any_mask_are_no_part(pairs_folder):
    root = pairs_folder({f"{part}/images/{n}.jpg": f"{part}/masks/{n}.png" for part in ("train", "test") for n in "ab"})
    for n in "ab":
        (root / f"test/masks/{n}.png").unlink()
    listing = find_pairs(root)
    assert list(listing.parts) == ["train"]
    assert "test pictures" in listing.notes[0] and "not used" in listing.notes[0]


def voc(pairs_folder, names, lists):
    root = pairs_folder({f"VOC2012/JPEGImages/{name}.jpg": f"VOC2012/SegmentationClass/{name}.png" for name in names})
    folder = root / "VOC2012/ImageSets/Segmentation"
    folder.mkdir(parents=True)
    for part, own in lists.items():
        (folder / f"{part}.txt").write_text("\n".join(own) + "\n")
    return root


def test_vocs_lists_say_which_picture_is_in_which_part(pairs_folder):
    names = [f"2007_00000{n}" for n in range(6)]
    root = voc(
        pairs_folder, names, {"train": names[:3], "val": names[3:5], "trainval": names[:5], "test": ["2008_000009"]}
    )
    listing = find_pairs(root)
    assert {part: [pair.path.stem for pair in pairs] for part, pairs in listing.parts.items()} == {
        "train": names[:3],
        "val": names[3:5],
    }
    assert listing.kind == "voc" and not listing.lacking
    assert "test pictures that test.txt names have no masks" in listing.notes[0]


def test_trainval_stands_for_train_where_there_is_none(pairs_folder):
    root = voc(pairs_folder, ["a", "b", "c"], {"trainval": ["a", "b"]})
    assert [pair.path.stem for pair in find_pairs(root).parts["train"]] == ["a", "b"]


def test_a_list_that_names_what_is_not_there_says_so(pairs_folder):
    root = voc(pairs_folder, ["a", "b"], {"train": ["a", "b", "nobody"]})
    assert "train.txt names nobody, but there is no such picture" in find_pairs(root).lacking[0].message


def test_without_lists_only_vocs_pictures_with_masks_are_used(pairs_folder):
    root = pairs_folder({f"JPEGImages/{n}.jpg": f"SegmentationClass/{n}.png" for n in "abcd"})
    for n in "bcd":
        (root / f"SegmentationClass/{n}.png").unlink()
    listing = find_pairs(root)
    assert len(listing.pairs) == 1 and not listing.lacking
    assert "3 pictures have no masks" in listing.notes[0]


def test_lists_of_pairs_are_read_with_the_paths_of_another_machine(pairs_folder):
    root = pairs_folder({f"frames_a/{n}.png": f"classes_a/{n}.png" for n in "abc"})
    lines = [f"/SegNet/CamVid/frames_a/{n}.png /SegNet/CamVid/classes_a/{n}.png" for n in "abcz"]
    (root / "train.txt").write_text("\n".join(lines))
    listing = find_pairs(root)
    assert [pair.path.name for pair in listing.parts["train"]] == ["a.png", "b.png", "c.png"]
    assert "z.png, which is not there" in listing.lacking[0].message
    assert find_pairs(root / "train.txt").pairs == listing.pairs
