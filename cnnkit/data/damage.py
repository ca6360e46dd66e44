"""What is wrong with a file that gives no picture, or only a part of one."""

from pathlib import Path

import numpy as np
from PIL import Image

# Where a decoder finds no data it leaves the middle of its range, on all channels.
UNWRITTEN = 128
# So far from its end a file may still hold its end mark: cameras append what they like.
TAIL = 4096


def kind_of_damage(path: Path, reason: str) -> str:
    """ "empty", "truncated" or "unreadable", of a file that was refused for `reason`."""
    try:
        if path.stat().st_size == 0:
            return "empty"
        return "truncated" if "truncated" in reason or lacks_end(path) else "unreadable"
    except OSError:
        return "unreadable"


def lacks_end(path: Path) -> bool:
    """Whether a file begins as a JPEG, PNG, GIF or WEBP and does not come to that format's end."""
    with open(path, "rb") as file:
        head = file.read(16)
        length = file.seek(0, 2)
        file.seek(max(0, length - TAIL))
        tail = file.read()
    if head.startswith(b"\xff\xd8"):
        return b"\xff\xd9" not in tail
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return b"IEND" not in tail
    if head.startswith((b"GIF87a", b"GIF89a")):
        return b";" not in tail.rstrip(b"\0")[-1:]
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return length < 8 + int.from_bytes(head[4:8], "little")
    return False


def unwritten_rows(picture: Image.Image) -> int:
    """How many rows at the bottom of a JPEG were never written; 0 where the picture may be meant so.

    A JPEG whose middle is lost but whose end mark is there is decoded without complaint, grey below.
    """
    pixels = np.asarray(picture).reshape(picture.height, -1)
    grey = ((pixels == UNWRITTEN).all(axis=1))[::-1]
    rows = picture.height if grey.all() else int(grey.argmin())
    framed = bool(grey[-1])  # grey above too: a frame
    return 0 if framed or rows < max(8, picture.height // 20) else rows
