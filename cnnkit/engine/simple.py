"""Training in one call, for Python."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cnnkit.data.splits import DataSplits
from cnnkit.engine.events import Event, Finished, Interrupted
from cnnkit.engine.fit import fit as fit_events
from cnnkit.engine.fit import resume
from cnnkit.engine.load import load
from cnnkit.engine.options import FitOptions
from cnnkit.engine.recipes import merged
from cnnkit.engine.results import FitResult
from cnnkit.errors import UsageError
from cnnkit.nn import Module


def fit(
    what: str | Path | DataSplits | Module | None = None,
    *,
    data: str | Path | DataSplits | None = None,
    recipe: str | None = None,
    resume_from: str | Path | None = None,
    on_event: Callable[[Event], None] | None = None,
    **options: Any,
) -> FitResult:
    """Train to the end and return the result; every option of `cnnkit train` is a keyword.

        cnnkit.fit("digits", model="convnet", epochs=1)
        cnnkit.fit(recipe="mnist-99", time=600)
        cnnkit.fit(my_module, data="digits", epochs=2)       # my_module then has the weights of its best epoch

    Args:
        what: the data (a name, a folder or opened data), or a network of one's own; None is the recipe's data, else
            the digits of the package.
        data: the data, where `what` is a network.
        recipe: options by the name of a known training; those given go before them.
        resume_from: a run to go on with, instead of a new one.
        on_event: called with each event, to show progress.

    Ctrl-C saves the run and then raises KeyboardInterrupt, as Python code expects it.
    """
    module = what if isinstance(what, Module) else None
    if module is None and data is not None:
        raise UsageError("The data are given twice. fit(data, ...) or fit(module, data=...).")
    if recipe is not None:
        if resume_from is not None:
            raise UsageError("recipe is for a new run; a run goes on with the options it has. Leave recipe out.")
        options = merged(recipe, options)
    chosen = data if isinstance(what, Module) else what
    if chosen is None:
        chosen = options.pop("data", "digits")
    options.pop("data", None)
    opened = chosen if isinstance(chosen, DataSplits) else None
    if resume_from is not None:
        events = resume(resume_from, options, module=module, data=opened)
    else:
        name = chosen.name if isinstance(chosen, DataSplits) else str(chosen)
        events = fit_events(FitOptions.from_values({"data": name, **options}), module=module, data=opened)
    for event in events:
        if on_event is not None:
            on_event(event)
        if isinstance(event, Interrupted):
            if event.signal == signal.SIGINT.name:
                raise KeyboardInterrupt(event.text)
            raise SystemExit(event.exit_code)
        if isinstance(event, Finished):
            if module is not None:
                load(event.result.checkpoint, module=module)
            return event.result
    raise RuntimeError("the training ended without a result")
