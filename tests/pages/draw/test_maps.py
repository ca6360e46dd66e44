"""Maps as pictures."""

import io

import numpy as np
import pytest
from PIL import Image

from cnnkit.pages.draw.colours import palette
from cnnkit.pages.draw.maps import map_png, over


def opened(file: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))


@pytest.mark.parametrize("levels", [255, 63, 15])
def test_a_map_is_drawn_in_the_scale_pixel_by_pixel(levels):
    pixels = opened(map_png([[-2.0, 0.0], [2.0, np.nan]], 2.0, levels))
    colours = palette()
    assert (pixels == [[colours[0], colours[127]], [colours[-1], colours[127]]]).all()


def test_fewer_levels_make_a_smaller_file(rng):
    values = rng.normal(size=(64, 64))
    assert len(map_png(values, 3, 15)) < 0.6 * len(map_png(values, 3))


def test_a_heat_map_covers_the_picture_where_it_is_strong():
    picture = np.full((8, 8, 3), 128, np.uint8)
    heat = np.zeros((2, 2))
    heat[0, 0], heat[1, 1] = 1, -1
    drawn = over(picture, heat, 1.0).astype(int)
    assert drawn.shape == (8, 8, 3)
    assert drawn[0, 0, 0] > drawn[0, 0, 2] + 20, "orange above zero"
    assert drawn[7, 7, 2] > drawn[7, 7, 0] + 20, "blue below"
    assert len(set(drawn[0, 7].tolist())) == 1, "grey where it is zero"


def test_a_grey_picture_is_covered_too():
    assert over(np.zeros((4, 6, 1), np.uint8), np.ones((2, 3)), 1.0).shape == (4, 6, 3)
