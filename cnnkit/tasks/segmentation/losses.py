"""The losses of masks, by name."""

from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.data.targets import VOID
from cnnkit.kernels.shared.array import Host
from cnnkit.ops.loss import cross_entropy
from cnnkit.tasks.segmentation.places import Masks


@final
@dataclass(frozen=True)
class MaskLoss:
    """loss(logits (N, H, W, K), labels (N, H, W)): the mean over the pixels that are not VOID.

    class_weights: (K,), how much the pixels of each class count; None: all the same.
    """

    class_weights: Host | None = None

    def __call__(self, logits: Tensor, labels: Masks) -> Tensor:
        K = logits.shape[3]
        said = (labels != VOID).ravel()
        known = np.where(said, labels.ravel(), 0).astype(np.int64)
        return cross_entropy(
            ops.reshape(logits, (-1, K)), known, weights=said.astype(np.float64), class_weights=self.class_weights
        )
