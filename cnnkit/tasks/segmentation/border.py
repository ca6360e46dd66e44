"""The border weight map of U-Net: pixels in the gap between two things that nearly touch count more.

    w(p) = w_c(p) + w0 · exp(-(d1(p) + d2(p))² / (2 σ²))

d1 and d2 are the distances from p to the nearest and to the second nearest thing, w_c is the weight of its class. Here
is the second term. A thing is a piece of a class other than the background whose pixels share sides.

Differs from the paper: the term is 0 within things, which leaves them their class's weight, and where the second thing
is farther than 4 σ, where it would be below w0 / 2980.

Source: Ronneberger, Fischer & Brox 2015, arXiv:1505.04597, section 3, equation 2.
"""

import numpy as np
import numpy.typing as npt

from cnnkit.data.targets import VOID
from cnnkit.data.view.connected import regions

W0, SIGMA = 10.0, 5.0
# Beyond so many σ a second thing is no neighbour.
REACH = 4
# More rows than a mask may reach over, and a squared distance that is none.
FAR_ROWS = 1 << 14
FAR = FAR_ROWS**2

Whole = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]


def border_weights(
    labels: npt.NDArray[np.uint8], *, w0: float = W0, sigma: float = SIGMA, background: int = 0
) -> npt.NDArray[np.float32]:
    """(H, W) float32: what is added to the weight of each pixel of a mask, from 0 to w0.

    Distances are between centres of pixels. VOID is no thing, and its pixels get nothing.
    """
    weights = np.zeros(labels.shape, np.float32)
    near = Near.of(things(labels, background), labels == background, int(REACH * sigma))
    d1, d2 = np.sqrt(near.first), np.sqrt(near.second)
    weights[near.y, near.x] = np.where(near.second < FAR, w0 * np.exp(-((d1 + d2) ** 2) / (2 * sigma**2)), 0)
    return weights


def things(labels: npt.NDArray[np.uint8], background: int) -> Numbers:
    """(H, W): the number of the thing that each pixel belongs to, from 1 up; 0 for background and VOID."""
    numbers, count = np.zeros(labels.shape, np.int32), 0
    for label in np.unique(labels).tolist():
        if label not in (background, VOID):
            found = regions(labels == label, corners=False).astype(np.int32)
            numbers = np.where(found > 0, found + count, numbers)
            count = int(numbers.max())
    return numbers


class Near:
    """Of some pixels the squared distances to the nearest thing and to the nearest other one; FAR where there is none.

    Squared distances are sums: along a column to a thing, and across to the column. In each column the two nearest
    things above and below will do, for those behind them are farther in every sum.
    """

    def __init__(self, y: Whole, x: Whole) -> None:
        self.y, self.x = y, x
        self.first, self.second = np.full(len(y), FAR, np.int32), np.full(len(y), FAR, np.int32)
        self.first_thing, self.second_thing = np.zeros(len(y), np.int32), np.zeros(len(y), np.int32)

    @classmethod
    def of(cls, numbers: Numbers, asked: npt.NDArray[np.bool_], reach: int) -> "Near":
        """Those of the `asked` pixels of a mask of things, no farther than `reach`."""
        near, W, limit = cls(*np.nonzero(asked)), numbers.shape[1], np.int32(reach**2 + 1)
        columns = [*_along_columns(numbers), *_along_columns(numbers, upwards=True)]
        nearest = np.minimum(columns[0][0], columns[2][0])
        places = near.y * W + near.x
        # The nearest columns first: then most of the others are too far for anything.
        for dx in sorted(range(-min(reach, W - 1), min(reach, W - 1) + 1), key=abs):
            some = np.flatnonzero((near.x >= -dx) & (near.x < W - dx))
            some = some[nearest[places[some] + dx] + dx * dx < np.minimum(near.second[some], limit)]
            there = places[some] + dx
            for distances, thing in columns:
                near.offer(some, distances[there] + np.int32(dx * dx), thing[there], limit)
        return near

    def offer(self, some: Whole, distance: Numbers, thing: Numbers, limit: np.int32) -> None:
        """A candidate for each of some pixels: its squared distance, below the limit, and which thing it is."""
        useful = distance < np.minimum(self.second[some], limit)
        some, distance, thing = some[useful], distance[useful], thing[useful]
        first, first_thing = self.first[some], self.first_thing[some]
        known, better = thing == first_thing, distance < first
        # What was the nearest becomes the second, but not where the new one is a nearer place of it.
        second = ~known
        moved, others = np.where(better, first, distance), np.where(better, first_thing, thing)
        self.second[some[second]], self.second_thing[some[second]] = moved[second], others[second]
        self.first[some[better]], self.first_thing[some[better]] = distance[better], thing[better]


def _along_columns(numbers: Numbers, upwards: bool = False) -> list[tuple[Numbers, Numbers]]:
    """For each pixel, flat, (how far up its column, squared; which thing) of the nearest and of the nearest other."""
    rows = numbers[::-1] if upwards else numbers
    H, W = rows.shape
    nearest, other = (np.zeros((2, H, W), np.int32) for _ in range(2))
    above, beyond = (np.array([np.full(W, -FAR_ROWS), np.zeros(W)], np.int32) for _ in range(2))
    for y in range(H):
        here = rows[y]
        new = (here > 0) & (here != above[1])
        np.copyto(beyond, above, where=new)
        np.copyto(above[0], y, where=here > 0)
        np.copyto(above[1], here, where=here > 0)
        nearest[:, y], other[:, y] = above, beyond
    found = []
    for at, thing in (nearest, other):
        distance = np.minimum(np.arange(H, dtype=np.int32)[:, None] - at, FAR_ROWS) ** 2
        if upwards:
            distance, thing = distance[::-1], thing[::-1]
        found.append((distance.ravel(), thing.ravel()))
    return found
