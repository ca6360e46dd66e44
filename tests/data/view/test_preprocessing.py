import json
from dataclasses import replace

import numpy as np
import pytest

from cnnkit.data.sets.digits import PREPROCESSING
from cnnkit.data.view.preprocessing import VERSION, Preprocessing, statistics
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
        ({"width": 10**9}, "from 1 to 4096 pixels"),
        ({"channels": 2}, "channels is 2, expected 1"),
        ({"mean": [0.5]}, "mean is .*, expected 3 finite numbers"),
        ({"std": [0.5, float("nan"), 1.0]}, "expected 3 finite"),
        ({"std": [0.5, 0.0, 1.0]}, "expected numbers above 0"),
        ({"fit": "magic"}, "expected one of crop, margin, stretch, letterbox"),
        ({"more": 1}, "has the fields height"),
        ({"multiple": 0}, "multiple is 0, expected a whole number from 1 to 256"),
        ({"version": 0}, "version is 0"),
        ({"version": "2"}, "version is '2'"),
        ({"version": VERSION + 1}, r"has version 3, and this cnnkit reads up to 2. It was written by a newer cnnkit"),
        ({"version": VERSION + 1, "fit": "warp", "unheard": 1}, "written by a newer cnnkit"),
    ],
)
def test_a_record_that_cannot_be_meant_so_is_refused(change, message):
    with pytest.raises(DataError, match=message):
        Preprocessing.from_record(PHOTO.to_record() | change)
    with pytest.raises(DataError, match="has the fields"):
        Preprocessing.from_record([])


def test_records_of_0_3_0_say_a_reach_that_nobody_used():
    assert Preprocessing.from_record(PHOTO.to_record() | {"reach": 0}) == PHOTO


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
    for wrong in (0, 1.5, "1", True, 10**6, None):
        with pytest.raises(DataError, match="white is"):
            Preprocessing.from_record(record | {"white": wrong})


OF_01 = {"height": 32, "width": 48, "channels": 3, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


@pytest.mark.parametrize(
    ("foreign", "fit"), [("resize", "crop"), ("margin", "margin"), ("stretch", "stretch"), ("digit", "digit")]
)
def test_records_of_before_there_were_versions_are_read(foreign, fit):
    assert Preprocessing.from_record(OF_01 | {"foreign": foreign}) == replace(PHOTO, fit=fit)
    with_white = OF_01 | {"foreign": foreign, "white": 1}
    assert Preprocessing.from_record(with_white) == replace(PHOTO, fit=fit, white=1)


@pytest.mark.parametrize(
    "change", [{"foreign": "magic"}, {"foreign": ["resize"]}, {"fit": "crop", "foreign": "resize"}, {}]
)
def test_a_record_without_a_version_says_how_pictures_are_fitted_once(change):
    with pytest.raises(DataError, match=r"fit is|has the fields"):
        Preprocessing.from_record(OF_01 | change)


def test_checksums_of_data_are_taken_over_the_text_of_version_01():
    # A run of 0.1 knows its data again by this text; what came later is no part of it.
    expected = (
        "Preprocessing(height=32, width=48, channels=3, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), "
        "foreign='resize')"
    )
    assert PHOTO.text == replace(PHOTO, white=1, multiple=32).text == expected
    assert replace(PHOTO, fit="margin").text == expected.replace("resize", "margin")
