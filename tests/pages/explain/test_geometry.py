"""Where a number of a station looks, in the form that the script reads."""

import pytest

from cnnkit.engine.explain.station import Station
from cnnkit.pages.explain.geometry import geometry


def station(kind: str, before, after, **settings) -> Station:
    return Station(0, kind, kind, "", "", (-1,), (before,), after, None, 0.0, settings, 0, 0, 0.0, None, None)


def test_a_window_keeps_what_decides_it():
    settings = {"kernel": (3, 5), "stride": (2, 1), "dilation": (1, 2), "padding": (1, 1, 4, 4)}
    found = geometry(station("conv", (9, 9, 3), (5, 9, 8), **settings))
    assert found == {"form": "window"} | {key: list(value) for key, value in settings.items()}
    assert geometry(station("transposed conv", (5, 9, 8), (9, 9, 3), **settings))["form"] == "spread"


@pytest.mark.parametrize("kind", ["activation", "add", "batch norm", "concat", "dropout", "softmax"])
def test_what_keeps_places_looks_at_the_same_place(kind):
    assert geometry(station(kind, (4, 6, 3), (4, 6, 3))) == {"form": "same"}


@pytest.mark.parametrize("kind", ["dense", "flatten", "global average pool", "global max pool"])
def test_a_number_of_a_vector_looks_at_everything(kind):
    assert geometry(station(kind, (4, 6, 3), (3,))) == {"form": "all"}


def test_a_resized_map_is_looked_at_in_its_own_measure():
    found = geometry(station("resize", (4, 6, 3), (8, 18, 3), mode="bilinear"))
    assert found["form"] == "scaled" and found["scale"] == [0.5, pytest.approx(1 / 3)] and found["smooth"]
    assert not geometry(station("resize", (4, 6, 3), (8, 12, 3), mode="nearest"))["smooth"]
