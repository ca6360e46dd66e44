"""Curves over steps or epochs."""

import re

from matplotlib.legend import Legend

from cnnkit.pages.draw.curves import Line, curves


def marks(svg: bytes) -> list[str]:
    """The numbers beside both axes, in their order: an SVG has them as text."""
    return re.findall(r">([−\d.]+)</text>", svg.decode())


def test_one_epoch_stands_at_a_whole_number():
    shown = marks(curves([Line("loss", [(1, 0.5)])], x="epoch", y="loss"))
    assert shown[:3] == ["0", "1", "2"]


def test_epochs_are_counted_and_learning_rates_measured():
    points = [(0.0, 1.0), (0.5, 2.0), (1.0, 1.5)]
    counted = marks(curves([Line("loss", points)], x="epoch", y="loss"))
    measured = marks(curves([Line("loss", points)], x="learning rate", y="loss", numbers=True))
    assert counted[:2] == ["0", "1"] and "0.2" in measured


def test_losses_of_many_sizes_are_drawn_in_powers_of_ten():
    shown = marks(curves([Line("loss", [(1, 100.0), (2, 0.01)])], x="epoch", y="loss", log=True))
    assert {"0.01", "1", "100"} <= set(shown)


def test_no_room_is_looked_for_among_the_lines_which_takes_seconds_where_they_are_long(monkeypatch):
    monkeypatch.setattr(Legend, "_find_best_position", None)
    points = [(1.0, 3.0), (2.0, 4.0)]
    assert b"second" in curves([Line("first", points), Line("second", points)], x="step", y="loss")
