"""The maps of a station as one picture."""

import io

import numpy as np
from PIL import Image

from cnnkit.pages.draw.colours import palette, steps
from cnnkit.pages.explain.sheets import sheet


def test_maps_are_below_each_other_in_one_scale(rng):
    values = rng.uniform(-1, 1, (4, 5, 3)).astype(np.float32)
    drawn = sheet(values, 255, 240)
    picture = np.asarray(Image.open(io.BytesIO(drawn.file)).convert("RGB"))
    assert picture.shape == (12, 5, 3)
    for k in range(3):
        assert (picture[4 * k : 4 * k + 4] == palette()[steps(values[:, :, k], drawn.bound)]).all()


def test_few_numbers_far_outside_do_not_darken_all_others(rng):
    values = rng.uniform(0, 1, (64, 64, 1)).astype(np.float32)
    values[0, 0, 0] = 2.5
    drawn = sheet(values, 255, 240)
    assert drawn.bound < 1.1 and drawn.beyond and not drawn.negative


def test_a_map_of_few_lights_keeps_their_scale():
    """Were 0.2 % left out here, the only light would be beyond a scale of nothing."""
    values = np.zeros((64, 64, 1), np.float32)
    values[3, 3, 0] = -5
    drawn = sheet(values, 255, 240)
    assert drawn.bound == 5 and not drawn.beyond and drawn.negative


def test_what_is_no_number_is_drawn_as_zero():
    assert sheet(np.full((2, 2, 1), np.nan, np.float32), 255, 240).bound == 1


def test_a_large_map_is_drawn_from_numbers_evenly_apart(rng):
    values = rng.uniform(-1, 1, (9, 12, 2)).astype(np.float32)
    drawn = sheet(values, 255, 4)
    assert drawn.shape == (3, 4)
    picture = np.asarray(Image.open(io.BytesIO(drawn.file)).convert("RGB"))
    for k in range(2):
        assert (picture[3 * k : 3 * k + 3] == palette()[steps(values[1::3, 1::3, k], drawn.bound)]).all()
