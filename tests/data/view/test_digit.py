"""The rule must bring MNIST's own images back, whatever became of them on the way."""

import contextlib

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from cnnkit.data.sets.digits import PREPROCESSING, digits
from cnnkit.data.view.connected import components
from cnnkit.data.view.digit import as_digit, centre, otsu
from cnnkit.data.view.view import load_image, view
from cnnkit.errors import DataError

NUMBERS = range(0, 2000, 200)


def enlarged(image, times=10):
    return Image.fromarray(image).resize((28 * times, 28 * times), Image.Resampling.BICUBIC)


def inverted(picture):
    return Image.fromarray(255 - np.asarray(picture))


def photo(image, rng, times=10, contrast=90, noise=6, margin=0.5):
    """Dark ink on paper under a lamp: a gradient from corner to corner, darker edges, noise."""
    ink = np.asarray(enlarged(image, times), float) / 255
    ink = np.pad(ink, int(len(ink) * margin))
    y, x = np.mgrid[-1 : 1 : len(ink) * 1j, -1 : 1 : len(ink) * 1j]
    paper = 190 - 30 * x - 15 * y - 20 * np.hypot(x, y)
    levels = paper * (1 - contrast / 210 * ink) + rng.normal(0, noise, ink.shape)
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))


CASES = {
    "as it is": lambda image, rng: Image.fromarray(image),
    "dark on white": lambda image, rng: inverted(Image.fromarray(image)),
    "large, white on black": lambda image, rng: enlarged(image),
    "large, dark on white": lambda image, rng: inverted(enlarged(image, 40)),
    "a photo": photo,
    "a photo, pencil": lambda image, rng: photo(image, rng, contrast=40, noise=5),
    "a noisy photo": lambda image, rng: photo(image, rng, noise=20),
    "a photo from afar": lambda image, rng: photo(image, rng, times=5, margin=2.0),
    "chalk": lambda image, rng: inverted(photo(image, rng)),
    "off centre": lambda image, rng: inverted(np.pad(enlarged(image, 5), ((200, 10), (10, 250)))),
    "a photo with a dark desk beside the paper": lambda image, rng: with_desk(photo(image, rng)),
    "coloured ink": lambda image, rng: coloured(image),
}


def with_desk(picture):
    levels = np.array(picture)
    levels[:, -40:] = 50
    return Image.fromarray(levels)


def coloured(image):
    ink = np.asarray(enlarged(image))[..., None] / 255
    return Image.fromarray((np.array([240, 235, 200]) * (1 - ink) + np.array([20, 30, 160]) * ink).astype(np.uint8))


def alike(image, other):
    """The correlation after the best move by at most one pixel: the centre of mass may round differently."""
    return max(
        np.corrcoef(image.ravel().astype(float), np.roll(other, (dy, dx), (0, 1)).ravel())[0, 1]
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    )


@pytest.mark.parametrize(
    "case", [case if i % 3 == 0 else pytest.param(case, marks=pytest.mark.slow) for i, case in enumerate(CASES)]
)
def test_a_picture_of_a_digit_comes_back_as_the_digit(case, rng):
    images = digits("test").images[..., 0]
    likeness = [alike(images[number], as_digit(CASES[case](images[number], rng))) for number in NUMBERS]
    # Different digits correlate at about 0.4; scaling twice and a pen of another width cost up to 0.2 on thin strokes.
    assert min(likeness) > 0.75 and np.median(likeness) > 0.9


@pytest.mark.parametrize("number", range(10))
def test_a_printed_digit_fills_twenty_pixels_and_sits_in_the_middle(number):
    picture = Image.new("L", (500, 300), 255)
    ImageDraw.Draw(picture).text((300, 40), str(number), fill=0, font=ImageFont.load_default(150))
    image = as_digit(picture)
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    total = image.sum(dtype=float)
    middle = [(image.sum(axis=1 - axis) * np.arange(28.0)).sum() / total for axis in (0, 1)]
    np.testing.assert_allclose(middle, 14, atol=1)


@pytest.mark.parametrize("paper", [0, 128, 255])
def test_a_blank_picture_has_no_digit(paper):
    with pytest.raises(DataError, match="no digit was found"):
        as_digit(Image.new("L", (100, 100), paper))


def test_blank_noisy_paper_has_no_digit(rng):
    noise = rng.normal(200, 8, (300, 300)) - np.linspace(0, 60, 300)
    with pytest.raises(DataError, match="no digit was found"):
        as_digit(Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8)))


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 3), (2000, 2)])
def test_a_picture_of_an_odd_size_gives_an_image_or_a_message(size, rng):
    picture = Image.fromarray(rng.integers(0, 256, size[::-1], np.uint8))
    with contextlib.suppress(DataError):
        assert as_digit(picture).shape == (28, 28)


def test_specks_beside_the_digit_are_left_out():
    picture = inverted(enlarged(digits("test").images[3, :, :, 0]))
    clean = as_digit(picture)
    ImageDraw.Draw(picture).rectangle((4, 4, 8, 8), fill=0)
    np.testing.assert_allclose(as_digit(picture).astype(float), clean, atol=8)


def test_the_message_names_the_file(tmp_path):
    Image.new("L", (50, 50), 255).save(tmp_path / "blank.png")
    with pytest.raises(DataError, match=r"blank\.png: no digit was found"):
        load_image(tmp_path / "blank.png", PREPROCESSING)


def test_the_record_of_the_digits_leads_to_this_rule():
    picture = inverted(enlarged(digits("test").images[0, :, :, 0])).convert("RGB")
    np.testing.assert_array_equal(view(picture, PREPROCESSING)[0][..., 0], as_digit(picture))


def test_the_threshold_lies_between_two_clouds():
    assert 20 < otsu(np.array([10, 11, 12, 9, 10, 200, 201], np.float32)) < 190


def test_pieces_touch_at_corners_and_at_the_bottom_of_a_u():
    mask = np.array([[1, 0, 1, 0, 0], [1, 0, 1, 0, 1], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0]], bool)
    assert sorted((piece.area, piece.border) for piece in components(mask)) == [(1, 1), (5, 3)]


def test_ink_at_one_end_stays_inside_when_centred():
    ink = np.zeros((20, 20), np.float32)
    ink[0] = 1
    assert centre(ink, (28, 28))[8].all(where=np.arange(28) // 4 % 6 > 0)


def test_a_blurred_shadow_does_not_hide_the_digit(rng):
    image = digits("test").images[700, :, :, 0]
    levels = np.array(photo(image, rng), float)
    y, x = np.mgrid[: len(levels), : len(levels)]
    shadow = Image.fromarray((np.where(x + 0.3 * y > len(levels), 150, 255)).astype(np.uint8))
    levels *= np.asarray(shadow.filter(ImageFilter.GaussianBlur(12)), float) / 255
    assert alike(image, as_digit(Image.fromarray(levels.astype(np.uint8)))) > 0.75
