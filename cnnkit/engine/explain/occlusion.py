"""What mattered, by covering it: how much a target falls where a square of the image is hidden."""

from collections.abc import Callable, Generator, Sequence

import numpy as np

from cnnkit.data.headway import Headway
from cnnkit.engine.explain.attribution import Attribution, Target
from cnnkit.engine.explain.subject import Subject
from cnnkit.engine.explain.target import pixels_of_class, row_of_box
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Host

# Squares a side: the network is asked about the square of that, or fewer where it works long; few lie side by side.
SQUARES, FEW, FEWEST = 14, 7, 4
# Products that are summed up for all of them together, about ten seconds of two cores.
MOST_PRODUCTS = 6e11
# Numbers of the images that are computed at once: three of 224x224. More take more memory, and hardly less time each.
BATCH_FLOATS = 2**19


def occlusions(
    subject: Subject, outputs: Host, targets: Sequence[Target], multiply_adds: int, square: int | None, step: int | None
) -> Generator[Headway, None, list[Attribution]]:
    """Of each target: target - target with a square covered, by 0: what the network reads as the mean of its data.

    All targets are read from the same answers, so many cost no more passes than one.

    outputs: for the whole image.   multiply_adds: of one pass, by which the number of squares is chosen.
    square, step: the side of a square, and how far they are apart, in pixels; by default about 14 by 14 squares that
    overlap by half, of a network of many products up to 7 by 7 side by side, and 4 by 4 at least.
    """
    height, width = subject.inner[2:]
    square, step = sizes(height, width, multiply_adds, square, step)
    tops, lefts = _begins(height, square, step), _begins(width, square, step)
    values = [_reader(outputs, target) for target in targets]
    whole = [value(outputs) for value in values]
    falls = np.empty((len(targets), len(tops), len(lefts)), np.float32)
    places = [(i, j) for i in range(len(tops)) for j in range(len(lefts))]
    batch = max(1, BATCH_FLOATS // subject.given[0].size)
    for start in range(0, len(places), batch):
        yield Headway("covered images", start, len(places))
        some = places[start : start + batch]
        x = np.repeat(subject.given, len(some), axis=0)
        for image, (i, j) in zip(x, some, strict=True):
            image[tops[i] : tops[i] + square, lefts[j] : lefts[j] + square] = 0
        found = np.asarray(subject.compute(x))
        for (i, j), one in zip(some, found, strict=True):
            falls[:, i, j] = [before - value(one) for before, value in zip(whole, values, strict=True)]
    how = {"square": (square, square), "step": (step, step), "fill": 0.0}
    return [
        Attribution("occlusion", target, _spread(fall, tops, lefts, square, (height, width)), fall, None, how)
        for target, fall in zip(targets, falls, strict=True)
    ]


def sizes(height: int, width: int, multiply_adds: int, square: int | None, step: int | None) -> tuple[int, int]:
    """(the side of a square, how far two are apart): as they are given, else by the work of one pass."""
    if square is None:
        many = int(np.clip(np.sqrt(MOST_PRODUCTS / max(1, multiply_adds)), FEWEST, SQUARES))
        apart = max(1, -(-max(height, width) // many))
        square = 2 * apart if many > FEW else apart
        step = apart if step is None else step
    step = max(1, square // 2) if step is None else step
    if not 1 <= square <= max(height, width) or not step >= 1:
        raise UsageError(
            f"An occlusion covers squares of 1 to {max(height, width)} pixels a side, at least 1 apart, but square is "
            f"{square} and step {step}."
        )
    return square, step


def _begins(length: int, square: int, step: int) -> list[int]:
    """Where squares begin; the last one ends at the edge or beyond it."""
    begins = list(range(0, max(1, length - square + 1), step))
    return begins if begins[-1] + square >= length else [*begins, max(0, length - square)]


def _reader(outputs: Host, target: Target) -> Callable[[Host], float]:
    """What reads the target in outputs for an image that is covered in part."""
    k = target.index
    if target.kind == "class":
        return lambda y: float(y[k])
    if target.kind == "pixels":
        mine = pixels_of_class(outputs, k)
        return lambda y: float(y[..., k][mine].sum(dtype=np.float64))
    box = outputs[row_of_box(outputs, target), :4].astype(np.float64)
    return lambda y: _likest(y, box, k)


def _likest(outputs: Host, box: Host, k: int) -> float:
    """Of the boxes of this class the highest score times overlap (intersection over union): the box may move."""
    rows = outputs[outputs[:, 5] == k].astype(np.float64)
    if not len(rows):
        return 0.0
    sides = np.minimum(rows[:, 2:4], box[2:]) - np.maximum(rows[:, :2], box[:2])
    common = np.clip(sides, 0, None).prod(axis=1)
    areas = (rows[:, 2:4] - rows[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod() - common
    return float((rows[:, 4] * common / np.maximum(areas, 1e-12)).max())


def _spread(falls: Host, tops: list[int], lefts: list[int], square: int, size: tuple[int, int]) -> Host:
    """(H, W): of each pixel the mean over the squares that cover it; 0 where none does."""
    total, count = np.zeros(size), np.zeros(size)
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            here = (slice(top, top + square), slice(left, left + square))
            total[here] += falls[i, j]
            count[here] += 1
    values: Host = (total / np.maximum(count, 1)).astype(np.float32)
    return values
