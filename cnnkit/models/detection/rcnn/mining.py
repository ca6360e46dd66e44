"""Hard negatives: of a million boxes that are not the thing, a few thousand hold the plane, and only those are kept.

A picture's negatives are scored by the machine of the moment; those inside its margin are hard, and join the cache.
Once many are new, a machine is solved anew on positives and cache, and what then lies far outside the margin leaves it.
When a whole epoch finds no hard one outside the cache, that machine is the one of all negatives: the others would hold
nothing.

Source: Girshick et al. 2014, arXiv:1311.2524, section 2.3; Felzenszwalb et al. 2010, Object detection with
discriminatively trained part-based models, section 4.4 (data mining). Numbers as in R-CNN's code.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnnkit.errors import DataError
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.rcnn.svm import LinearSvm, fit

# At -1 lies the margin of the negatives. A little beyond it nothing is added, well beyond it things leave.
HARD, EASY = -1.0001, -1.2


def mine(positives: Host, negatives: Sequence[Host], *, epochs: int = 1, many: int = 2000, **options: Any) -> LinearSvm:
    """The machine of a class, from positives (n, d) and the negatives (m, d) of each picture in turn.

    Args:
        negatives: in the order of the pictures; may read them as it is asked, for each is asked for a few times.
        epochs: over all pictures, at most; fewer where one adds nothing.
        many: new negatives after which a machine is solved anew.
        options: of `svm.fit`.

    Raises:
        DataError: there are no positives or no negatives.
    """
    cache = [np.zeros(len(picture), bool) for picture in negatives]
    if not len(positives) or not sum(map(len, cache)):
        counts = f"{len(positives)} positives and {sum(map(len, cache))} negatives"
        raise DataError(f"A class has {counts}, but both are needed.")
    machine: LinearSvm | None = None
    for _ in range(epochs):
        found, new = 0, 0
        for number, picture in enumerate(negatives):
            hard = ~cache[number] & (True if machine is None else machine.scores(picture) > HARD)
            cache[number] |= hard
            found, new = found + int(hard.sum()), new + int(hard.sum())
            if new and (machine is None or new >= many or number == len(cache) - 1):
                machine, new = _solved(positives, negatives, cache, options), 0
        if machine is not None and found == 0:
            break
    assert machine is not None, "some picture had a negative"
    return machine


def _solved(positives: Host, negatives: Sequence[Host], cache: list[Host], options: dict[str, Any]) -> LinearSvm:
    """The machine of positives and cache, which it then clears of what is easy."""
    kept = [negatives[number][chosen] for number, chosen in enumerate(cache) if chosen.any()]
    examples = np.concatenate([positives, *kept])
    machine = fit(examples, np.arange(len(examples)) < len(positives), **options)
    for number, chosen in enumerate(cache):
        if chosen.any():
            chosen[chosen] = machine.scores(negatives[number][chosen]) >= EASY
    return machine
