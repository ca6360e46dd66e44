"""What is known of a picture file from its header alone, as the picture will be seen: upright."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from cnnkit.data.orientation import ON_THE_SIDE, stored_orientation
from cnnkit.data.picture import opened, read_picture
from cnnkit.data.picture_modes import GREY, is_deep


@final
@dataclass(frozen=True, slots=True)
class Header:
    """height, width: of the upright picture, in pixels.   grey: whether it has no colours.   format: one of FORMATS."""

    height: int
    width: int
    grey: bool
    format: str


def header(path: Path) -> Header | None:
    """None where the header cannot be read."""
    try:
        with opened(path) as (picture, file):
            width, height = picture.size
            if stored_orientation(picture, file) in ON_THE_SIDE:
                width, height = height, width
            # A JPEG that holds further pictures, as some cameras write, is called MPO.
            stored = {"MPO": "JPEG"}.get(picture.format or "", picture.format or "")
            return Header(height, width, picture.mode in GREY or is_deep(picture.mode), stored)
    except Exception:
        return None


def check_header(path: Path) -> None:
    """Refuse what `read_picture` would refuse after the first bytes; the picture itself is not decoded."""
    if header(path) is None:
        read_picture(path)
