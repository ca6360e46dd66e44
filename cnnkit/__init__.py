"""cnnkit: train and use convolutional networks on ordinary machines.

    result = cnnkit.fit("digits", model="convnet", epochs=1)      # train to the end
    cnnkit.load(result.run).predict("image.png")                  # a Prediction: label, score, top

The names are looked up when asked for (PEP 562), so that `cnnkit --help` imports neither numpy nor numba.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cnnkit._version import __version__

if TYPE_CHECKING:
    from cnnkit import autograd as autograd
    from cnnkit import data as data
    from cnnkit import errors as errors
    from cnnkit import kernels as kernels
    from cnnkit import models as models
    from cnnkit import nn as nn
    from cnnkit import ops as ops
    from cnnkit import optim as optim
    from cnnkit.autograd import Tensor as Tensor
    from cnnkit.engine.simple import evaluate as evaluate
    from cnnkit.engine.simple import fit as fit
    from cnnkit.engine.use.load import load as load
    from cnnkit.pages.report.simple import report as report

# name -> (module, attribute); None is the module itself.
_LAZY: dict[str, tuple[str, str | None]] = {
    "Tensor": ("cnnkit.ops.arithmetic", "Tensor"),  # where it gets its + - * / @
    "autograd": ("cnnkit.autograd", None),
    "data": ("cnnkit.data", None),
    "errors": ("cnnkit.errors", None),
    "evaluate": ("cnnkit.engine.simple", "evaluate"),
    "fit": ("cnnkit.engine.simple", "fit"),
    "kernels": ("cnnkit.kernels", None),
    "load": ("cnnkit.engine.use.load", "load"),
    "models": ("cnnkit.models", None),
    "nn": ("cnnkit.nn", None),
    "ops": ("cnnkit.ops", None),
    "optim": ("cnnkit.optim", None),
    "report": ("cnnkit.pages.report.simple", "report"),
    "sklearn": ("cnnkit.sklearn", None),  # not in __all__: scikit-learn may not be there
}

__all__ = [
    "Tensor",
    "__version__",
    "autograd",
    "data",
    "errors",
    "evaluate",
    "fit",
    "kernels",
    "load",
    "models",
    "nn",
    "ops",
    "optim",
    "report",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name]
    found = import_module(module)
    return found if attribute is None else getattr(found, attribute)


def __dir__() -> list[str]:
    return __all__
