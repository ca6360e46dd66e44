"""Training, evaluation and prediction as generators of events, looked up when asked for (PEP 562).

fit(options, *, module=None, data=None) -> Iterator[Event]          ends with Finished or Interrupted
resume(run, changes={}) -> Iterator[Event]                          changes: options of `RESUMABLE` by name
load(source=None, *, module=None) -> Predictor                      a run, a weight file, or what is newest
evaluate(predictor, dataset, *, split="test") -> Iterator[Event]    ends with EvaluateFinished
Predictor.predict(picture, top=5) -> Prediction;  Predictor.predict_many(paths, top=5) -> iterator of them
"""

from importlib import import_module
from typing import Any

_LAZY = {
    "FitOptions": "cnnkit.engine.options",
    "fit": "cnnkit.engine.fit",
    "resume": "cnnkit.engine.fit",
    "evaluate": "cnnkit.engine.evaluate",
    "load": "cnnkit.engine.load",
    "newest_run": "cnnkit.engine.run",
    "Predictor": "cnnkit.engine.predict",
}

__all__ = list(_LAZY)


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
