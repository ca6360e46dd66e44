"""Whether a picture file comes to its end, told from its structure alone: nothing is decoded.

A file without its end need not be lost, and one with it may be damaged inside. Where the end is missing, the picture is
to be decoded once: that decides.
"""

import re
from itertools import islice
from typing import IO

from cnnkit.data.picture import jpeg_markers, png_chunks

# Cameras and editors append what they like: the end is looked for in so many last bytes first.
TAIL = 4096
STARTS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    **{f"P{kind}".encode(): "PPM" for kind in range(1, 7)},
}
END_OF_JPEG = b"\xff\xd9"
_PPM = re.compile(rb"P([456])" + 2 * rb"(?:\s|#[^\r\n]*[\r\n])+(\d{1,10})")
_PPM_DEPTH = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])+(\d{1,5})")


def format_of(head: bytes) -> str:
    """The format that a file's first bytes promise, "" where it is none of ours."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    return next((name for start, name in STARTS.items() if head.startswith(start)), "")


def ends(file: IO[bytes]) -> tuple[bytes, bytes, int]:
    """(the first bytes, the last ones, the length) of a file."""
    file.seek(0)
    head = file.read(TAIL)
    length = file.seek(0, 2)
    file.seek(max(0, length - TAIL))
    return head, file.read(TAIL), length


def lacks_end(file: IO[bytes]) -> bool:
    """Whether a picture seems to be cut: its end mark is missing, or it is shorter than its header says."""
    head, tail, length = ends(file)
    match format_of(head):
        case "JPEG":
            return _lacks_end_of_jpeg(file, length)
        case "PNG":
            return _lacks_end_of_png(file)
        case "GIF":
            return not tail.rstrip(b"\0").endswith(b";")
        case "WEBP":
            return length < 8 + int.from_bytes(head[4:8], "little")
        case "BMP":
            return _is_cut_bmp(head, tail, length)
        case "PPM":
            return length < _length_of_ppm(head)
    return False


def _lacks_end_of_jpeg(file: IO[bytes], length: int) -> bool:
    """Within scans, 0xFFD9 means the end and nothing else; in tables and thumbnails it may be anything."""
    start = jpeg_markers.start_of_scan(file)
    if start is None:
        return True
    file.seek(max(start, length - TAIL))
    return END_OF_JPEG not in file.read() and not jpeg_markers.has_end(file, start)


def _lacks_end_of_png(file: IO[bytes]) -> bool:
    kinds = [kind for kind, _, _ in islice(png_chunks.chunks(file), png_chunks.MOST_CHUNKS)]
    return len(kinds) < png_chunks.MOST_CHUNKS and png_chunks.END not in kinds[-1:]


def _is_cut_bmp(head: bytes, tail: bytes, length: int) -> bool:
    """The size in the file's own header is often wrong; what its pixels take is known."""
    start, size = int.from_bytes(head[10:14], "little"), int.from_bytes(head[14:18], "little")
    if size == 12:
        width, height, bits = (int.from_bytes(head[k : k + 2], "little") for k in (18, 20, 24))
        packed = 0
    else:
        width, height = (int.from_bytes(head[k : k + 4], "little", signed=True) for k in (18, 22))
        bits, packed = int.from_bytes(head[28:30], "little"), int.from_bytes(head[30:34], "little")
    if packed in (0, 3):
        return length < start + (width * bits + 31) // 32 * 4 * abs(height)
    return packed in (1, 2) and b"\0\1" not in tail


def _length_of_ppm(head: bytes) -> int:
    """The least length of a file that begins so; 0 of one whose pixels are written as text."""
    if not (found := _PPM.match(head)):
        return 0
    kind, width, height = (int(number) for number in found.groups())
    if kind == 4:
        return found.end() + 1 + (width + 7) // 8 * height
    depth = _PPM_DEPTH.match(head, found.end())
    if not depth:
        return 0
    return depth.end() + 1 + width * height * (3 if kind == 6 else 1) * (2 if int(depth[1]) > 255 else 1)
