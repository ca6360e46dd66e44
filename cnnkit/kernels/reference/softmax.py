"""Softmax and cross-entropy, defined; always over the last axis."""

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.out import Outs, outs


def softmax(x: Host, *, out: Host | None = None) -> Host:
    """y[k] = e^x[k] / Σ e^x[j]; the greatest x is taken off first, so that no exponential overflows."""
    powers = np.exp(_shifted(x))
    return deliver(_double(powers / powers.sum(axis=-1, keepdims=True)), out)


def softmax_dx(dy: Host, y: Host, *, out: Host | None = None) -> Host:
    """dx[k] = y[k] · (dy[k] - Σ dy[j]·y[j])."""
    dy, y = _double(dy), _double(y)
    return deliver(_double(y * (dy - (dy * y).sum(axis=-1, keepdims=True))), out)


def log_softmax(x: Host, *, out: Host | None = None) -> Host:
    """y[k] = x[k] - log Σ e^x[j], with the greatest x taken off first."""
    shifted = _shifted(x)
    return deliver(_double(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))), out)


def log_softmax_dx(dy: Host, y: Host, *, out: Host | None = None) -> Host:
    """dx[k] = dy[k] - e^y[k] · Σ dy[j]."""
    dy = _double(dy)
    return deliver(_double(dy - np.exp(_double(y)) * dy.sum(axis=-1, keepdims=True)), out)


def cross_entropy(
    logits: Host,
    labels: Host,
    smoothing: float = 0.0,
    *,
    weights: Host | None = None,
    ignore: int | None = None,
    out: Outs | None = None,
) -> tuple[Host, Host]:
    """How surprised the network is by the labels: losses (...), and the scores (..., K) that the gradient needs.

    loss[n] = -Σ k  target[n, k] · log softmax(logits[n])[k]
    target[n, k] = weights[k] · ((1 - smoothing)·[k is the label] + smoothing / K), 0 where the label is `ignore`
    A class of target 0 adds nothing, also where its logit is -∞ (a masked class).

    Args:
        logits: (..., K): one row for each image, or for each pixel.
        labels: (...) integers, from 0 to K - 1, or `ignore`.
        smoothing: how much of the target is spread over all classes.
        weights: (K,), from 0 up; None: all 1.
        ignore: the label of what counts nothing; None: there is none.

    Source: Szegedy et al. 2015, arXiv:1512.00567, section 7 (label smoothing).
    """
    targets, logs = _targets(labels, logits.shape[-1], smoothing, weights, ignore), log_softmax(logits)
    counts = (targets > 0) | (np.isnan(logs) & _counted(labels, ignore)[..., None])
    losses = -np.multiply(targets, logs, out=np.zeros_like(logs), where=counts).sum(axis=-1)
    into, into_scores = outs(out, 2)
    return deliver(losses, into), softmax(logits, out=into_scores)


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
    """dlogits[n, k] = dlosses[n] · (scores[n, k]·Σ j target[n, j] - target[n, k]), 0 where the label is `ignore`."""
    targets = _targets(labels, scores.shape[-1], smoothing, weights, ignore)
    whole = targets.sum(axis=-1, keepdims=True) if weights is not None else 1.0
    dlogits = _double(dlosses)[..., None] * (_double(scores) * whole - targets)
    return deliver(np.where(_counted(labels, ignore)[..., None], dlogits, 0.0), out)


def _targets(labels: Host, classes: int, smoothing: float, weights: Host | None, ignore: int | None) -> Host:
    targets = np.full((*labels.shape, classes), smoothing / max(classes, 1))
    for n in np.ndindex(labels.shape):
        if labels[n] == ignore:
            targets[n] = 0
        else:
            targets[(*n, labels[n])] += 1 - smoothing
    return targets if weights is None else targets * _double(weights)


def _counted(labels: Host, ignore: int | None) -> Host:
    """Whether each label is one of a class."""
    return np.ones(labels.shape, bool) if ignore is None else labels != ignore


def _shifted(x: Host) -> Host:
    return _double(_double(x) - x.max(axis=-1, keepdims=True, initial=-np.inf))


def _double(x: Host) -> Host:
    return np.asarray(x, np.float64)
