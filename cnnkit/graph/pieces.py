"""Batches in pieces: a few images at a time, so that what one layer writes is still near when the next reads it.

What an image gives does not depend on those beside it, so pieces have the bits of the whole. Two threads of a Zen 5, 32
images of 224x224, against all at once: shufflenet_v2 1.4 times as fast, squeezenet 1.2, googlenet and mobilenet_v2 1.1.
"""

import math

from cnnkit.graph.placed import moved
from cnnkit.graph.trace import Graph

# Filters are read anew for each piece. They may be a tenth of what its maps move: resnet18's are twice that, and eight
# images at a time were no faster than 32.
SHARE = 10


def images_at_a_time(graph: Graph, near: int | None) -> int:
    """How many images of a batch to work on at once, all where that is as well.

    near: bytes that the maps of a call may have; None where batches are taken whole.
    """
    N = graph.given.shape[0]
    by_image = all(value.shape[:1] == (N,) for value in graph.results)
    if near is None or N == 1 or not by_image or not graph.calls:
        return N
    bytes_moved = [4 * sum(math.prod(value.shape) for value in moved(call)) // N for call in graph.calls]
    images = max(1, near // max(*bytes_moved, 1))
    weights = {id(call.weight): 4 * call.weight.size for call in graph.calls if call.weight is not None}
    return images if images < N and SHARE * sum(weights.values()) <= images * sum(bytes_moved) else N
