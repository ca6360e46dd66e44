"""Sums along rows: where they are used, and how they are cut."""

import pytest

from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.schedule import NARROW, THIN, TRIPLE, WIDE
from cnnkit.kernels.cpu.conv.schedule.rows import LEAST, SHORT, TILES, cut_rows
from cnnkit.kernels.cpu.conv.schedule.tiles import TASKS
from cnnkit.kernels.cpu.machine.lanes import LANES
from cnnkit.kernels.shared.geometry import Window

POINT, SAME = Window(), Window(1, 1, 1, 1, 1, 1)


def test_the_tile_is_the_one_that_wastes_least():
    assert schedule.rows_tile(1) == schedule.rows_tile(LANES) == THIN
    assert schedule.rows_tile(WIDE.block) == WIDE
    assert schedule.rows_tile(NARROW.block) == NARROW
    assert schedule.rows_tile(TRIPLE.block) == TRIPLE
    assert schedule.rows_tile(8 * LANES + LANES // 2).vecs == (3 if TRIPLE != NARROW else 1)


def test_short_sums_are_taken_and_long_ones_left_to_tables():
    def uses(C, win=POINT, groups=1, kernel=(1, 1), x=(1, 20, 20)):
        w = (*kernel, C // groups, 32)
        return schedule.use_rows((*x, C), w, win, groups, (*x, 32))

    pixels = schedule.rows_tile(32).rows  # of a tile: other processors have other ones
    assert uses(1) and uses(SHORT)
    assert not uses(SHORT + 1) and not uses(0)
    assert not uses(8, groups=2)
    assert uses(8, x=(1, 1, pixels)) and not uses(8, x=(1, 1, pixels - 1)), "fewer pixels than a tile has"
    assert uses(8, x=(40, 1, 1)), "a dense layer of many rows"
    assert uses(3, SAME, kernel=(3, 3), x=(1, 24, 24))
    assert not uses(3, SAME, kernel=(3, 3), x=(1, 24, pixels + 1)), "tiles mostly beyond the row"
    assert not uses(3, Window(1, 1, 2, 2, 2, 2, 2, 2), kernel=(3, 3), x=(1, 24, 24))


@pytest.mark.parametrize("shape", {THIN, NARROW, TRIPLE, WIDE})
@pytest.mark.parametrize("panels", [1, 2, 7])
@pytest.mark.parametrize("width", [None, 14, 160])
def test_rows_cover_all_pixels_and_none_is_shorter_than_a_tile(shape, panels, width):
    for pixels in (12, 49, 100, 400, 1601, 25600):
        pixels = pixels if width is None else pixels * width
        cut = cut_rows(pixels, width, panels, 8, shape)
        assert cut.rows >= 1 and cut.length >= (shape.rows if width is None else width)
        rest = pixels - cut.rows * cut.length
        assert 0 <= rest < cut.length and (width is None or rest == 0)
        assert 1 <= cut.panels <= panels and cut.per_task >= 1


def test_many_pixels_are_many_tasks_and_few_are_shared_by_panels():
    assert cut_rows(25600, None, 1, 8, THIN).rows >= TASKS
    few = cut_rows(12 * LEAST * 2, None, 8, 8, NARROW)
    assert few.rows * -(-8 // few.panels) >= TASKS // 2
    assert cut_rows(1 << 20, None, 1, 8, THIN).length == TILES * THIN.rows
