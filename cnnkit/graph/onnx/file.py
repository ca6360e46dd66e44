"""From a graph to the bytes of an ONNX file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnkit._version import __version__
from cnnkit.errors import UsageError
from cnnkit.graph.onnx import maps, messages, recurrent, shape, sums
from cnnkit.graph.onnx.writing import Writing
from cnnkit.graph.trace import Graph

# A file is one message, whose length must fit into 31 bits.
MOST_BYTES = (1 << 31) - 1
_WRITTEN = sums.WRITTEN | maps.WRITTEN | shape.WRITTEN | recurrent.WRITTEN


def onnx_file(graph: Graph, names: Sequence[str], *, any_batch: bool, facts: Mapping[str, str] | None = None) -> bytes:
    """The network that a graph of `trace` tells, opset 18, float32: images "x" (N, C, H, W) go in.

    Args:
        graph: not joined by `fuse`: norms stand in the file as layers, which those who read it join by themselves.
        names: of the results, in their order; maps come out as (N, C, H, W), all else as it is here.
        any_batch: whether any number of images may go in. Trace with several then: of one image no axis tells whether
            it counts images.
        facts: texts for whoever reads the file, by name.

    Raises UsageError where an operation has no counterpart, or the file would pass 2 GB.
    """
    out = Writing(graph.given.shape[0], any_batch=any_batch)
    out.names[graph.given] = "x"
    out.inputs_of_sweeps = recurrent.inputs_of_sweeps(graph)
    for call in graph.calls:
        if call.y in out.inputs_of_sweeps:
            continue
        if call.name not in _WRITTEN:
            raise UsageError(f"This network computes {call.name.strip('_')}, which cannot be written as ONNX.")
        out.names[call.y] = _WRITTEN[call.name](out, call)
    told = []
    for name, result in zip(names, graph.results, strict=True):
        out.nodes.append(messages.node("Identity", [out.of(result)], name, {}))
        told.append(messages.value(name, out.dims(result.shape)))
    given = messages.value("x", out.dims(graph.given.shape))
    size = sum(map(len, (*out.nodes, *out.constants)))
    if size > MOST_BYTES:
        raise UsageError(f"An ONNX file holds at most 2 GB, and this network would take {size / 1e9:.1f}.")
    whole = messages.graph("network", out.nodes, out.constants, [given], told)
    return messages.model(whole, ("cnnkit", __version__), facts or {})
