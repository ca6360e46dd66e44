import shutil

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.check.quick import quick_check
from cnnkit.data.open.source import open_data
from cnnkit.data.open.splits import split_parts
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.engine.run.overfit import few


@pytest.fixture
def photos(photo_folder):
    return photo_folder(cats=12, dogs=12)


def warnings(folder, **rest):
    return quick_check(open_data(folder, **rest))


def test_sound_data_need_no_words(photos):
    assert warnings(photos) == []


def test_each_doubt_is_a_short_sentence(photos):
    Image.new("RGB", (120, 90), "white").save(photos / "cats" / "gone.jpg")
    shutil.copy(photos / "cats" / "003.jpg", photos / "cats" / "again.jpg")
    with Image.open(photos / "dogs" / "001.jpg") as picture:
        picture.save(photos / "dogs" / "001.jpg", "PNG")
    placeholder, copies, ending = warnings(photos)
    assert placeholder == "1 picture looks like a placeholder: cats/gone.jpg."
    assert copies.startswith("1 picture is there ") and copies.endswith(": cats/003.jpg, cats/again.jpg.")
    assert ending == "1 file is of another format than the ending says: dogs/001.jpg."


def test_the_gravest_of_copies_is_told(photos):
    shutil.copy(photos / "cats" / "003.jpg", photos / "dogs" / "x.jpg")
    (said,) = warnings(photos)
    assert said.startswith("1 picture is there under several labels: ")


def test_files_of_one_length_and_equal_ends_are_no_copies(photos):
    for name, middle in (("a", 10), ("b", 200)):
        picture = Image.new("L", (120, 200), 90)
        picture.paste(middle, (0, 90, 120, 110))
        picture.save(photos / "cats" / f"{name}.bmp")
    assert not [said for said in warnings(photos) if "there" in said]


def test_classes_out_of_balance_are_told_also_of_arrays(photo_folder):
    (said,) = warnings(photo_folder(cats=40, dogs=4))
    assert said.startswith("In train, 'cats' has ") and said.endswith(
        "train with --class-weights balanced to compensate."
    )
    arrays = split_parts(synthetic(60), None, None, found="made", notes=[], seed=0, val_fraction=0.1)
    assert quick_check(arrays) == []


def test_doubts_are_told_the_gravest_first(photo_folder):
    folder = photo_folder(cats=30, dogs=12, fish=1)
    Image.new("RGB", (120, 90), "white").save(folder / "cats" / "gone.jpg")
    shutil.copy(folder / "cats" / "003.jpg", folder / "dogs" / "again.jpg")
    for name in ("001", "002"):
        with Image.open(folder / "dogs" / f"{name}.jpg") as picture:
            picture.save(folder / "dogs" / f"{name}.jpg", "PNG")
    said = warnings(folder)
    assert len(said) == 5
    assert "placeholder" in said[0] and "'fish' 1" in said[-2] and "only one picture of 'fish'" in said[-1]


def test_images_to_learn_by_heart_are_no_copies_of_themselves(photos):
    """The parts are one and the same: only true copies among them are told."""
    splits = few(open_data(photos), 4, seed=0)
    assert quick_check(splits, by_heart=True) == []
    chosen = [splits.train.path(index) for index in range(4)]
    shutil.copy(chosen[0], chosen[2])
    (said,) = quick_check(few(open_data(photos), 4, seed=0), by_heart=True)
    assert said.startswith("1 picture is there more than once: ")


def test_pictures_with_masks_are_glanced_at_without_classes(tmp_path, rng):
    for kind in ("images", "masks"):
        (tmp_path / "cells" / kind).mkdir(parents=True)
    for i in range(12):
        Image.fromarray(rng.integers(0, 256, (20, 40, 3), np.uint8)).save(tmp_path / f"cells/images/{i}.png")
        Image.fromarray(rng.integers(0, 2, (20, 40), np.uint8)).save(tmp_path / f"cells/masks/{i}.png")
    assert quick_check(open_data(tmp_path / "cells")) == []
    for kind in ("images", "masks"):
        (tmp_path / "cells" / kind / "copy.png").write_bytes((tmp_path / "cells" / kind / "3.png").read_bytes())
    (warning,) = quick_check(open_data(tmp_path / "cells"))
    assert "1 picture is there" in warning and "copy.png" in warning
    assert quick_check(open_data("shapes", image_size=16)) == []
