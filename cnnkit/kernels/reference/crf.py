"""The fully connected CRF, defined: every pixel sends a message to every other, weighed by how alike the two are."""

from dataclasses import dataclass

import numpy as np

from cnnkit.kernels.reference.store import deliver
from cnnkit.kernels.shared.array import Host


@dataclass(frozen=True)
class Graph:
    """What `crf_graph` returns; here the weight of every edge. edges: (N, N)."""

    edges: Host


def crf_graph(features: Host) -> Graph:
    """How strongly each pixel is connected to each: a Gaussian of how far their features lie apart, normalised.

    edges[i, j] = k[i, j] / √(n[i] · n[j]),   k[i, j] = e^(-|features[i] - features[j]|² / 2),   n[i] = Σ j  k[i, j]

    It is made once for a picture and given to `crf_messages` in place of the features. A fast backend may put a filter
    of bounded cost in the place of the N² edges, which then errs by some hundredths: it is to approximate these.

    Args:
        features: (N, d), of each pixel: its place, or its place and colour, each divided by its standard deviation;
            numbers below 2^24.

    Differs from the paper: a pixel also hears itself, and the sum is normalised on both sides, as its authors do since
        Krähenbühl & Koltun 2013, "Parameter learning and convergent inference for dense random fields". Else the
        strength of a message would hang on how many pixels there are, and a lattice would err in its scale as well.
    Source: Krähenbühl & Koltun 2011, arXiv:1210.5644, equation 3.
    """
    f = features.astype(np.float64)
    kernel = np.exp(-((f[:, None] - f[None]) ** 2).sum(axis=2) / 2)
    norm = 1 / np.sqrt(kernel.sum(axis=1))
    return Graph(kernel * norm[:, None] * norm)


def crf_messages(
    q: Host, features: Host | Graph, weight: float = 1.0, *, others: Host | None = None, out: Host | None = None
) -> Host:
    """What each pixel hears from all: messages[i, l] = weight · Σ j  edges[i, j] · q[j, l], added to `others`.

    Args:
        q: (N, K), how likely each pixel has each label.
        features: (N, d), or what `crf_graph` made of them.
        others: (N, K): logits, or messages that came by other edges.

    Returns:
        (N, K).

    Source: Krähenbühl & Koltun 2011, arXiv:1210.5644, algorithm 1 (message passing).
    """
    graph = features if isinstance(features, Graph) else crf_graph(features)
    messages = weight * (graph.edges @ q.astype(np.float64))
    return deliver(messages if others is None else messages + others, out)
