"""The losses of masks, by name, and the one of a caller."""

from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.data.targets import VOID
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Host
from cnnkit.tasks.own_loss import Loss, called
from cnnkit.tasks.segmentation.places import Masks, PixelWeights

CROSS_ENTROPY = "cross-entropy"
# Beside the logits, as measured: scores and a gradient; of Dice also truth, products and squares.
_MAPS = {CROSS_ENTROPY: 2, "focal": 3, "dice": 7}


@final
@dataclass(frozen=True)
class MaskLoss:
    """loss(logits (N, H, W, K), labels (N, H, W)): a number for the pixels of the batch that are not VOID.

    name: "cross-entropy", "dice" or "focal", or two of them with "+" between: their sum.
    class_weights: (K,), how much the pixels of each class count; None: all the same. Dice, in which each class has an
    equal part, takes none.
    own: of the caller, instead of all this.
    """

    name: str = CROSS_ENTROPY
    class_weights: Host | None = None
    own: Loss | None = None

    def __post_init__(self) -> None:
        if self.class_weights is not None and (self.name == "dice" or self.own is not None):
            raise UsageError(
                f"--class-weights changes cross-entropy and focal loss, but the loss is {self.name}. Leave it out."
                if self.own is None
                else "class_weights changes the cross-entropy, but loss replaces it. Leave it out, and do the same in "
                "your loss."
            )

    @property
    def maps(self) -> int:
        """Arrays of the size of the logits that it has at once: these, what the way back needs, and its results."""
        return 1 + sum(_MAPS[part] for part in self.name.split("+"))

    @property
    def weighs_pixels(self) -> bool:
        """Whether weights can be added to single pixels."""
        return self.own is None and CROSS_ENTROPY in self.name.split("+")

    def __call__(self, logits: Tensor, labels: Masks, added: PixelWeights | None = None) -> Tensor:
        """added: (N, H, W), to the weight of each pixel's class, in the cross-entropy."""
        if self.own is not None:
            return called(self.own, logits, labels)
        first, *more = (self._part(part, logits, labels, added) for part in self.name.split("+"))
        return sum(more, first)

    def _part(self, name: str, logits: Tensor, labels: Masks, added: PixelWeights | None) -> Tensor:
        if name == "dice":
            return ops.dice_loss(logits, labels, ignore=VOID)
        if name == "focal":
            return ops.focal_loss(logits, labels, ignore=VOID, class_weights=self.class_weights)
        weights = None if added is None else 1 + added / self._of_class(labels)
        return ops.cross_entropy(logits, labels, ignore=VOID, weights=weights, class_weights=self.class_weights)

    def _of_class(self, labels: Masks) -> Host | float:
        """The weight of each pixel's class; void has any."""
        if self.class_weights is None:
            return 1.0
        return np.append(self.class_weights, np.ones(VOID + 1 - len(self.class_weights)))[labels]
