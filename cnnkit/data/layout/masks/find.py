"""The layout of a folder of pictures and masks."""

from pathlib import Path

from cnnkit.data.layout.masks.folders import list_pairs
from cnnkit.data.layout.masks.pairs import PairListing


def find_pairs(place: Path) -> PairListing | None:
    """The pictures and masks that lie there; None where there are none."""
    return list_pairs(place) if place.is_dir() else None
