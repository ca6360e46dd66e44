"""Cross-entropy: images of one label each are taken row by row, maps of labels a lane for each pixel."""

import numpy as np

from cnnkit.kernels.cpu.machine.buffers import flat, result
from cnnkit.kernels.cpu.simd.vector import LANES
from cnnkit.kernels.cpu.softmax import pixels, rows
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs

# No class has this label.
NONE = -1


def cross_entropy(
    logits: Host,
    labels: Host,
    smoothing: float = 0.0,
    *,
    weights: Host | None = None,
    ignore: int | None = None,
    out: Outs | None = None,
) -> tuple[Host, Host]:
    """Losses (...) of logits (..., K) against labels (...), and the scores (..., K) that the gradient needs."""
    K = logits.shape[-1]
    into, into_scores = outs(out, 2)
    losses, scores = result(labels.shape, into), result(logits.shape, into_scores)
    ends = flat(logits), _integers(labels, logits), losses.reshape(-1), scores.reshape(-1)
    if _row_by_row(logits, weights, ignore):
        rows.cross_entropy_kernel(*ends, K, float(smoothing), *rows.cut(labels.size, K))
        return losses, scores
    weighing = _weighing(weights, K, smoothing, ignore)
    pixels.pixels_kernel(*ends[:2], *weighing, *ends[2:], pixels.scratch_of(K + 3), K, *pixels.cut(labels.size, K))
    return losses, scores


def cross_entropy_dx(
    scores: Host,
    labels: Host,
    dlosses: Host,
    smoothing: float = 0.0,
    *,
    weights: Host | None = None,
    ignore: int | None = None,
    out: Host | None = None,
) -> Host:
    """dlogits[n, k] = dlosses[n] · (scores[n, k]·Σ_j target[n, j] - target[n, k]), 0 where labels[n] is ignored."""
    K = scores.shape[-1]
    dlogits = result(scores.shape, out)
    operands = flat(scores), _integers(labels, scores), flat(dlosses)
    if _row_by_row(scores, weights, ignore):
        rows.cross_entropy_dx_kernel(*operands, dlogits.reshape(-1), K, float(smoothing), *rows.cut(labels.size, K))
        return dlogits
    weighing = _weighing(weights, K, smoothing, ignore)
    pixels.pixels_dx_kernel(*operands, *weighing, dlogits.reshape(-1), K, *pixels.cut(labels.size, K))
    return dlogits


def _row_by_row(logits: Host, weights: Host | None, ignore: int | None) -> bool:
    """One label for each image, all of which count alike: the sums of a row in float64."""
    return logits.ndim == 2 and weights is None and ignore is None


def _integers(labels: Host, logits: Host) -> Host:
    """Labels in one dimension. Masks stay bytes, since as int64 they would be larger than the logits of two classes."""
    bytes_too = logits.ndim > 2 and labels.dtype == np.uint8
    return flat(labels, np.uint8 if bytes_too else np.int64)


def _weighing(weights: Host | None, K: int, smoothing: float, ignore: int | None) -> tuple[Host, Host, np.float32, int]:
    """target[k] = hard[k]·[k is the label] + share[k]; Σ share; the label that is ignored."""
    w = np.ones(K) if weights is None else weights
    hard, share = np.zeros((2, -(-K // LANES) * LANES), np.float32)
    hard[:K], share[:K] = (1 - smoothing) * w, smoothing / max(K, 1) * w
    return hard, share, np.float32(share.sum(dtype=np.float64)), NONE if ignore is None else ignore
