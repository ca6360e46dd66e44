"""Masks are read as they are stored: nothing is scaled, blended or guessed."""

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.picture.mask import read_mask
from cnnkit.errors import DataError

LABELS = np.arange(24, dtype=np.uint8).reshape(4, 6) % 5


def saved(path, picture, **options):
    picture.save(path, **options)
    return path


@pytest.mark.parametrize("ending", ["png", "bmp", "gif"])
def test_the_indices_of_a_palette_count(tmp_path, ending):
    picture = Image.fromarray(LABELS)
    picture.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0, 0, 0, 200, 9, 9, 9])
    stored = read_mask(saved(tmp_path / f"a.{ending}", picture))
    assert stored.kind == "palette"
    np.testing.assert_array_equal(
        np.array(stored.palette)[stored.values], np.array([0, 200 << 16, 200 << 8, 200, 0x090909])[LABELS]
    )


def test_greys_stay_as_they_are_and_black_and_white_is_0_and_255(tmp_path):
    stored = read_mask(saved(tmp_path / "a.png", Image.fromarray(LABELS)))
    assert stored.kind == "grey" and stored.size == (4, 6)
    np.testing.assert_array_equal(stored.values, LABELS)
    two = read_mask(saved(tmp_path / "b.png", Image.fromarray(LABELS > 2)))
    assert set(np.unique(two.values)) == {0, 255}


def test_colours_are_packed_into_one_number(tmp_path):
    pixels = np.array([[[1, 2, 3], [255, 0, 128]]], np.uint8)
    stored = read_mask(saved(tmp_path / "a.png", Image.fromarray(pixels)))
    assert stored.kind == "colour" and stored.values.tolist() == [[0x010203, 0xFF0080]]
    opaque = np.concatenate([pixels, np.full((1, 2, 1), 255, np.uint8)], axis=2)
    assert read_mask(saved(tmp_path / "b.png", Image.fromarray(opaque))).values.tolist() == stored.values.tolist()


def test_16_bits_are_read_where_the_values_fit_into_8(tmp_path):
    stored = read_mask(saved(tmp_path / "a.png", Image.fromarray(LABELS.astype(np.uint16))))
    np.testing.assert_array_equal(stored.values, LABELS)
    with pytest.raises(DataError, match="values from 0 to 1200, expected whole numbers from 0 to 255"):
        read_mask(saved(tmp_path / "b.png", Image.fromarray(LABELS.astype(np.uint16) * 300)))


@pytest.mark.parametrize(("ending", "options"), [("jpg", {}), ("webp", {"lossless": True})])
def test_formats_that_may_change_numbers_are_refused(tmp_path, ending, options):
    with pytest.raises(DataError, match=r"Save masks as PNG"):
        read_mask(saved(tmp_path / f"a.{ending}", Image.fromarray(LABELS), **options))


def test_a_mask_that_is_transparent_in_places_is_refused(tmp_path):
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0, 3] = 255
    with pytest.raises(DataError, match="transparent in places"):
        read_mask(saved(tmp_path / "a.png", Image.fromarray(pixels)))


def test_damaged_and_huge_files_are_refused(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", Image.fromarray(np.random.default_rng(0).integers(0, 5, (64, 64), np.uint8)))
    (tmp_path / "cut.png").write_bytes(path.read_bytes()[:-300])
    with pytest.raises(DataError, match=r"cut\.png cannot be read"):
        read_mask(tmp_path / "cut.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(DataError, match="not a picture"):
        read_mask(tmp_path / "text.png")
    monkeypatch.setenv("CNNKIT_MAX_PIXELS", "1000")
    with pytest.raises(DataError, match="more than the limit of 1000 pixels"):
        read_mask(path)
