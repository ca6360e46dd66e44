"""The tables that say which pixels meet which windows."""

import pytest

from cnnkit.kernels.cpu.pool.links import adaptive_tables, window_tables
from cnnkit.kernels.shared.geometry import Window


def links(row):
    """[(other, code), ...] of one row of a table."""
    return [tuple(row[i : i + 2]) for i in range(1, 1 + 2 * row[0], 2)]


def test_a_window_names_its_pixels_and_taps():
    rows, cols = window_tables((1, 4, 3, 1), (3, 2), Window(2, 1, 1, 0, 0, 0), "windows", "tap")
    assert [links(row) for row in rows] == [[(0, 2), (1, 4)], [(1, 0), (2, 2), (3, 4)]]  # row taps count in widths
    assert [links(col) for col in cols] == [[(0, 0), (1, 1)], [(1, 0), (2, 1)]]


def test_a_pixel_names_the_windows_that_hold_it():
    rows, _ = window_tables((1, 4, 3, 1), (3, 2), Window(2, 1, 1, 0, 0, 0), "pixels", "tap")
    assert [links(row) for row in rows] == [[(0, 2)], [(0, 4), (1, 0)], [(1, 2)], [(1, 4)]]


def test_counts_are_of_the_pixels_inside():
    rows, _ = window_tables((1, 4, 3, 1), (3, 2), Window(2, 1, 1, 0, 0, 0), "windows", "count")
    assert [links(row) for row in rows] == [[(0, 2), (1, 2)], [(1, 3), (2, 3), (3, 3)]]


def test_bins_may_share_a_pixel():
    _, cols = adaptive_tables((1, 1, 3, 1), (1, 2), "windows", "tap")
    assert [links(col) for col in cols] == [[(0, 0), (1, 1)], [(1, 1), (2, 2)]]


@pytest.mark.parametrize("seen_from", ["windows", "pixels"])
def test_a_table_has_room_for_the_link_that_kernels_look_at_first(seen_from):
    for table in window_tables((1, 1, 1, 1), (1, 1), Window(3, 3, 2, 0, 2, 0), seen_from, "tap"):
        assert table.shape[1] >= 3
