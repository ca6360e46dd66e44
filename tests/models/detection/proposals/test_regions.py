"""What is known of segments, against plain loops."""

import numpy as np

from cnnkit.kernels import cpu
from cnnkit.models.detection.proposals.regions import COLOUR_BINS, boxes_around, colour_bins, neighbours, regions_of

LABELS = np.int32([[0, 0, 1, 1], [0, 2, 2, 1], [3, 2, 0, 0]])


def test_a_box_goes_from_the_first_pixel_to_behind_the_last():
    expected = [[0, 0, 4, 3], [2, 0, 4, 2], [1, 1, 3, 3], [0, 2, 1, 3]]
    assert boxes_around(LABELS, 4).tolist() == expected and boxes_around(LABELS, 4).dtype == np.int32


def test_neighbours_touch_at_a_side_or_at_a_corner():
    assert neighbours(LABELS).tolist() == [[0, 1], [0, 2], [0, 3], [1, 2], [2, 3]]
    assert neighbours(np.int32([[0, 1], [2, 0]])).tolist() == [[0, 1], [0, 2], [1, 2]]
    assert neighbours(np.zeros((3, 3), np.int32)).shape == (0, 2)
    assert neighbours(np.int32([[0, 1, 2]])).tolist() == [[0, 1], [1, 2]], "a picture of one row"
    assert neighbours(np.int32([[0], [1]])).tolist() == [[0, 1]], "a picture of one column"


def test_neighbours_of_many_are_those_of_plain_loops(rng):
    labels = cpu.segment(rng.uniform(0, 255, (1, 13, 17, 3)).astype(np.float32), 60.0, 3)[0]
    expected = set()
    for y, x in np.ndindex(13, 17):
        for v, u in np.ndindex(13, 17):
            if max(abs(y - v), abs(x - u)) == 1 and labels[y, x] < labels[v, u]:
                expected.add((int(labels[y, x]), int(labels[v, u])))
    assert neighbours(labels).tolist() == sorted(map(list, expected))


def test_colours_fall_into_equal_parts():
    x = np.float32([[[0, 10.19, 10.21], [255, 254, 128]]])
    assert colour_bins(x).tolist() == [[[0, 0, 1], [24, 24, 12]]]


def test_all_together(rng):
    colours, rises = rng.integers(0, 25, (3, 4, 3), dtype=np.uint8), rng.integers(0, 10, (3, 4, 24), dtype=np.uint8)
    found = regions_of(LABELS, colours, rises)
    assert found.pixels.tolist() == [5, 3, 3, 1]
    assert found.colours.shape == (4, 3, COLOUR_BINS) and found.textures.shape == (4, 24, 10)
    assert (found.colours.sum(axis=2) == found.pixels[:, None]).all()
    assert (found.textures.sum(axis=2) == found.pixels[:, None]).all()
