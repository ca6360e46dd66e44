"""Stations in words."""

import pytest

from cnnkit.pages.explain.road import milliseconds


@pytest.mark.parametrize(("ms", "shown"), [(0.01234, "0.0123"), (95.71, "95.7"), (999.4, "999"), (2379.6, "2,380")])
def test_a_time_has_three_digits_and_no_power_of_ten(ms, shown):
    assert milliseconds(ms) == shown
