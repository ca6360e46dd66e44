"""Speed, checked before it is measured: `run` yields a `Result` a case."""

from cnnkit.bench.compare import run
from cnnkit.bench.layers import NetworkTime, layer_times, times_of
from cnnkit.bench.on_cuda.measure import run as on_device
from cnnkit.bench.on_cuda.simulated import checked
from cnnkit.bench.result import Result
from cnnkit.bench.rivals.known import FAIR_ENVIRONMENT
from cnnkit.bench.suites import SUITES

__all__ = [
    "FAIR_ENVIRONMENT",
    "SUITES",
    "NetworkTime",
    "Result",
    "checked",
    "layer_times",
    "on_device",
    "run",
    "times_of",
]
