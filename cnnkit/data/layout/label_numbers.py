"""Labels that are numbers: they count from 0, or from 1."""

from collections.abc import Mapping

import numpy as np

from cnnkit.kernels.shared.array import Host


def first_label(labels: Mapping[str, Host], classes: int | None) -> int:
    """1 where the labels of all parts count from 1 without gaps, else 0.

    classes: how many there are, where they have names.
    """
    train = np.unique(labels["train"])
    if not len(train) or train[0] != 1 or train[-1] != len(train) or classes not in (None, len(train)):
        return 0
    return int(all(not part.size or part.min() >= 1 for part in labels.values()))


def note_on_first(first: int, last: int) -> list[str]:
    """What is told of labels that count from another number than 0."""
    return [f"The labels count from {first} to {last}: each class has the name of its number."] if first else []
