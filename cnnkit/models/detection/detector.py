"""Detector: what every network that finds things takes and gives."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, final

import numpy as np
import numpy.typing as npt

from cnnkit.autograd import Tensor
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module

# The label of a place, among those of a picture, that holds no box.
EMPTY = -1


@final
@dataclass(frozen=True, eq=False)
class BoxBatch:
    """The boxes of the pictures of a batch, to learn from: each has M places, of which some are empty.

    corners: (N, M, 4) float32, x_min, y_min, x_max, y_max in pixels of the image; pixel i covers i to i + 1.
    labels: (N, M) int64, the class of each box, EMPTY where there is none; empty places lie behind the others.
    crowd: (N, M) bool, a box that is neither to be found nor wrong to find (COCO's crowd, VOC's difficult). No loss
    asks for it.
    proposals: (N, R, 4) float32, where things may be, for detectors that look nowhere else; an empty place is 0, 0, 0,
    0. None where nobody looked for them.
    """

    corners: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    crowd: npt.NDArray[np.bool_]
    proposals: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        shape = self.labels.shape
        if len(shape) != 2 or self.corners.shape != (*shape, 4) or self.crowd.shape != shape:
            raise ShapeError(
                f"The boxes of a batch are (N, M, 4) with (N, M) labels and (N, M) marks of crowds, but these are "
                f"{self.corners.shape}, {shape} and {self.crowd.shape}."
            )
        regions = self.proposals
        if regions is not None and (regions.ndim != 3 or regions.shape[::2] != (len(self.labels), 4)):
            raise ShapeError(
                f"The proposals of {len(self.labels)} images are (N, R, 4), but these are {regions.shape}."
            )

    def __len__(self) -> int:
        """Pictures."""
        return len(self.labels)

    @property
    def learned(self) -> npt.NDArray[np.bool_]:
        """(N, M): the places whose boxes a loss asks for."""
        learned: npt.NDArray[np.bool_] = (self.labels != EMPTY) & ~self.crowd
        return learned


class Piece(NamedTuple):
    """`done` of `total` pieces of a phase, such as "support vector machine: class"."""

    phase: str
    done: int
    total: int


class Kept(Protocol):
    """Where what a phase has done is kept until the training ends, so that it need not be done again."""

    def take(self, name: str) -> Mapping[str, Host] | None:
        """What was kept under this name, whole; else None."""

    def keep(self, name: str, arrays: Mapping[str, Host]) -> None:
        """Keep these arrays under a name."""


class Detector(Module):
    """Abstract: a network that finds things in images (N, H, W, C).

    places: P, how many boxes it gives for an image, the empty ones among them.
    score: a box of a lower score is not given. It is low, for a measure counts all; what is shown is chosen afterwards.
    iou: of two boxes of one class that overlap by more, the one with the lower score is dropped.
    any_size: whether it learns from images of other sizes than the one it was built for, of multiples of 32 pixels.
    proposed: R, how many boxes of a selective search it is given with each image, to look nowhere else; 0: it needs
    none. One that does takes them as a second argument of `forward`, (N, R, 4) as in BoxBatch.
    """

    places = 100
    score = 0.01
    iou = 0.45
    any_size = False
    proposed = 0

    def forward(self, x: Tensor) -> Tensor:
        """(N, P, 6): x_min, y_min, x_max, y_max in pixels of x, score (0 to 1), label; by falling score.

        Of an empty place the score is 0 and the label EMPTY. So no shape hangs on what is found.
        """
        raise NotImplementedError

    def losses(self, x: Tensor, targets: BoxBatch) -> dict[str, Tensor]:
        """The parts of the loss by name ("loss_box", …), each the mean over the batch: their sum is learned."""
        raise NotImplementedError

    def settle(self, pictures: Sequence[tuple[Host, BoxBatch]], kept: Kept) -> Iterator[Piece]:
        """What is learned behind the last step, without a gradient, piece by piece; here nothing.

        pictures: those that the steps learned from, as they are: each image (H, W, C) float32, as the network reads
        it, and its boxes, in a batch of one.   kept: what is already done, as far as it is kept.
        """
        return iter(())
