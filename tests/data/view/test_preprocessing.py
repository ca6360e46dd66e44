import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.sets.digits import PREPROCESSING
from cnnkit.data.view.preprocessing import Preprocessing, prepare, statistics
from cnnkit.errors import DataError

PHOTO = Preprocessing(32, 48, 3, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.mark.parametrize("preprocessing", [PHOTO, PREPROCESSING])
def test_the_record_goes_through_json_and_back(preprocessing):
    assert Preprocessing.from_record(json.loads(json.dumps(preprocessing.to_record()))) == preprocessing


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height": 0}, "height is 0"),
        ({"width": True}, "width is True"),
        ({"width": 10**9}, "expected 1 to 4096"),
        ({"channels": 2}, "channels is 2, expected 1"),
        ({"mean": [0.5]}, "mean is .*, expected 3 finite numbers"),
        ({"std": [0.5, float("nan"), 1.0]}, "expected 3 finite"),
        ({"std": [0.5, 0.0, 1.0]}, "expected numbers above 0"),
        ({"foreign": "magic"}, "expected one of resize, margin, stretch, digit"),
        ({"more": 1}, "has the fields height"),
    ],
)
def test_a_record_that_cannot_be_meant_so_is_refused(change, message):
    with pytest.raises(DataError, match=message):
        Preprocessing.from_record(PHOTO.to_record() | change)
    with pytest.raises(DataError, match="has the fields"):
        Preprocessing.from_record([])


@pytest.mark.parametrize("size", [(48, 32), (200, 100), (31, 500), (7, 5), (1, 1)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_any_size_and_colour_is_brought_to_the_inputs(size, mode):
    for preprocessing in (PHOTO, Preprocessing(28, 28, 1, (0.5,), (0.5,))):
        image = prepare(Image.new(mode, size, 90 if mode == "L" else (90, 90, 90)), preprocessing)
        assert image.shape == preprocessing.shape and image.dtype == np.uint8 and (image == 90).all()


def test_a_picture_of_the_right_size_stays_as_it_is(rng):
    pixels = rng.integers(0, 256, PHOTO.shape, np.uint8)
    np.testing.assert_array_equal(prepare(Image.fromarray(pixels), PHOTO), pixels)


def test_the_middle_of_a_wide_picture_is_kept():
    pixels = np.zeros((32, 480, 3), np.uint8)
    pixels[:, 216:264] = 255
    assert (prepare(Image.fromarray(pixels), PHOTO) == 255).all()


def test_a_margin_is_cut_off_where_the_network_learned_so():
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[5:-5, 8:-8] = 255  # an eighth of 64 and 96 is 8 and 12: half of it goes at each side, and a pixel blurs
    plain, within = (prepare(Image.fromarray(pixels), replace(PHOTO, foreign=rule)) for rule in ("resize", "margin"))
    assert (plain[0] == 0).all() and (plain[:, 0] == 0).all()
    assert (within[1:-1, 3:-3] == 255).all()


def test_a_picture_is_stretched_where_the_network_learned_so():
    stretched = replace(PHOTO, foreign="stretch")
    pixels = np.zeros((32, 480, 3), np.uint8)
    pixels[:, 240:] = 255
    image = prepare(Image.fromarray(pixels), stretched)
    assert (image[:, :20] == 0).all() and (image[:, -20:] == 255).all()


def test_mean_and_deviation_are_those_of_the_pixels(rng):
    images = rng.integers(0, 256, (20, 5, 6, 3), np.uint8)
    mean, std = statistics(images)
    np.testing.assert_allclose(mean, (images / 255).mean(axis=(0, 1, 2)), atol=1e-4)
    np.testing.assert_allclose(std, (images / 255).std(axis=(0, 1, 2)), atol=1e-4)
    assert statistics(np.zeros((2, 3, 3, 1), np.uint8)) == ((0.0,), (0.05,))


def test_white_is_kept_and_records_without_it_are_read():
    record = PHOTO.to_record()
    assert record["white"] == 255 and Preprocessing.from_record(record) == PHOTO
    assert Preprocessing.from_record({name: record[name] for name in record if name != "white"}) == PHOTO
    binary = replace(PHOTO, white=1)
    assert Preprocessing.from_record(binary.to_record()) == binary
    # Checksums of folders of 0.1 were taken over this text.
    assert repr(binary) == repr(PHOTO) and "white" not in repr(PHOTO)
    for wrong in (0, 1.5, "1", True, 10**6, None):
        with pytest.raises(DataError, match="white is"):
            Preprocessing.from_record(record | {"white": wrong})
