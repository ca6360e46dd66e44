"""Tiles cover an image, and hold all around what they answer for."""

import numpy as np
import pytest

from cnnkit.engine.use.tiles import tiles


@pytest.mark.parametrize("size", [(1, 1), (32, 48), (33, 48), (100, 170), (47, 301), (8, 200)])
@pytest.mark.parametrize(("side", "overlap", "multiple"), [(32, 5, 4), (36, 12, 1), (64, 8, 16)])
def test_each_pixel_is_in_one_tile_that_holds_all_around_it(size, side, overlap, multiple):
    times = np.zeros(size, int)
    for tile in tiles(size, side, overlap, multiple):
        times[tuple(slice(of.first, of.last) for of in tile)] += 1
        for of, length in zip(tile, size, strict=True):
            assert of.start % multiple == 0 and of.start >= 0 and of.last <= of.stop <= length
            assert of.stop - of.start <= side
            assert of.first - overlap >= of.start or of.first == of.start == 0
            assert of.last + overlap <= of.stop or of.last == length
    assert (times == 1).all()


def test_an_image_that_is_no_larger_than_a_tile_is_one():
    [(rows, columns)] = tiles((30, 32), 32, 5, 4)
    assert (rows.start, rows.stop, rows.first, rows.last) == (0, 30, 0, 30) and columns.stop == 32
