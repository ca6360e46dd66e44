"""The structure of a JPEG: where its tables, scans and end are. Nothing is decoded; files of any length are read."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import IO

START_OF_SCAN, END = 0xDA, 0xD9
# More tables and scans than any encoder writes; a file of millions of them would be read for minutes.
MOST_MARKERS = 10_000
# Read at first, as tables are short, and at most.
SHORT, LONG = 1 << 9, 1 << 20
ALONE = (0x01, *range(0xD0, 0xDA))
# Within a scan: what is neither a byte of data, nor a restart, nor filling.
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")


def markers(file: IO[bytes], place: int = 2) -> Iterator[tuple[int, int]]:
    """(marker, where it begins) of each segment from `place` on, up to the end, which is the last one."""
    while (found := _next(file, place)) is not None:
        marker, place = found
        yield marker, place
        if marker == END:
            return
        place = end_of(file, marker, place)


def end_of(file: IO[bytes], marker: int, place: int) -> int:
    """Where the segment ends whose marker begins at `place`; of a scan, its head alone."""
    if marker in ALONE:
        return place + 2
    file.seek(place + 2)
    return place + 2 + int.from_bytes(file.read(2), "big")


def start_of_scan(file: IO[bytes]) -> int | None:
    """Where the first scan begins, behind all tables and thumbnails; None without one."""
    for marker, place in islice(markers(file), MOST_MARKERS):
        if marker == START_OF_SCAN:
            return place
    return None


def has_end(file: IO[bytes], place: int) -> bool:
    """Whether the end comes, of a file whose first scan begins at `place`."""
    return any(marker == END for marker, _ in islice(markers(file, place), MOST_MARKERS))


def scans(file: IO[bytes], place: int) -> int:
    """How many scans there are, from the first one at `place` on; MOST_MARKERS where it is not worth counting."""
    count = 0
    for number, (marker, _) in enumerate(markers(file, place)):
        if number == MOST_MARKERS:
            return MOST_MARKERS
        count += marker == START_OF_SCAN
    return count


def _next(file: IO[bytes], place: int) -> tuple[int, int] | None:
    """The next marker from `place` on; bytes that belong to none are passed over, as decoders do."""
    last, size = b"", SHORT
    file.seek(place)
    while chunk := file.read(size):
        data = last + chunk
        if found := _MARKER.search(data):
            return found[1][0], place - len(last) + found.end() - 2
        place += len(chunk)
        last, size = b"\xff" if data.endswith(b"\xff") else b"", min(4 * size, LONG)
    return None
