"""What is known of a picture file from its header alone, as the picture will be seen: upright."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from cnnkit.data.picture.end_marks import lacks_end
from cnnkit.data.picture.limits import default_max_pixels
from cnnkit.data.picture.modes import mode_of_plain
from cnnkit.data.picture.orientation import ON_THE_SIDE, stored_orientation
from cnnkit.data.picture.read import WHOLE, look, opened, read_picture, told

# A JPEG that is only judged is decoded at a fraction of its size.
JUDGED_SIDE = 64


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
            stored = {"MPO": "JPEG", "DIB": "BMP"}.get(picture.format or "", picture.format or "")
            return Header(height, width, mode_of_plain(picture) == "L", stored)
    except Exception:
        return None


def check_ends(path: Path) -> None:
    """Refuse what `read_picture` would refuse, as far as the header and the end of the file tell.

    Only a picture whose end is missing is decoded: some of them are whole all the same.
    """
    name, limit = str(path), default_max_pixels()
    with told(name, limit), opened(path) as (picture, file):
        look(picture, file, name, JUDGED_SIDE, WHOLE)
        whole = not lacks_end(file)
    if not whole:
        read_picture(path, at_least=JUDGED_SIDE)
