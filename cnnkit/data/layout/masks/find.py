"""The layout of a folder, or a list, of pictures and masks."""

from pathlib import Path

from cnnkit.data.layout.masks.coco_folder import list_coco
from cnnkit.data.layout.masks.folders import list_pairs
from cnnkit.data.layout.masks.lists import listed_pairs
from cnnkit.data.layout.masks.pairs import PairListing


def find_pairs(place: Path, *, asked: bool = True) -> PairListing | None:
    """The pictures and masks that lie there; None where there are none.

    asked: whether masks are asked for, where a file might also be of boxes.
    DataError where they are of a known form, and cannot be read.
    """
    if place.is_dir() and (found := list_pairs(place)) is not None:
        return found
    return (listed_pairs(place) or list_coco(place, asked=asked)) if place.exists() else None
