import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photos(tmp_path, rng):
    for name in ("ants", "bees"):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for i in range(10):
            Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(folder / f"{i}.png")
    return tmp_path / "photos"


def test_a_sheet_is_drawn_and_described(cnnkit, photos, empty_folder):
    ended = cnnkit("data", "show", photos, "-o", "sheet.png", "--count", 3)
    assert ended.code == 0
    assert "3 images of train, 16x16 RGB" in ended.out
    assert "strong (what a training would choose)" in ended.out
    with Image.open(empty_folder / "sheet.png") as picture:
        assert picture.width > 1000


def test_the_record_names_the_samples(cnnkit, photos):
    ended = cnnkit("data", "show", photos, "-o", "sheet.webp", "--augment", "light", "--count", 2, "--json")
    record = ended.json
    assert (record["sheet"], record["augment"], record["augment_chosen"], record["epochs"]) == (
        "sheet.webp",
        "light",
        False,
        6,
    )
    assert [sample["class"] for sample in record["samples"]] == ["ants", "bees"]
    assert all(sample["path"].startswith(str(photos)) for sample in record["samples"])


def test_the_same_seed_draws_the_same_sheet(cnnkit, photos, empty_folder):
    for name, seed in (("a.png", 1), ("b.png", 1), ("c.png", 2)):
        assert cnnkit("data", "show", photos, "-o", name, "--seed", seed).code == 0
    a, b, c = ((empty_folder / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("split", ["val", "test"])
def test_the_other_parts_are_shown_as_they_are(cnnkit, split):
    ended = cnnkit("data", "show", "digits", "-o", "sheet.png", "--split", split)
    assert "none (only train is changed)" in ended.out


def test_a_sheet_that_exists_is_kept_unless_told(cnnkit, photos, empty_folder):
    (empty_folder / "sheet.png").write_text("mine")
    ended = cnnkit("data", "show", photos, "-o", "sheet.png")
    assert (ended.code, (empty_folder / "sheet.png").read_text()) == (2, "mine")
    assert "--exist-ok" in ended.err
    assert cnnkit("data", "show", photos, "-o", "sheet.png", "--exist-ok").code == 0


def test_what_cannot_be_meant_ends_with_2_and_what_cannot_be_read_with_3(cnnkit, photos, tmp_path):
    (tmp_path / "empty").mkdir()
    for code, arguments in [
        (2, [photos]),
        (2, [photos, "-o", "sheet.txt"]),
        (2, [photos, "-o", "sheet.png", "--augment", "wild"]),
        (2, [photos, "-o", "sheet.png", "--count", "0"]),
        (2, ["digits", "-o", "sheet.png", "--image-size", "64"]),
        (3, [tmp_path / "empty", "-o", "sheet.png"]),
        (3, ["minst", "-o", "sheet.png"]),
    ]:
        ended = cnnkit("data", "show", *arguments)
        assert (ended.code, ended.out) == (code, ""), arguments
        assert ended.err
