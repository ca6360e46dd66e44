import numpy as np
import pytest

from cnnkit.data.picture.pixel_range import as_bytes, notes_on, read_by, recorded, span_of, white_of
from cnnkit.errors import DataError


def up_to(high, dtype=np.uint8, low=0):
    """Two images whose values go from low to high."""
    values = np.linspace(low, high, 2 * 4 * 4).reshape(2, 4, 4, 1)
    return values.astype(dtype) if np.dtype(dtype).kind == "f" else np.rint(values).astype(dtype)


def spans(**arrays):
    return {name: span_of(array) for name, array in arrays.items()}


@pytest.mark.parametrize(
    ("high", "dtype", "white"),
    [
        (255, np.uint8, 255),
        (200, np.uint8, 255),  # dark images
        (37, np.uint8, 255),  # no full scale is clear
        (1, np.uint8, 1),
        (1, np.bool_, 1),
        (1, np.int64, 1),
        (3, np.uint8, 3),
        (15, np.uint8, 15),
        (15, np.uint16, 15),
        (16, np.float64, 16),  # scikit-learn's digits
        (63, np.int16, 63),
        (0, np.uint8, 255),
        (255, np.uint16, 255),
        (255, np.int64, 255),
        (1023, np.uint16, 1023),
        (4095, np.uint16, 4095),
        (3071, np.int32, 4095),
        (65535, np.uint16, 65535),
        (1, np.float32, 1),
        (0.4, np.float64, 1),
        (255, np.float32, 255),
        (201.5, np.float64, 255),
        (4095, np.float32, 4095),
    ],
)
def test_white_is_told_from_the_values(high, dtype, white):
    images = up_to(high, dtype)
    assert white_of(spans(x=images)) == white
    scaled = as_bytes(images, white)
    assert scaled.dtype == np.uint8 and scaled.max() == round(high * 255 / white)
    np.testing.assert_array_equal(scaled, np.rint(images.astype(np.float64) * 255 / white).astype(np.uint8))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (up_to(127, np.int8, low=-128), "no number below 0"),
        (up_to(1, np.float32, low=-1), r"from -1 to 1, .* before they are normalised"),
        (up_to(70000, np.int64), "at most 65535"),
        (up_to(1.02, np.float64), "neither 0 to 1 nor 0 to 255"),
    ],
)
def test_what_is_on_no_scale_is_refused(images, message):
    with pytest.raises(DataError, match=message):
        white_of(spans(x=images))


def test_what_is_no_number_has_no_span():
    assert span_of(np.array([[np.nan]])) is None and span_of(np.array([["a"]])) is None
    assert span_of(np.zeros((0, 2, 2, 1))) is None and span_of(np.array([[np.inf]])) is None


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (up_to(1), up_to(255)),
        (up_to(255), up_to(1)),
        (up_to(1, np.float32), up_to(255)),
        (up_to(255), up_to(0.9, np.float32)),
        (up_to(15), up_to(255)),
        (up_to(4095, np.uint16), up_to(255)),
        (up_to(65535, np.uint16), up_to(4095, np.uint16)),
        (up_to(63), up_to(255)),
    ],
)
def test_parts_on_different_scales_are_refused(train, test):
    with pytest.raises(DataError, match="different scales"):
        white_of(spans(x_train=train, x_test=test))


@pytest.mark.parametrize(
    ("train", "test", "white"),
    [
        (up_to(255), up_to(90), 255),
        (up_to(200), up_to(255), 255),
        (up_to(13), up_to(15), 15),
        (up_to(1), up_to(0), 1),
        (up_to(1), up_to(1, np.bool_), 1),
        (up_to(4095, np.uint16), up_to(2000, np.uint16), 4095),
    ],
)
def test_all_parts_together_tell_the_scale(train, test, white):
    assert white_of(spans(x_train=train, x_test=test)) == white


def test_what_was_decided_is_told():
    assert notes_on(spans(x=up_to(255)), 255) == []
    assert "from 0 to 1: scaled to 0 to 255" in notes_on(spans(x=up_to(1)), 1)[0]
    assert "taken for 0 to 4095" in notes_on(spans(x=up_to(3071, np.uint16)), 4095)[0]
    assert "far below 255" in notes_on(spans(x=up_to(37)), 255)[0]
    assert "0.3, far below 1." in notes_on(spans(x=up_to(0.3, np.float32)), 1)[1]
    assert "rounded" in notes_on(spans(x=up_to(201.5, np.float32)), 255)[0]


@pytest.mark.parametrize(
    ("dtype", "high", "kept"), [(np.uint8, 1, 1), (np.bool_, 1, 255), (np.float32, 1, 255), (np.float32, 16, 16)]
)
def test_floats_to_1_are_known_by_their_type_and_need_no_record(dtype, high, kept):
    found = spans(x=up_to(high, dtype))
    assert recorded(found, white_of(found)) == kept


@pytest.mark.parametrize(
    ("images", "white", "highest"),
    [
        (up_to(255), 255, 255),
        (up_to(1, np.float32), 255, 255),
        (up_to(1, np.bool_), 255, 255),
        (up_to(1), 1, 255),  # on the scale of the training
        (up_to(255), 1, 255),  # bytes beyond it are of 0 to 255
        (up_to(15), 15, 255),
        (up_to(8.5, np.float32), 16, 135),
        (up_to(4095, np.uint16), 4095, 255),
        (up_to(255), 4095, 255),
        (up_to(14), 255, 14),  # dark, and on no scale of its own
        (up_to(600, np.uint16), 4095, 37),  # dark
        (up_to(7)[1:], 255, 7),  # one dark picture
        (up_to(0), 255, 0),
        (up_to(0, np.uint16), 4095, 0),
        (up_to(0.9, np.float32), 15, 230),  # fractions are of 0 to 1
        (up_to(1, np.float32), 4095, 255),
    ],
)
def test_further_arrays_are_read_by_the_record(images, white, highest):
    assert read_by(images, "It", white).max() == highest


@pytest.mark.parametrize(
    ("images", "white", "message"),
    [
        (up_to(1), 255, "only 0 and 1 as uint8, .* Multiply it by 255"),
        (up_to(1), 15, "only 0 and 1 as uint8, .* Multiply it by 15"),
        (up_to(1, np.int64), 4095, "only 0 and 1 as int64, .* Multiply it by 4095"),
        (up_to(15), 255, "from 0 to 15, as pixels of fewer bits, .* trained on pixels of 0 to 255"),
        (np.rint(up_to(16, np.float64)), 255, "from 0 to 16, as pixels of fewer bits"),
        (np.repeat(up_to(7), 8, axis=0), 255, "from 0 to 7, as pixels of fewer bits"),
        (up_to(15), 1, "from 0 to 15, as pixels of fewer bits"),
        (up_to(255, np.uint16), 4095, "from 0 to 255, and the network was trained on pixels of 0 to 4095. .* uint8"),
        (up_to(200.5, np.float64), 1023, "trained on pixels of 0 to 1023"),
        (up_to(4095, np.uint16), 255, "trained on pixels of 0 to 255"),
        (up_to(65535, np.uint16), 4095, "trained on pixels of 0 to 4095"),
        (up_to(300, np.int32), 1, "trained on pixels of 0 to 1"),
        (up_to(1, np.float32, low=-1), 255, "no number below 0"),
        (up_to(1.5, np.float32), 255, "neither 0 to 1"),
        (up_to(np.nan, np.float32), 255, "finite"),
    ],
)
def test_further_arrays_on_another_scale_are_refused(images, white, message):
    with pytest.raises(DataError, match=message):
        read_by(images, "It", white)
