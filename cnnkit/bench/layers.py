"""Where a prediction's time goes: each call of a network's plan, and what could be gained at it."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cnnkit import kernels, models
from cnnkit.autograd import Tensor, no_grad
from cnnkit.bench.network_cases.learning import resting
from cnnkit.bench.roof import copy_seconds, fma_peak
from cnnkit.bench.timer import in_turn
from cnnkit.errors import UsageError
from cnnkit.graph import Planned
from cnnkit.graph.placed import moved
from cnnkit.graph.trace import Call, Value
from cnnkit.nn import Module

ROUNDS = 15


@dataclass(frozen=True)
class LayerTime:
    """name: of the layer, or of what is done where there are no weights.   shape: of its result.

    ms: the best of some rounds.   gflops: None where memory is what bounds it.
    roof_ms: what the operations take at the machine's peak of multiply-adds, or a copy of as many bytes as are read and
    written takes, whichever is longer. Winograd's algorithm does a quarter of the operations, and may be below it.
    """

    name: str
    shape: tuple[int, ...]
    ms: float
    gflops: float | None
    roof_ms: float

    @property
    def of_roof(self) -> float:
        return self.roof_ms / self.ms

    @property
    def gain_ms(self) -> float:
        return max(0.0, self.ms - self.roof_ms)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "of_roof": self.of_roof, "gain_ms": self.gain_ms}


@dataclass(frozen=True)
class NetworkTime:
    """ms: of the whole prediction, as it comes again and again.   layers: the most to gain first."""

    network: str
    batch: int
    ms: float
    layers: Sequence[LayerTime]

    def to_json(self) -> dict[str, Any]:
        layers = [layer.to_json() for layer in self.layers]
        return {"network": self.network, "batch": self.batch, "ms": self.ms, "layers": layers}


def layer_times(name: str, batch: int = 1, *, threads: int = 1, seconds: float = 1.0) -> NetworkTime:
    """The layers of a network of random weights, for images of its published size."""
    spec = models.spec(name)
    network = resting(name, spec.input[0], np.random.default_rng(0)).eval()
    return times_of(network, spec.input, name, batch, threads=threads, seconds=seconds)


def times_of(
    network: Module, shape: tuple[int, int, int], name: str, batch: int = 1, *, threads: int = 1, seconds: float = 1.0
) -> NetworkTime:
    """The layers of this network, in use, for images of `shape` (H, W, C); what they show costs no time.

    Raises:
        UsageError: it has no plan as a whole, so that its layers cannot be timed one by one.
    """
    ready = Planned(network)
    x = Tensor(np.random.default_rng(0).standard_normal((batch, *shape), dtype=np.float32))
    with kernels.use(threads=threads), no_grad():
        plan = ready.plan(x)
        if plan is None:
            raise UsageError(f"{name} has no plan as a whole: it computes in part with NumPy. Name another network.")
        whole = in_turn([lambda: ready(x)], seconds=seconds)[0]
        plan.seconds(x)
        best = np.min([plan.seconds(x) for _ in range(ROUNDS)], axis=0)
        peak = fma_peak(threads) * 1e9
        names = {id(parameter): key for key, parameter in network.named_parameters()}
        layers = [
            _layer(call, float(took), names, peak, threads) for call, took in zip(plan.graph.calls, best, strict=True)
        ]
    return NetworkTime(name, batch, whole.median * 1e3, sorted(layers, key=lambda layer: -layer.gain_ms))


def _layer(call: Call, seconds: float, names: dict[int, str], peak: float, threads: int) -> LayerTime:
    flop = _flop(call)
    floats = sum(math.prod(value.shape) for value in moved(call))
    floats += call.weight.size if call.weight is not None else 0
    roof = max(flop / peak, copy_seconds(4 * floats // 2, threads))
    name = call.name.lstrip("_")
    if call.weight is not None:
        name = names[id(call.weight)].removesuffix(".weight")
    return LayerTime(name, call.results[0].shape, seconds * 1e3, flop / seconds / 1e9 if flop else None, roof * 1e3)


def _flop(call: Call) -> float:
    """Of the textbook's algorithm; 0 for what only moves, compares or adds."""
    if call.weight is None:
        return 0.0
    x: Value = call.reads[0]
    if call.name == "PreparedConv2d":  # each output meets the filter of its group
        return 2.0 * math.prod(call.y.shape) * math.prod(call.weight.shape[:3])
    if call.name == "PreparedConvTranspose2d":
        return 2.0 * math.prod(x.shape) * math.prod(call.weight.shape[:3])
    return 2.0 * x.shape[0] * call.weight.size
