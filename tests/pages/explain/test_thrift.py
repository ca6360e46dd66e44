"""A page has room for every network: pictures become coarser, then maps fewer."""

import numpy as np
import pytest

from cnnkit.errors import UsageError
from cnnkit.pages.explain import page as paging
from cnnkit.pages.explain.mattered import fitted
from cnnkit.pages.explain.page import explain_page
from cnnkit.pages.explain.thrift import LADDER, reduced, sheets
from cnnkit.pages.texts import read


def test_of_more_maps_the_strongest_are_kept(explained):
    few = reduced(explained, 3)
    station, whole = few.station("pointwise"), explained.station("pointwise")
    assert station.maps.why == "strongest" and len(station.maps.channels) == 3
    strength = dict(zip(whole.maps.channels, whole.maps.strength, strict=True))
    assert set(station.maps.channels) == set(sorted(strength, key=strength.get)[-3:])
    for k, channel in enumerate(station.maps.channels):
        np.testing.assert_array_equal(
            station.maps.values[..., k], whole.maps.values[..., whole.maps.channels.index(channel)]
        )
    assert few.station("dense").maps is explained.station("dense").maps, "a vector has no maps"


def test_pictures_take_the_room_that_they_are_given(explained):
    sizes = []
    for thrift in LADDER:
        pictures = sheets(reduced(explained, thrift.maps), thrift, 1e9)
        sizes.append(sum(len(picture["file"]) for picture in pictures.values()))
        assert sheets(reduced(explained, thrift.maps), thrift, sizes[-1] - 1) is None
    assert sizes[-1] < sizes[0] / 2


def test_heat_maps_become_smaller_then_fewer(rng):
    drawn = rng.integers(0, 256, (300, 300, 3), np.uint8)
    reasons = [{"label": str(k), "maps": {"gradient": {"drawn": drawn, "bound": 1.0}}} for k in range(4)]
    whole = fitted(reasons, 1e9)
    size = sum(len(reason["maps"]["gradient"]["file"]) for reason in whole)
    for share, least in ((0.6, 4), (0.2, 4), (0.01, 0)):
        found = fitted(reasons, share * size)
        assert least <= len(found) <= 4
        assert sum(len(reason["maps"]["gradient"]["file"]) for reason in found) <= share * size
    assert "drawn" not in whole[0]["maps"]["gradient"] and whole[0]["maps"]["gradient"]["bound"] == 1.0


@pytest.mark.parametrize("limit", [100_000, 130_000, 200_000])
def test_a_page_keeps_to_its_limit(explained, monkeypatch, limit):
    """Occlusion is left out: it has its own tests, and takes the time of them all."""
    monkeypatch.setattr(paging, "targets", lambda explanation, asked: [])
    page = explain_page(explained, read("en"), name="picture.png", limit=limit)
    assert limit / 3 < len(page.encode()) <= limit


def test_what_fits_in_no_way_is_refused(explained, monkeypatch):
    monkeypatch.setattr(paging, "targets", lambda explanation, asked: [])
    with pytest.raises(UsageError, match="does not fit into 20,000 bytes"):
        explain_page(explained, read("en"), name="picture.png", limit=20_000)
