"""The structure of a PNG: its chunks. Nothing is decoded; what they hold is passed over."""

from collections.abc import Iterator
from typing import IO

END = b"IEND"
# With more of them a file is refused: it would be read for minutes.
MOST_CHUNKS = 100_000


def chunks(file: IO[bytes]) -> Iterator[tuple[bytes, int, int]]:
    """(kind, where its data begin, their length) of each chunk, up to the end, or to what is no chunk."""
    place = 8
    while True:
        file.seek(place)
        head = file.read(8)
        kind, length = head[4:], int.from_bytes(head[:4], "big")
        if len(kind) < 4 or not kind.isalpha():
            return
        yield kind, place + 8, length
        if kind == END:
            return
        place += length + 12
