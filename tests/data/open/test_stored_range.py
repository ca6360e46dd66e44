"""Pictures in files whose white is not that of their format: 0 and 1 in 8 bits, 0 to 4095 in 16."""

import re

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.open.source import open_data
from cnnkit.data.open.stored_range import other_scale, stored_white
from cnnkit.data.view.view import load_image
from cnnkit.errors import DataError


@pytest.fixture
def folder(tmp_path):
    """Save ten grey pictures a class with values up to `high`, as files of 8 or 16 bits; one value is just that."""

    def make(high, kind=np.uint8, name="photos"):
        rng = np.random.default_rng(3)
        for label in ("cats", "dogs"):
            (tmp_path / name / label).mkdir(parents=True)
            for i in range(10):
                levels = rng.integers(0, high + 1, (12, 12))
                levels[0, 0] = high
                Image.fromarray(levels.astype(kind)).save(tmp_path / name / label / f"{i}.png")
        return tmp_path / name

    return make


def all_paths(place):
    return sorted(place.rglob("*.png"))


@pytest.mark.parametrize(
    ("high", "kind", "white"),
    [(1, np.uint8, 1), (15, np.uint8, 15), (4095, np.uint16, 4095), (3000, np.uint16, 4095), (1, np.uint16, 1)],
)
def test_the_scale_of_files_is_told_from_all_that_are_looked_at(folder, high, kind, white):
    place = folder(high, kind)
    splits = open_data(place)
    assert splits.preprocessing.white == white and any("scaled to 0 to 255" in note for note in splits.notes)
    image = load_image(all_paths(place)[0], splits.preprocessing)
    raw = np.asarray(Image.open(all_paths(place)[0])).astype(np.float64)
    np.testing.assert_allclose(image[..., 0], raw * 255 / white, atol=0.51)
    # The same by any door.
    np.testing.assert_array_equal(load_image(Image.open(all_paths(place)[0]), splits.preprocessing), image)
    np.testing.assert_array_equal(load_image(all_paths(place)[0].read_bytes(), splits.preprocessing), image)


@pytest.mark.parametrize(("high", "kind"), [(255, np.uint8), (200, np.uint8), (65535, np.uint16), (60000, np.uint16)])
def test_files_on_the_scale_of_their_format_are_read_as_ever(folder, high, kind):
    splits = open_data(folder(high, kind))
    assert splits.preprocessing.white == 255 and not any("scaled" in note for note in splits.notes)


@pytest.mark.parametrize("high", [37, 63, 127])
def test_dark_pictures_are_used_as_they_are_and_told(folder, high):
    splits = open_data(folder(high))
    assert splits.preprocessing.white == 255 and any(f"is {high}, far below 255" in note for note in splits.notes)


def test_one_dark_picture_among_others_says_nothing(folder):
    place = folder(255)
    Image.fromarray(np.ones((12, 12), np.uint8)).save(place / "cats" / "0.png")
    assert stored_white(all_paths(place)) == (255, [])


def test_black_and_white_files_of_one_bit_are_0_and_255(tmp_path):
    for i in range(4):
        Image.fromarray(np.eye(9, dtype=bool)).save(tmp_path / f"{i}.png")
    assert stored_white(all_paths(tmp_path)) == (255, [])


def test_16_bit_files_that_use_the_lower_eight_alone_are_refused(folder):
    with pytest.raises(DataError, match=r"go from 0 to 255 only.*would be black"):
        open_data(folder(255, np.uint16))


def test_a_picture_beyond_the_scale_of_a_16_bit_set_is_refused(folder, tmp_path):
    splits = open_data(folder(4095, np.uint16))
    Image.fromarray(np.full((12, 12), 60000, np.uint16)).save(tmp_path / "bright.png")
    with pytest.raises(DataError, match=r"bright.png.*go up to 60000, but those of the data set only to 4095"):
        load_image(tmp_path / "bright.png", splits.preprocessing)


def test_a_usual_picture_is_read_as_ever_by_a_network_of_black_and_white(folder, tmp_path):
    splits = open_data(folder(1))
    Image.fromarray(np.full((12, 12), 90, np.uint8)).save(tmp_path / "usual.png")
    assert np.all(load_image(tmp_path / "usual.png", splits.preprocessing) == 90)


def test_a_record_says_what_is_white_where_it_is_given(folder):
    assert open_data(folder(4095, np.uint16), white=255).preprocessing.white == 255


@pytest.mark.parametrize(
    ("train", "test", "kind", "fits"),
    [
        (1, 255, np.uint8, False),
        (255, 1, np.uint8, False),
        (65535, 4095, np.uint16, False),
        (1, 1, np.uint8, True),
        (255, 200, np.uint8, True),
        (4000, 3000, np.uint16, True),
    ],
)
def test_parts_on_different_scales_are_refused(folder, train, test, kind, fits):
    folder(train, kind, "photos/train")
    top = folder(test, kind, "photos/test").parent
    if fits:
        assert len(open_data(top).test) == 20
    else:
        with pytest.raises(DataError, match="the parts are on different scales"):
            open_data(top)


@pytest.mark.parametrize(
    ("high", "kind", "white", "said"),
    [
        (15, np.uint8, 255, "from 0 to 15, .* from 0 to 255"),
        (4095, np.uint16, 255, "from 0 to 4095"),
        (1, np.uint8, 15, "from 0 to 1, "),
        (15, np.uint8, 1, "from 0 to 15"),
        (40, np.uint16, 255, "would be black"),
        (255, np.uint8, 255, None),
        (255, np.uint8, 15, None),
        (100, np.uint8, 255, None),
        (15, np.uint8, 15, None),
        (65535, np.uint16, 255, None),
    ],
)
def test_files_to_predict_on_another_scale_than_the_network_are_told(folder, high, kind, white, said):
    doubt = other_scale(all_paths(folder(high, kind)), white)
    assert doubt is None if said is None else re.search(said, doubt)


def test_few_files_to_predict_tell_no_scale(folder):
    assert other_scale(all_paths(folder(15))[:3], 255) is None
