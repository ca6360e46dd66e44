"""Training and evaluation in one call, for Python."""

import signal
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from cnnkit import kernels
from cnnkit.config import available_memory
from cnnkit.data.given.parts import given_parts
from cnnkit.data.open.arrays import open_arrays, open_to_judge
from cnnkit.data.open.source import IN_MEMORY
from cnnkit.data.open.splits import DataSplits
from cnnkit.engine.evaluate import evaluate as evaluate_events
from cnnkit.engine.fit import fit as fit_events
from cnnkit.engine.fit import resume
from cnnkit.engine.notebook import shown
from cnnkit.engine.records.events import EpochEnd, EvaluateFinished, Event, Finished, Interrupted, Note, RunStarted
from cnnkit.engine.records.options import LOSSES, FitOptions
from cnnkit.engine.records.recipes import find, merged
from cnnkit.engine.records.results import EvaluateResult, FitResult
from cnnkit.engine.run.find import open_run
from cnnkit.engine.use.load import load
from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import UsageError
from cnnkit.nn import Module
from cnnkit.tasks.own_loss import Loss


def fit(
    what: Any = None,
    data: Any = None,
    *,
    recipe: str | None = None,
    resume_from: str | Path | FitResult | None = None,
    loss: Loss | str | None = None,
    on_event: Callable[[Event], None] | None = None,
    on_epoch: Callable[[EpochEnd], None] | None = None,
    progress: bool | None = None,
    **options: Any,
) -> FitResult:
    """Train to the end and return the result; every option of `cnnkit train` is a keyword.

        cnnkit.fit("digits", model="convnet", epochs=1)
        cnnkit.fit(recipe="mnist-99", time=600)
        cnnkit.fit((X, y), epochs=5)                         # arrays, or (X_train, y_train, X_test, y_test)
        cnnkit.fit(my_module, (X, y), epochs=5)              # my_module then has the weights of its best epoch

    Args:
        what: the data, or a network of one's own; None is the recipe's data, else the digits of the package.
        data: the data, where `what` is a network. A name, a folder, a file, opened data, or images and labels in
            memory: (X, y), (X_train, y_train, X_test, y_test), the same with X_val, y_val in the middle, or pairs
            (image, label) one after another. Images are uint8 or floats, channels last or first; labels are numbers,
            texts or one-hot rows; or masks, an array (n, H, W) with the class of each pixel, 255 where it has none.
        recipe: options by the name of a known training; your own options override them.
        resume_from: a run, or its result, to go on with, instead of a new one; data and network are given again where
            they were given.
        loss: loss(logits, labels) -> Tensor of one number, the mean over a batch: instead of the cross-entropy, in
            training. logits are a Tensor (N, K), labels int64 (N,); of masks (N, H, W, K) and uint8 (N, H, W), 255
            where they are void. Validation and test still use cross-entropy and the task's metrics. With a time it is
            called before the first step too, to measure how long a step takes. A text is the option `--loss`.
        on_event: called with each event of `engine.events`.
        on_epoch: called with the EpochEnd of each epoch.
        progress: whether to show a line of progress; None: in a notebook.

    Ctrl-C saves the run and then raises KeyboardInterrupt, as Python code expects it.
    """
    module = what if isinstance(what, Module) else None
    if isinstance(loss, str) and loss in LOSSES:
        options["loss"], loss = loss, None
    _check_call(what, data, options, loss=loss, on_event=on_event, on_epoch=on_epoch)
    own = loss if callable(loss) else None
    if recipe is not None:
        if resume_from is not None:
            raise UsageError("recipe is for a new run; a resumed run keeps its options. Leave recipe out.")
        options = merged(recipe, options)
    chosen = what if data is None and module is None else data
    if recipe is not None:
        find(recipe).check({**options, "data": options.get("data") if chosen is None else chosen})
    if chosen is None:
        chosen = options.get("data", "digits")
    options.pop("data", None)
    if isinstance(resume_from, FitResult):
        resume_from = resume_from.run
    if resume_from is not None:
        opened = chosen if isinstance(chosen, DataSplits) else None
        if not (chosen is None or _is_name(chosen) or opened):
            opened = opened_for(chosen, FitOptions.read(open_run(resume_from).config))
        events = resume(resume_from, options, module=module, data=opened, loss=own)
    else:
        name = chosen.name if isinstance(chosen, DataSplits) else str(chosen) if _is_name(chosen) else IN_MEMORY
        wanted = FitOptions.from_values({"data": name, **options}).validate()
        events = fit_events(wanted, module=module, data=opened_for(chosen, wanted), loss=own)
    notes: list[str] = []
    # Closed, or a traceback that a notebook keeps would hold the run and its handlers of signals.
    with closing(events), shown(progress) as show:  # type: ignore[type-var]
        for event in events:
            show(event)
            if on_event is not None:
                on_event(event)
            if isinstance(event, EpochEnd) and on_epoch is not None:
                on_epoch(event)
            if isinstance(event, RunStarted):
                notes += event.notes
            if isinstance(event, Note):
                notes.append(event.text)
            if isinstance(event, Interrupted):
                if event.signal == signal.SIGINT.name:
                    raise KeyboardInterrupt(event.text)
                raise SystemExit(event.exit_code)
            if isinstance(event, Finished):
                if module is not None:
                    load(event.result.checkpoint, module=module)
                return replace(event.result, notes=tuple(notes))
    raise RuntimeError("the training ended without a result")


def evaluate(
    run: str | Path | FitResult | Predictor | None = None,
    data: Any = None,
    *,
    split: str = "test",
    module: Module | None = None,
    progress: bool | None = None,
) -> EvaluateResult:
    """Evaluate a trained network on data: accuracy, loss, each class, and which classes are confused.

        cnnkit.evaluate(result)                              # the test part of what the run learned from
        cnnkit.evaluate("runs/classification/a-1", (X, y))   # all of X

    Args:
        run: a run folder, a weight file, the result of `fit` or a Predictor; None is the newest run.
        data: as for `fit`; None is what the network was trained on. A network that learned from arrays is given them
            again, and is then judged on the part of them that it kept for its test. Of other images without parts all
            are judged, but for those that it was trained on.
        split: "train", "val" or "test"; "all" of a folder that was not trained on.
        module: the network itself, for a run of a module of one's own.
        progress: whether to show a line of progress; None: in a notebook.
    """
    if isinstance(run, Module):
        raise UsageError("evaluate judges a run, a weight file or a Predictor. A module goes with its run: module=...")
    predictor = run if isinstance(run, Predictor) else load(run, module=module)
    opened, whole = data, False
    if data is not None and not _is_name(data) and not isinstance(data, DataSplits):
        room = available_memory()
        parts = given_parts(data, room)
        opened, whole = (
            open_to_judge(parts, predictor.classes, predictor.read, predictor.preprocessing.white, room),
            len(parts) == 1,
        )
    notes: list[str] = []
    # What was trained exactly is judged exactly; `kernels.use` around may ask for that of any network.
    with kernels.use(precision="exact" if predictor.precision == "exact" else None), shown(progress) as show:
        for event in evaluate_events(predictor, opened, split=split):
            show(event)
            if isinstance(event, EvaluateFinished):
                # With changes known it is a part that the run noted.
                named = "all" if whole and event.result.changes is None else split
                return replace(event.result, split=named, notes=tuple(notes))
            if isinstance(event, Note):
                notes.append(event.text)
    raise RuntimeError("the evaluation ended without a result")


def _check_call(what: Any, data: Any, options: dict[str, Any], **functions: Any) -> None:
    """UsageError for a call as other libraries have it, with the one that is meant."""
    if isinstance(options.get("model"), Module):
        raise UsageError("model is the name of a network; one of your own comes first: cnnkit.fit(network, data).")
    if data is not None and what is not None and not isinstance(what, Module):
        if isinstance(what, str):
            hint = f" A network is chosen by name: fit(data, model={what!r})."
        elif isinstance(what, type) and issubclass(what, Module):
            raise UsageError(f"{what.__name__} is a class; expected a network of it: fit({what.__name__}(...), data).")
        else:
            hint = "" if isinstance(what, DataSplits) else " Images and labels are one pair: fit((X, y), ...)."
        raise UsageError(f"The data are given twice. fit(data, ...) or fit(network, data, ...).{hint}")
    for name, function in functions.items():
        if function is not None and not callable(function):
            wanted = f"loss(logits, labels), or {', '.join(LOSSES)}" if name == "loss" else f"{name}(event)"
            raise UsageError(f"{name} is {function!r:.50}, expected a function that can be called as {wanted}.")


def _is_name(data: Any) -> bool:
    return isinstance(data, str | Path)


def opened_for(data: Any, options: FitOptions) -> DataSplits | None:
    """The data as these options want them; None where a name says what to open."""
    if data is None or _is_name(data) or isinstance(data, DataSplits):
        return data if isinstance(data, DataSplits) else None
    room = available_memory()
    return open_arrays(
        given_parts(data, room),
        image_size=options.image_size,
        grey=options.grey,
        seed=options.seed,
        val_fraction=options.val_fraction,
        room=room,
    )
