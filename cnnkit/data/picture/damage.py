"""What is wrong with a file that gives no picture, or only a part of one."""

from pathlib import Path

import numpy as np
from PIL import Image

from cnnkit.data.picture.end_marks import lacks_end

# Where a decoder finds no data it leaves the middle of its range, on all channels.
UNWRITTEN = 128
# What is said of files that may be whole, but ask for more memory, time or bytes than a picture may.
_BEYOND = ("more than the limit of", "not enough memory")


def kind_of_damage(path: Path, reason: str) -> str:
    """ "special", "empty", "beyond", "truncated" or "unreadable", of a file that was refused for `reason`."""
    try:
        if not path.is_file() and path.exists():
            return "special"
        if any(words in reason for words in _BEYOND):
            return "beyond"
        if path.stat().st_size == 0:
            return "empty"
        with open(path, "rb") as file:
            return "truncated" if "truncated" in reason or lacks_end(file) else "unreadable"
    except OSError:
        return "unreadable"


def unwritten_rows(picture: Image.Image) -> int:
    """How many rows at the bottom of a JPEG were never written; 0 where the picture may be meant so.

    A JPEG whose middle is lost but whose end mark is there is decoded without complaint, grey below.
    """
    pixels = np.asarray(picture).reshape(picture.height, -1)
    grey = ((pixels == UNWRITTEN).all(axis=1))[::-1]
    rows = picture.height if grey.all() else int(grey.argmin())
    framed = bool(grey[-1])  # grey above too: a frame
    return 0 if framed or rows < max(8, picture.height // 20) else rows
