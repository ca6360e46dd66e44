"""Cross-entropy of logits against the labels of images or pixels, and its gradient."""

from math import prod

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import exp, log
from cnnkit.kernels.cuda.machine.launch import THREADS, cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.operands import Outs, outs, result, single, whole
from cnnkit.kernels.cuda.softmax.lanes import grid_for, lanes_for, own_row, summed, top_and_total

# A label that no array of labels has: nothing is ignored.
NONE = -(1 << 31)


@device
def target_of(k, label, weights, weighed, hit, spread):
    """What class k is meant to have: `hit` where it is the label, and `spread` anyway, times its weight."""
    target = hit + spread if k == label else spread
    return target * weights[k] if weighed else target


@kernel(threads=THREADS)
def cross_entropy_kernel(x, labels, weights, losses, y, rows, classes, lanes, weighed, ignore, hit, spread):
    shared = cuda.shared.array(THREADS, float32)
    row, lane, first, last = own_row(rows, classes, lanes)
    top, total = top_and_total(shared, x, first, last, lane, lanes)
    label = int32(labels[row]) if row < rows else int32(ignore)
    loss, logarithm = float32(0), log(total)
    for k in range(lane, last, lanes):
        value = x[first + k] - top
        y[first + k] = exp(value) / total
        value -= logarithm
        target = target_of(k, label, weights, weighed, hit, spread)
        if target > float32(0) or value != value:
            loss -= target * value
    loss = summed(shared, loss, lane, lanes)
    if lane == 0 and row < rows:
        losses[row] = float32(0) if label == ignore else loss


@kernel(threads=THREADS)
def cross_entropy_dx_kernel(scores, labels, dlosses, weights, dx, rows, classes, lanes, weighed, ignore, hit, spread):
    shared = cuda.shared.array(THREADS, float32)
    row, lane, first, last = own_row(rows, classes, lanes)
    label = int32(labels[row]) if row < rows else int32(ignore)
    whole = float32(1)
    if weighed:
        whole = float32(0)
        for k in range(lane, last, lanes):
            whole += target_of(k, label, weights, weighed, hit, spread)
        whole = summed(shared, whole, lane, lanes)
    for k in range(lane, last, lanes):
        target = target_of(k, label, weights, weighed, hit, spread)
        gradient = dlosses[row] * (scores[first + k] * whole - target)
        dx[first + k] = float32(0) if label == ignore else gradient


def cross_entropy(
    logits: DeviceArray,
    labels: DeviceArray,
    smoothing: float = 0.0,
    *,
    weights: DeviceArray | None = None,
    ignore: int | None = None,
    out: Outs | None = None,
) -> tuple[DeviceArray, DeviceArray]:
    """loss[n] = -Σ k  target[n, k] · log softmax(logits[n])[k], and the scores."""
    into, into_scores = outs(out, 2)
    losses, scores = result(labels.shape, into), result(logits.shape, into_scores)
    rows, classes = prod(labels.shape), logits.shape[-1]
    if rows:
        lanes = lanes_for(classes)
        x, told = single(logits), _told(x_of=logits, weights=weights, ignore=ignore, smoothing=smoothing)
        arrays = x, whole(labels), told[0], losses, scores
        cross_entropy_kernel(grid_for(rows, lanes), THREADS, *arrays, rows, classes, lanes, *told[1:])
    return losses, scores


def cross_entropy_dx(
    scores: DeviceArray,
    labels: DeviceArray,
    dlosses: DeviceArray,
    smoothing: float = 0.0,
    *,
    weights: DeviceArray | None = None,
    ignore: int | None = None,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """dlogits[n, k] = dlosses[n] · (scores[n, k]·Σ j target[n, j] - target[n, k])."""
    dx = result(scores.shape, out)
    rows, classes = prod(labels.shape), scores.shape[-1]
    if rows:
        lanes = lanes_for(classes)
        told = _told(x_of=scores, weights=weights, ignore=ignore, smoothing=smoothing)
        arrays = single(scores), whole(labels), single(dlosses), told[0], dx
        cross_entropy_dx_kernel(grid_for(rows, lanes), THREADS, *arrays, rows, classes, lanes, *told[1:])
    return dx


def _told(
    x_of: DeviceArray, weights: DeviceArray | None, ignore: int | None, smoothing: float
) -> tuple[DeviceArray, int, int, float, float]:
    """Weights (or what nobody reads), whether there are such, the ignored label, and both parts of a target."""
    spread = smoothing / max(x_of.shape[-1], 1)
    given = single(x_of if weights is None else weights)
    return given, int(weights is not None), NONE if ignore is None else ignore, 1.0 - smoothing, float(spread)
