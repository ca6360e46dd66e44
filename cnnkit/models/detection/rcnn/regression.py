"""Box regression: a proposal's features tell how it should be moved and stretched to lie around its thing.

With a proposal P and the true box G in centres and sizes, what is learned is

    t = ((Gx - Px) / Pw, (Gy - Py) / Ph, log(Gw / Pw), log(Gh / Ph))

as a linear function of the features f, by ridge regression, for each class by itself:

    minimise over W, t0   Σ |t - t0 - (f - f0)·W|² + λ·|W|²        f0: the features' mean;  t0 is then the targets' mean
    W = (F'F + λ)⁻¹ F'T = F'(FF' + λ)⁻¹ T                          F, T: those about their means; the smaller is solved

Differs from the paper: means are taken off, so that the ridge does not pull on them; so does its code, which also
    whitens t.
Source: Girshick et al. 2014, arXiv:1311.2524, appendix C.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.errors import DataError
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.parts.coder import BoxCoder

CODER = BoxCoder()


@final
@dataclass(frozen=True, eq=False)
class BoxRegression:
    """Of one class. weights: (d, 4) float64.   features: (d,), their mean.   codes: (4,), the mean of t."""

    weights: Host
    features: Host
    codes: Host

    def moved(self, features: Host, boxes: Host) -> Host:
        """The boxes (n, 4), moved as their features (n, d) say; they may end beyond the picture."""
        codes = self.codes + (features.astype(np.float64) - self.features) @ self.weights
        moved: Host = CODER.decode(Tensor(codes), boxes).numpy().astype(boxes.dtype)
        return moved


def fit(features: Host, proposals: Host, boxes: Host, *, ridge: float = 1000.0) -> BoxRegression:
    """What leads from proposals (n, 4) with features (n, d) to the true boxes (n, 4) that they overlap (IoU over 0.6).

    ridge: λ; the paper's is for features of its fifth pooling layer.

    Raises:
        DataError: there is no proposal.
    """
    if not len(features):
        raise DataError("A class has no proposal that overlaps a true box well enough to learn from.")
    codes = CODER.encode(boxes.astype(np.float64), proposals.astype(np.float64))
    f = features.astype(np.float64)
    f0, t0 = f.mean(axis=0), codes.mean(axis=0)
    f, t = f - f0, codes - t0
    n, d = f.shape
    if d <= n:
        weights = np.linalg.solve(f.T @ f + ridge * np.eye(d), f.T @ t)
    else:
        weights = f.T @ np.linalg.solve(f @ f.T + ridge * np.eye(n), t)
    return BoxRegression(weights, f0, t0)
