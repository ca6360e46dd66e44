from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.picture import read
from cnnkit.data.places.affine_map import AffineMap, moved
from cnnkit.data.sample import Sample
from cnnkit.data.sets.digits import PREPROCESSING
from cnnkit.data.targets import VOID, Boxes, Mask
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import View, fitted, load_view, view

PHOTO = Preprocessing(32, 48, 3, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
GREY = Preprocessing(40, 56, 1, (0.5,), (0.25,))
FITS = ["crop", "margin", "stretch", "letterbox", "keep"]
SIZES = [(40, 56), (61, 200), (300, 90), (23, 17)]


def seen(picture, preprocessing):
    return view(picture, preprocessing)[0]


@pytest.mark.parametrize("size", [(48, 32), (200, 100), (31, 500), (7, 5), (1, 1)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_any_size_and_colour_is_brought_to_the_inputs(size, mode):
    for preprocessing in (PHOTO, Preprocessing(28, 28, 1, (0.5,), (0.5,))):
        image = seen(Image.new(mode, size, 90 if mode == "L" else (90, 90, 90)), preprocessing)
        assert image.shape == preprocessing.shape and image.dtype == np.uint8 and (image == 90).all()


def test_a_picture_of_the_right_size_stays_as_it_is(rng):
    pixels = rng.integers(0, 256, PHOTO.shape, np.uint8)
    np.testing.assert_array_equal(seen(Image.fromarray(pixels), PHOTO), pixels)


def test_the_middle_of_a_wide_picture_is_kept():
    pixels = np.zeros((32, 480, 3), np.uint8)
    pixels[:, 216:264] = 255
    assert (seen(Image.fromarray(pixels), PHOTO) == 255).all()


def test_a_margin_is_cut_off_where_the_network_learned_so():
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[5:-5, 8:-8] = 255  # an eighth of 64 and 96 is 8 and 12: half of it goes at each side, and a pixel blurs
    plain, within = (seen(Image.fromarray(pixels), replace(PHOTO, fit=rule)) for rule in ("crop", "margin"))
    assert (plain[0] == 0).all() and (plain[:, 0] == 0).all()
    assert (within[1:-1, 3:-3] == 255).all()


def test_a_picture_is_stretched_where_the_network_learned_so():
    stretched = replace(PHOTO, fit="stretch")
    pixels = np.zeros((32, 480, 3), np.uint8)
    pixels[:, 240:] = 255
    image = seen(Image.fromarray(pixels), stretched)
    assert (image[:, :20] == 0).all() and (image[:, -20:] == 255).all()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("fit", FITS)
def test_a_mark_in_the_picture_lies_where_the_view_says(fit, size):
    pixels = np.zeros(size, np.uint8)
    (y, x), r = (size[0] // 2, size[1] // 2), min(size) // 4
    top, left, bottom, right = y - r, x - r, y + r - 1, x + r - 2
    pixels[top:bottom, left:right] = 255
    image, how = view(Image.fromarray(pixels), replace(GREY, fit=fit))
    assert how.size == size and image.shape == ((*size, 1) if fit == "keep" else GREY.shape)
    corners = moved(
        Boxes(np.array([[left, top, right, bottom]], np.float32), np.array([0])), how.to_image, image.shape[:2]
    )
    x_min, y_min, x_max, y_max = corners.corners[0]
    bright = image[..., 0] > 127
    bright &= np.abs(image[..., 0].astype(int) - round(0.5 * 255)) > 1  # the ground of a letterbox
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    # A side that falls between two pixels is seen up to half a pixel away; made smaller, a side is blurred by one.
    np.testing.assert_allclose([rows[0], rows[-1] + 1], [y_min, y_max], rtol=0, atol=1)
    np.testing.assert_allclose([columns[0], columns[-1] + 1], [x_min, x_max], rtol=0, atol=1)
    # Float32 corners, of up to 300 pixels.
    np.testing.assert_allclose(how.boxes_back(corners.corners)[0], [left, top, right, bottom], rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("fit", FITS)
def test_a_mask_comes_back_in_the_pictures_own_pixels(fit, size, rng):
    coarse = rng.integers(0, 2, (3, 3), np.uint8)
    mask = np.asarray(Image.fromarray(coarse).resize(size[::-1], Image.Resampling.NEAREST))
    image, how = view(Image.fromarray(mask * 200), replace(GREY, fit=fit))
    there = moved(Mask(mask), how.to_image, image.shape[:2]).labels
    back = how.mask_back(there)
    assert back.shape == size
    known = back != VOID
    # What is made up to eight times smaller and larger again may err by that much around an edge.
    assert (back[known] == mask[known]).mean() > 0.8
    if min(how.scale) >= 1:
        np.testing.assert_array_equal(back[known], mask[known])
    cuts = (fit == "crop" or fit == "margin") and size != (40, 56)
    assert known.all() != cuts


def test_boxes_beyond_the_picture_are_cut_to_it_and_none_is_dropped():
    how = View((0.5, 0.5), (10, 0), (40, 100))
    assert how.boxes_back([[0, 0, 50, 50], [10, 12, 20, 14], [0, 0, 5, 5]]).tolist() == [
        [0, 0, 100, 40],
        [20, 4, 40, 8],
        [0, 0, 10, 0],
    ]
    assert how.boxes_back(np.zeros((0, 4))).shape == (0, 4)


def test_around_a_letterboxed_picture_lies_the_mean_colour():
    white = Image.new("RGB", (200, 50), (255, 255, 255))
    image, how = view(white, replace(PHOTO, fit="letterbox"))
    assert (image[10:22] == 255).all() and how.offset == (10, 0) and how.scale == (0.24, 0.24)
    assert (image[:10] == np.rint(np.array(PHOTO.mean) * 255)).all() and (image[22:] == image[0, 0]).all()
    tall = view(Image.new("RGB", (1, 4000)), replace(PHOTO, fit="letterbox"))
    assert tall[0].shape == PHOTO.shape and tall[1].scale == (32 / 4000, 1.0)


def test_of_a_digit_no_place_can_be_told():
    picture = Image.new("L", (60, 60), 255)
    picture.paste(0, (28, 10, 33, 50))
    assert view(picture, PREPROCESSING)[1] is None


@pytest.mark.parametrize("turn", [1, 6])
@pytest.mark.parametrize("door", ["bytes", "Pillow"])
def test_the_view_of_a_photo_that_is_decoded_at_a_fraction_is_that_of_the_file(turn, door, monkeypatch):
    monkeypatch.setattr(read, "WHOLE", 100_000)
    pixels = np.zeros((601, 400, 3), np.uint8)
    pixels[200:300, 100:300] = 255
    file, exif = BytesIO(), Image.Exif()
    exif[0x0112] = turn
    Image.fromarray(pixels).save(file, "JPEG", quality=95, exif=exif)
    source = file.getvalue() if door == "bytes" else Image.open(file)
    rule = replace(PHOTO, fit="letterbox")
    image, how = load_view(source, rule)
    assert how.size == ((601, 400) if turn == 1 else (400, 601)) and image.shape == PHOTO.shape
    bright = image.min(axis=2) > 200
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    box = how.boxes_back([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]])[0]
    expected = [100, 200, 300, 300] if turn == 1 else [601 - 300, 100, 601 - 200, 300]
    # A pixel of the image is 601 / 32 = 19 of the photo.
    np.testing.assert_allclose(box, expected, rtol=0, atol=19)
    assert load_view(source, replace(rule, fit="keep"))[0].shape[:2] == how.size


def test_a_sample_that_was_brought_to_a_size_knows_the_picture_that_it_was():
    corners = np.array([[0, 0, 60, 30], [10, 10, 10.5, 10.5]], np.float32)
    sample = Sample(np.zeros((30, 60, 1), np.uint8), Boxes(corners, np.array([0, 1])))
    assert View.of(sample) == View((1.0, 1.0), (0.0, 0.0), (30, 60))
    small = fitted(sample, Preprocessing(20, 20, 1, (0.5,), (0.25,), "letterbox"))
    assert small.image.shape == (20, 20, 1) and small.origin.target is sample.target
    assert View.of(small).size == (30, 60)
    np.testing.assert_allclose(View.of(small).to_image.points([[0, 0], [60, 30]]), [[0, 5], [20, 15]])
    # What is changed since lies elsewhere.
    assert small.moved(small.image, AffineMap.shift(1, 0)).origin is None
