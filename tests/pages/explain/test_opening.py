"""Which pixel is looked at first."""

import numpy as np

from cnnkit.pages.explain.opening import opening, openings


def test_a_stroke_is_chosen_and_not_the_ground_around_it():
    """A filter with a bias: 2 on the ground, less where the stroke is, so that the strongest numbers say nothing."""
    values = np.full((28, 28), 2.0, np.float32)
    values[10:18, 14] = 0.5
    values[13, 14] = -1.5
    assert opening(values)[:2] == (13, 14)


def test_of_a_map_after_a_relu_no_zero_is_chosen_where_something_is_brighter():
    values = np.full((16, 16), 1.0, np.float32)
    values[4:8, 4] = 0
    values[9, 10] = 1.5
    assert opening(values) == (9, 10, 0.5)
    values[9, 10] = 1
    assert opening(values)[:2] in {(row, 4) for row in range(4, 8)}


def test_what_the_padding_makes_at_the_edge_is_left_out():
    values = np.zeros((16, 16), np.float32)
    values[0], values[8, 6] = 9, 1
    assert opening(values) == (8, 6, 1.0)


def test_a_map_of_one_number_opens_in_the_middle_and_one_place_is_enough():
    assert opening(np.full((9, 9), 3.0, np.float32)) == (4, 4, 0.0)
    assert opening(np.zeros((1, 1), np.float32)) == (0, 0, 0.0)
    assert opening(np.array([[np.nan, 1.0, np.inf]], np.float32)).column == 2


def test_every_map_has_one(explained):
    found = openings(explained)
    shown = [station for station in explained.stations if station.is_map and station.maps is not None]
    assert list(found) == [station.number for station in shown]
    for station in shown:
        assert tuple(found[station.number]) == station.maps.channels
        assert all(
            one.row < station.output[0] and one.column < station.output[1] for one in found[station.number].values()
        )
