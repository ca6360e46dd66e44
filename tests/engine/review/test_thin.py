"""Curves of bounded length."""

import pytest

from cnnkit.engine.review.thin import MOST, Thin


def told(count: int) -> Thin:
    thin = Thin()
    for step in range(1, count + 1):
        thin.add(step, 2 * step)
    return thin


def test_few_values_are_kept_as_they_are():
    assert told(3).points() == [(1, 2), (2, 4), (3, 6)]


@pytest.mark.parametrize("count", [MOST - 1, MOST, MOST + 1, 10 * MOST + 7])
def test_many_are_means_of_as_many_neighbours(count):
    thin = told(count)
    points = thin.points()
    assert len(points) <= MOST and all(y == 2 * x for x, y in points)
    # Each value is in one mean: the first of them is that of 1 to width.
    assert points[0][0] == (1 + thin.width) / 2
    assert thin.width == 1 if count < MOST else thin.width > 1
