"""Speed, checked before it is measured: `run` yields a `Result` a case.

The names are looked up when asked for: a page about a run wants the times of layers, and none of the suites.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnkit.bench.compare import run as run
    from cnnkit.bench.layers import NetworkTime as NetworkTime
    from cnnkit.bench.layers import layer_times as layer_times
    from cnnkit.bench.layers import times_of as times_of
    from cnnkit.bench.on_cuda.measure import run as on_device
    from cnnkit.bench.on_cuda.simulated import checked as checked
    from cnnkit.bench.result import Result as Result
    from cnnkit.bench.rivals.known import FAIR_ENVIRONMENT as FAIR_ENVIRONMENT
    from cnnkit.bench.suites import SUITES as SUITES

# name -> (file, what it is called there)
_LAZY = {
    "FAIR_ENVIRONMENT": ("rivals.known", "FAIR_ENVIRONMENT"),
    "SUITES": ("suites", "SUITES"),
    "NetworkTime": ("layers", "NetworkTime"),
    "Result": ("result", "Result"),
    "checked": ("on_cuda.simulated", "checked"),
    "layer_times": ("layers", "layer_times"),
    "on_device": ("on_cuda.measure", "run"),
    "run": ("compare", "run"),
    "times_of": ("layers", "times_of"),
}

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


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    file, known = _LAZY[name]
    return getattr(import_module(f"{__name__}.{file}"), known)
