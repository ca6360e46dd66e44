"""A network as an ONNX file for other libraries, and whether one of them, where it is installed, tells the same."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence

import numpy as np

from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import CheckFailed, UsageError
from cnnkit.graph.onnx import onnx_file
from cnnkit.graph.trace import known, trace
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module
from cnnkit.nn.module import blank
from cnnkit.nn.outputs import leaves

RESULT = "logits"
# With several images each axis tells whether it counts them.
SEVERAL = 3
# Float32 sums in another order differ by less; a wrong layout or formula by about 1.
ALLOWED = 1e-4


def exported(module: Module, image: tuple[int, int, int], batch: int | None, facts: Mapping[str, str]) -> bytes:
    """The file of a network that gives logits.

    Args:
        image: (H, W, C) of what goes in, as "x" (N, C, H, W).
        batch: how many images; None: any number, as each call has them.
        facts: texts for whoever reads the file, by name.
    """
    graph = trace(module, blank((batch or SEVERAL, *image))) if known(module) else None
    if graph is None:
        raise UsageError("A network with parts of one's own is not written as ONNX: what they compute is not known.")
    if len(graph.results) != 1:
        raise UsageError(f"Only a network with one result is written as ONNX, but this one has {len(graph.results)}.")
    return onnx_file(graph, [RESULT], any_batch=batch is None, facts=facts)


def difference(data: bytes, module: Module, image: tuple[int, int, int], batch: int | None) -> float | None:
    """By how much ONNX Runtime's logits of seeded images differ from the network's, as a share of the largest.

    None where ONNX Runtime is not installed. CheckFailed where it is more than rounding.
    """
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    import onnxruntime

    x = np.random.default_rng(0).standard_normal((batch or SEVERAL - 1, *image), dtype=np.float32)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": np.ascontiguousarray(x.transpose(0, 3, 1, 2))})
    with no_grad():
        ours = [result.numpy() for result in leaves(module(Tensor(x)))]
    error = _furthest([found], ours)
    if not error <= ALLOWED:
        raise CheckFailed(f"ONNX Runtime's answers differ by {error:.2g} of the largest logit: the file is not kept.")
    return error


def _furthest(found: Sequence[Host], ours: Sequence[Host]) -> float:
    """The largest difference, where maps lie channels-first in `found`."""
    turned = [y.transpose(0, 3, 1, 2) if y.ndim == 4 else y for y in ours]
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(found, turned, strict=True))
