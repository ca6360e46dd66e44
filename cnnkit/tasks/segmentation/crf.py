"""The fully connected CRF behind a network: labels that follow the edges of the picture.

    E(x) = Σ i  ψ(x_i) + Σ i<j  [x_i ≠ x_j] · (w1 · appearance(i, j) + w2 · smoothness(i, j))
    appearance(i, j) = e^(-|p_i - p_j|² / 2α² - |I_i - I_j|² / 2β²),   smoothness(i, j) = e^(-|p_i - p_j|² / 2γ²)

p is a pixel's place and I its colour: two pixels that are near and of one colour had rather have one label, and so had
two that are very near. ψ is minus the logarithm of the network's scores. Mean field finds the distribution nearest to
e^-E in which pixels are independent: from Q = softmax(logits),

    Q_i(l)  <-  softmax over l of  logits_i(l) + Σ kernels  w · Σ j  k(i, j) · Q_j(l)

A penalty on other labels is, but for a number that all labels share, a reward for the own one: so the compatibility
needs no step of its own. Messages come from `crf_messages`, by a filter on a lattice, not from all pairs.

Differs from the paper: kernels are normalised, see `crf_graph`.
Source: Krähenbühl & Koltun 2011, arXiv:1210.5644; as used by Chen et al. 2014, arXiv:1412.7062, section 4.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from math import ceil, isfinite

import numpy as np

from cnnkit import kernels
from cnnkit.errors import DataError, ShapeError, UsageError
from cnnkit.kernels.shared.array import Host

# A picture of more pixels than WHOLE is cut into pieces, of sides that are at most PIECE.
WHOLE, PIECE = 1 << 20, 640
# Numbers of the logits of a picture that goes through: a gigabyte, with scores and those of the network beside them.
MOST_NUMBERS = 1 << 26
LEAST_WIDTH = 0.01
# A score of less counts as this where its logarithm is taken.
LEAST_SCORE = np.float32(1e-12)


@dataclass(frozen=True)
class DenseCRF:
    """How a picture's colours change its labels. The numbers are those of DeepLab-LargeFOV as its authors released it.

    w1, alpha, beta: weight of the appearance kernel, its standard deviations in pixels and in steps of a channel's 255.
    w2, gamma: weight of the smoothness kernel, its standard deviation in pixels.
    iterations: steps of mean field; ten in all of DeepLab's papers.
    """

    w1: float = 4.0
    alpha: float = 49.0
    beta: float = 5.0
    w2: float = 3.0
    gamma: float = 3.0
    iterations: int = 10

    def __post_init__(self) -> None:
        right = all(isfinite(number) and number >= 0 for number in astuple(self))
        widths = min(self.alpha, self.beta, self.gamma)
        if not right or widths < LEAST_WIDTH or self.iterations != int(self.iterations):
            raise UsageError(
                "A CRF expects weights and a whole number of iterations that are not negative, and standard deviations "
                f"of {LEAST_WIDTH} or more, but received {self}."
            )


DEEPLAB = DenseCRF()


def check_size(size: tuple[int, ...], classes: int) -> None:
    """DataError for a picture of (height, width) that is too large to be refined."""
    H, W = size
    if H * W * classes > MOST_NUMBERS:
        raise DataError(
            f"With {classes} classes --crf takes pictures of up to {MOST_NUMBERS / classes / 1e6:.1f} million pixels, "
            f"but this one has {W}x{H}. Make it smaller, or leave --crf out."
        )


def refine(logits: Host, picture: Host, crf: DenseCRF = DEEPLAB) -> Host:
    """Scores (H, W, K) of each pixel's labels once all pixels of the picture have been heard.

    A picture above WHOLE pixels goes through in pieces, each with what lies 2α around it, where the appearance kernel
    has fallen to a seventh. So memory is bounded, at about a gigabyte for a picture full of texture and half of that
    for others, beside logits and scores; by a seam a pixel that wavers may take the other label.

    Args:
        logits: (H, W, K), what the network gives for each pixel of the picture; or logarithms of its scores.
        picture: (H, W, C), the picture's own colours from 0 to 255.
        crf: weights, widths and iterations.

    Raises:
        ShapeError: there are not logits for each pixel.
    """
    if logits.ndim != 3 or picture.ndim != 3 or logits.shape[:2] != picture.shape[:2]:
        raise ShapeError(
            f"Expected logits (H, W, K) of each pixel of a picture (H, W, C), but received {logits.shape} for "
            f"{picture.shape}. Bring the logits to the picture's size first."
        )
    H, W, K = logits.shape
    if H * W <= WHOLE:
        return _mean_field(logits, picture, crf)
    scores = np.empty((H, W, K), np.float32)
    for top, bottom in _cuts(H):
        for left, right in _cuts(W):
            y, x = max(0, top - ceil(2 * crf.alpha)), max(0, left - ceil(2 * crf.alpha))
            around = slice(y, bottom + ceil(2 * crf.alpha)), slice(x, right + ceil(2 * crf.alpha))
            found = _mean_field(logits[around], picture[around], crf)
            scores[top:bottom, left:right] = found[top - y : bottom - y, left - x : right - x]
    return scores


def _cuts(length: int) -> Iterator[tuple[int, int]]:
    """Begin and end of the pieces of a side, nearly equal."""
    count = ceil(length / PIECE)
    return ((length * i // count, length * (i + 1) // count) for i in range(count))


def _mean_field(logits: Host, picture: Host, crf: DenseCRF) -> Host:
    """Scores (H, W, K), of all pixels at once."""
    H, W, K = logits.shape
    k = kernels.home()
    unary = k.put(np.ascontiguousarray(logits.reshape(H * W, K), np.float32))
    edges = [(weight, k.crf_graph(k.put(features))) for weight, features in _kernels(picture, crf) if weight > 0]
    q = k.softmax(unary.reshape((1, H * W, K)))
    for _ in range(int(crf.iterations)):
        energy = unary
        for weight, graph in edges:
            energy = k.crf_messages(q.reshape((H * W, K)), graph, weight, others=energy)
        q = k.softmax(energy.reshape((1, H * W, K)))  # as a map: a lane is a pixel
    scores: Host = k.fetch(q).reshape(H, W, K)
    return scores


def _kernels(picture: Host, crf: DenseCRF) -> Iterator[tuple[float, Host]]:
    """Weight and features of appearance and of smoothness; features are divided by their standard deviations."""
    H, W, C = picture.shape
    places = np.indices((H, W), np.float32).reshape(2, H * W).T
    colours = picture.reshape(H * W, C).astype(np.float32)
    yield crf.w1, np.concatenate([places / np.float32(crf.alpha), colours / np.float32(crf.beta)], axis=1)
    yield crf.w2, places / np.float32(crf.gamma)
