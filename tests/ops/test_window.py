"""From stride, padding and dilation to a Window."""

import pytest

from cnnkit.kernels import Window
from cnnkit.ops import window


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, Window()),
        ({"stride": 2}, Window(2, 2)),
        ({"stride": (2, 1), "padding": 1}, Window(2, 1, 1, 1, 1, 1)),
        ({"padding": (1, 2)}, Window(1, 1, 1, 1, 2, 2)),
        ({"padding": ((0, 1), (2, 3)), "dilation": (1, 2)}, Window(1, 1, 0, 1, 2, 3, 1, 2)),
        ({"padding": [[0, 1], [2, 3]], "stride": [1, 2]}, Window(1, 2, 0, 1, 2, 3)),
    ],
)
def test_numbers_and_pairs_become_a_window(options, expected):
    assert window(**options) == expected
