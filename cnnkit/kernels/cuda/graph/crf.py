"""The fully connected CRF: each pixel hears every other, and no edge is stored; it is computed where it is heard.

That is N² exponentials for each eight labels: a device has them; on a processor a lattice stands in their place.
"""

from dataclasses import dataclass
from typing import final

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import exp, sqrt
from cnnkit.kernels.cuda.machine.home import empty
from cnnkit.kernels.cuda.machine.launch import MOST_BLOCKS, THREADS, cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.operands import result, single

LABELS = 8  # that a thread sums at a time


@final
@dataclass(frozen=True)
class Graph:
    """What `crf_graph` returns: features (N, d), and 1 / √(sum of all edges) of each pixel."""

    features: DeviceArray
    norm: DeviceArray


@device
def alike(features, i, j, d):
    """e^(-|f[i] - f[j]|² / 2)."""
    total = float32(0)
    for m in range(d):
        apart = features[i * d + m] - features[j * d + m]
        total += apart * apart
    return exp(float32(-0.5) * total)


@kernel
def norm_kernel(features, norm, pixels, d):
    for i in range(cuda.grid(1), pixels, cuda.gridsize(1)):
        total = float32(0)
        for j in range(pixels):
            total += alike(features, i, j, d)
        norm[i] = float32(1) / sqrt(total)


@kernel
def messages_kernel(q, features, norm, others, y, pixels, d, labels, weight, adds):
    sums = cuda.local.array(8, float32)
    first = int32(cuda.blockIdx.y * 8)
    for i in range(cuda.grid(1), pixels, cuda.gridsize(1)):
        for v in range(8):
            sums[v] = float32(0)
        for j in range(pixels):
            edge = alike(features, i, j, d) * norm[j]
            for v in range(8):
                if first + v < labels:
                    sums[v] += edge * q[j * labels + first + v]
        for v in range(8):
            if first + v < labels:
                at = int32(i * labels + first + v)
                found = weight * norm[i] * sums[v]
                y[at] = found + others[at] if adds else found


def crf_graph(features: DeviceArray) -> Graph:
    """How strongly each pixel is connected to each: a Gaussian of how far their features lie apart, normalised."""
    features, norm = single(features), empty((features.shape[0],))
    norm_kernel.over(features.shape[0], features, norm, *features.shape)
    return Graph(features, norm)


def crf_messages(
    q: DeviceArray,
    features: DeviceArray | Graph,
    weight: float = 1.0,
    *,
    others: DeviceArray | None = None,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """messages[i, l] = weight · Σ j  edges[i, j] · q[j, l], added to `others`."""
    graph = features if isinstance(features, Graph) else crf_graph(features)
    y = result(q.shape, out)
    pixels, labels = q.shape
    if y.size:
        blocks = min(-(-pixels // THREADS), MOST_BLOCKS), -(-labels // LABELS)
        sizes = pixels, graph.features.shape[1], labels, float(weight), int(others is not None)
        beside = y if others is None else single(others)
        messages_kernel(blocks, THREADS, single(q), graph.features, graph.norm, beside, y, *sizes)
    return y
