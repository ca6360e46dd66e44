"""The phases behind fine-tuning: features of all proposals, a machine for each class, a regression for each class.

Each piece is kept as it is done, and taken again where a training was ended in between.

What is summed over examples weighs as much beside |w|² as it does with the paper's 5,011 pictures, however many there
are: of fewer an example costs more, and the ridge is lower.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from cnnkit.config import available_memory
from cnnkit.errors import ResourceError
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.detector import EMPTY, BoxBatch, Kept, Piece
from cnnkit.models.detection.rcnn.heads import RIDGE, Heads, Seen, machine_of, regression_of, scale_of
from cnnkit.models.detection.rcnn.regression import BoxRegression
from cnnkit.models.detection.rcnn.roles import Roles
from cnnkit.models.detection.rcnn.settled import SettledHeads
from cnnkit.models.detection.rcnn.svm import LinearSvm

FEATURES, MACHINES, MOVES = "features of proposals: picture", "support vector machine: class", "box regression: class"
# Pictures whose features are kept together.
SOME = 16
# VOC 2007's, with which the paper sets the cost of an example.
PICTURES, COST = 5011, 1e-3
# Beside the features, those of a class's negatives.
COPIES = 2
# The bias of a class of which nothing is shown: it is never found.
NEVER = -50.0

Look = Callable[[Host, Host], tuple[Host, Host]]


def settle(
    looked_at: Look, heads: SettledHeads, pictures: Sequence[tuple[Host, BoxBatch]], kept: Kept
) -> Iterator[Piece]:
    """Solve machines and regressions on pictures, and let `heads` have them.

    looked_at: (image (H, W, C), boxes (n, 4)) -> their features (n, d), and more.
    """
    seen: list[Seen] = []
    free = available_memory()
    for first in range(0, len(pictures), SOME):
        yield from _seen(looked_at, pictures, range(first, min(first + SOME, len(pictures))), seen, kept)
        _check_room(seen, len(pictures), free)
    classes, share = heads.classes, len(seen) / PICTURES
    scale, taught = scale_of(seen), [one.roles(classes) for one in seen]
    machines, regressions = [], []
    for label in range(classes):
        machines.append(_machine(label, seen, taught, scale, kept, cost=COST / share))
        yield Piece(MACHINES, label + 1, classes)
    for label in range(classes):
        regressions.append(_regression(label, seen, taught, scale, kept, ridge=RIDGE * share))
        yield Piece(MOVES, label + 1, classes)
    heads.settle(Heads(tuple(machines), tuple(regressions), scale))


def _seen(
    looked_at: Look, pictures: Sequence[tuple[Host, BoxBatch]], some: range, seen: list[Seen], kept: Kept
) -> Iterator[Piece]:
    """Add what is seen of some pictures."""
    name = f"features-{some.start}"
    before, known = len(seen), kept.take(name)
    for number in some:
        image, batch = pictures[number]
        there = batch.labels[0] != EMPTY
        labels, crowd, truth = (array[0, there] for array in (batch.labels, batch.crowd, batch.corners))
        proposals = np.empty((0, 4), np.float32) if batch.proposals is None else batch.proposals[0]
        proposals = proposals[(proposals[:, 2:] > proposals[:, :2]).all(axis=1)]
        corners = np.concatenate([truth, proposals])
        features = None if known is None else known.get(f"{number}")
        if features is None or len(features) != len(corners):
            features = looked_at(image, corners)[0]
        seen.append(Seen(features, corners, labels, crowd))
        yield Piece(FEATURES, number + 1, len(pictures))
    if known is None:
        kept.keep(name, {f"{number}": one.features for number, one in zip(some, seen[before:], strict=True)})


def _check_room(seen: Sequence[Seen], pictures: int, free: int | None) -> None:
    """ResourceError where the features of so many pictures will not fit, told from those of the first."""
    needed = COPIES * sum(one.features.nbytes for one in seen) * pictures // len(seen)
    if free is not None and needed > free:
        raise ResourceError(
            f"The features of all proposals of {pictures:,} pictures take about {needed / 1e6:,.0f} MB, but "
            f"{free / 1e6:,.0f} MB are free. Learn from fewer pictures, or choose a smaller classifier in --model."
        )


def _machine(
    label: int, seen: Sequence[Seen], taught: Sequence[Roles], scale: float, kept: Kept, *, cost: float
) -> LinearSvm:
    name = f"machine-{label}"
    known = kept.take(name)
    if known is not None:
        return LinearSvm(known["weights"], float(known["bias"]))
    if not any((one.labels[~one.crowd] == label).any() for one in seen):
        return LinearSvm(np.zeros(seen[0].features.shape[1]), NEVER)
    machine = machine_of(label, seen, taught, scale, cost=cost)
    kept.keep(name, {"weights": machine.weights, "bias": np.array(machine.bias)})
    return machine


def _regression(
    label: int, seen: Sequence[Seen], taught: Sequence[Roles], scale: float, kept: Kept, *, ridge: float
) -> BoxRegression | None:
    name = f"regression-{label}"
    known: Mapping[str, Host] | None = kept.take(name)
    if known is not None:
        return BoxRegression(**known)
    found = regression_of(label, seen, taught, scale, ridge=ridge)
    if found is not None:
        kept.keep(name, {"weights": found.weights, "features": found.features, "codes": found.codes})
    return found
