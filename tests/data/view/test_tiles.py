import numpy as np
import pytest

from cnnkit.data.load.collate import collate
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.tiles import laid_together, pixels_of, tiles
from cnnkit.errors import DataError


def rule(side=32, reach=5, multiple=4):
    return Preprocessing(side, side + 16, 1, (0.4,), (0.25,), "tiles", multiple=multiple, reach=reach)


@pytest.mark.parametrize("size", [(1, 1), (32, 48), (33, 48), (100, 170), (47, 301), (8, 200)])
def test_each_pixel_is_in_one_tile_that_holds_all_around_it(size):
    how, times = rule(), np.zeros(size, int)
    for tile in tiles(size, how):
        times[tile.rows, tile.columns] += 1
        for own, offset, side, length in zip(
            (tile.rows, tile.columns), tile.view.offset, size, (how.height, how.width), strict=True
        ):
            first = -offset
            assert first % how.multiple == 0 and first >= 0 and own.stop <= min(side, first + length)
            assert own.start - how.reach >= first or own.start == first == 0
            assert own.stop + how.reach <= first + length or own.stop == side
    assert (times == 1).all()


def answers(x):
    """What a network of reach 5 gives for x (N, H, W, 1): a stride of 4 and back, between two sums over 3x3."""
    blurred = blur(x)
    coarse = blurred.reshape(len(x), x.shape[1] // 4, 4, x.shape[2] // 4, 4, 1).max(axis=(2, 4))
    return blur(coarse.repeat(4, 1).repeat(4, 2)).astype(np.float32)


def blur(x):
    padded = np.pad(x.astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
    H, W = x.shape[1:3]
    return np.add.reduce([padded[:, i : i + H, j : j + W] for i in range(3) for j in range(3)])


@pytest.mark.parametrize("size", [(100, 170), (33, 49), (20, 30), (64, 47)])
def test_tiles_laid_together_are_the_answer_for_the_whole_picture(size, rng):
    image, how = rng.integers(0, 256, (*size, 1), np.uint8), rule()
    H, W = size
    whole = answers(collate([image], how))[0, :H, :W]
    pieces = tiles(size, how)
    said = [answers(collate([pixels_of(tile, image, how)], how))[0] for tile in pieces]
    np.testing.assert_array_equal(laid_together(said, pieces), whole)
    assert (len(pieces) > 1) == (how.height < H or how.width < W)


def test_a_reach_that_leaves_nothing_is_refused():
    with pytest.raises(DataError, match="tiles of 32x48 with a reach of 13 leave no room"):
        tiles((50, 50), rule(reach=13))
    assert tiles((50, 50), rule(reach=12))
