"""The colour scale."""

import numpy as np

from cnnkit.pages.draw.colours import STEPS, bound_of, class_colours, css, palette, steps


def test_zero_is_the_dark_middle_and_signs_differ():
    colours = palette().astype(int)
    assert colours.shape == (STEPS, 3)
    light = colours.sum(axis=1)
    assert light.argmin() == STEPS // 2 and light[STEPS // 2] < 80
    assert colours[STEPS // 4, 2] > colours[STEPS // 4, 0], "blue below zero"
    assert colours[-STEPS // 4, 0] > colours[-STEPS // 4, 2], "orange above"
    # Lighter all the way to both ends, so that more is seen as more.
    assert (np.diff(light[: STEPS // 2 + 1]) <= 0).all() and (np.diff(light[STEPS // 2 :]) >= 0).all()


def test_steps_reach_both_ends_and_odd_numbers_are_zero():
    found = steps([-3, -1.5, 0, 1.5, 3, 9, np.nan, np.inf, -np.inf], 3.0)
    assert found.tolist() == [0, 63, 127, 191, 254, 254, 127, 254, 0]


def test_the_bound_is_the_largest_finite_magnitude():
    assert bound_of([-4, 3, np.inf, np.nan]) == 4
    assert bound_of([0, 0]) == bound_of([]) == bound_of([np.nan]) == 1


def test_the_legend_is_a_gradient_of_the_same_colours():
    first = "#{:02x}{:02x}{:02x}".format(*palette()[0])
    assert css().startswith(f"linear-gradient(to right, {first}")


def test_colours_of_classes_differ():
    assert len(set(class_colours(100))) == 100
