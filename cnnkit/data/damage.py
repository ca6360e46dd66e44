"""What is wrong with a file that gives no picture, or only a part of one."""

from pathlib import Path

import numpy as np
from PIL import Image

# Where a decoder finds no data it leaves the middle of its range, on all channels.
UNWRITTEN = 128
# So far from its end a file may still hold its end mark: cameras append what they like.
TAIL = 4096
STARTS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    **{f"P{kind}".encode(): "PPM" for kind in range(1, 7)},
}


def kind_of_damage(path: Path, reason: str) -> str:
    """ "empty", "truncated" or "unreadable", of a file that was refused for `reason`."""
    try:
        if path.stat().st_size == 0:
            return "empty"
        return "truncated" if "truncated" in reason or lacks_end(*ends(path)) else "unreadable"
    except OSError:
        return "unreadable"


def ends(path: Path) -> tuple[bytes, bytes, int]:
    """(the first bytes, the last ones, the length) of a file."""
    with open(path, "rb") as file:
        head = file.read(TAIL)
        length = file.seek(0, 2)
        file.seek(max(0, length - TAIL))
        return head, file.read(TAIL), length


def format_of(head: bytes) -> str:
    """The format that a file's first bytes promise, "" where it is none of ours."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return next((name for start, name in STARTS.items() if head.startswith(start)), "")


def lacks_end(head: bytes, tail: bytes, length: int) -> bool:
    """Whether a file begins as a JPEG, PNG, GIF or WEBP and does not come to that format's end."""
    match format_of(head):
        case "JPEG":
            return b"\xff\xd9" not in tail
        case "PNG":
            return b"IEND" not in tail
        case "GIF":
            return not tail.rstrip(b"\0").endswith(b";")
        case "WEBP":
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
