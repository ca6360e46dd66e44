"""Findings about pictures that are there more than once."""

from collections.abc import Sequence

import numpy as np

from cnnkit.data.check.duplicates import exact_groups, near_groups
from cnnkit.data.check.findings import Finding
from cnnkit.data.check.look import Look


def copies(looks: Sequence[Look]) -> list[Finding]:
    """Equal and nearly equal pictures: within a part, across parts, under several labels."""
    found = []
    first: dict[bytes, list[int]] = {}
    for index, look in enumerate(looks):
        first.setdefault(look.digest, []).append(index)
    for group in exact_groups([look.digest for look in looks]):
        found += _findings([looks[index] for index in group], near=False)
    distinct = list(first.values())
    if distinct:
        thumbs = np.stack([looks[members[0]].thumb for members in distinct])
        for near in near_groups(thumbs):
            found += _findings([looks[index] for number in near for index in distinct[number]], near=True)
    return found


def _findings(group: list[Look], *, near: bool) -> list[Finding]:
    """One, or two of copies that have several labels and lie in several parts: either may be allowed."""
    parts = list(dict.fromkeys(look.place.part for look in group))
    labels = sorted({look.place.class_name for look in group})
    across = len(parts) > 1
    kinds = [("near-duplicate" if near else "duplicate") + ("-across" if across else "")]
    if len(labels) > 1 and not near:
        kinds = ["two-labels", *(kinds if across else [])]
    message = "nearly the same picture" if near else "the same picture"
    if across:
        message += " in " + " and ".join(parts)
    if len(labels) > 1:
        message += " under the labels " + " and ".join(map(repr, labels[:5]))
    files = tuple(look.place.name for look in group)
    return [Finding(kind, message, files) for kind in kinds]
