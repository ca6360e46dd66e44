"""The images on which several networks may be compared: in the test part of each, and learned from by none.

Images are known by their digests, of class and content, wherever they lie and whatever they are called.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class SameImages:
    """rows: for each network the same images in the same order, as places in its test part.

    alone: for each network, how many of its test images are not in the test part of all others.
    learned: how many are in all test parts, but some network was trained on them or chose its weights by them.
    """

    rows: tuple[tuple[int, ...], ...]
    alone: tuple[int, ...]
    learned: int

    def __len__(self) -> int:
        return len(self.rows[0])


def same_images(tests: Sequence[Sequence[str]], learned: Collection[str]) -> SameImages:
    """Match the test parts.

    tests: for each network the digests of its test images.   learned: those of what any network was trained on.
    An image that is there several times counts as often as in the part that has the fewest of it.
    """
    counts = [Counter(test) for test in tests]
    common = {mark: min(count[mark] for count in counts) for mark in counts[0]}
    places = [_places(test) for test in tests]
    order, known = [], 0
    for mark in dict.fromkeys(tests[0]):
        if mark in learned:
            known += common[mark]
        else:
            order += [(mark, k) for k in range(common[mark])]
    rows = tuple(tuple(mine[mark][k] for mark, k in order) for mine in places)
    alone = tuple(len(test) - sum(common.values()) for test in tests)
    return SameImages(rows, alone, known)


def _places(test: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for place, mark in enumerate(test):
        found[mark].append(place)
    return found
