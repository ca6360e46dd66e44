"""A run that came to its end and is resumed: its result, and what would make it go on."""

from collections.abc import Mapping
from typing import Any

from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.records.results import FitResult
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.overfit import verdict
from cnnkit.engine.run.resume_call import given_in_python, resume_call
from cnnkit.engine.run.state import Progress
from cnnkit.engine.training.course import best_epoch, history, is_over
from cnnkit.serialize.fields import check
from cnnkit.tasks.columns import read
from cnnkit.tasks.registry import find


def finished(run: Run, options: FitOptions, progress: Progress) -> FitResult | None:
    """The result of a run that is over; one that is not what it should be is made again, as the state tells it."""
    content = run.read_result()
    if content is None or not is_over(options, progress) or content.get("epochs") != len(progress.history):
        return None
    try:
        kind = find(options.task)
        more = {name: check("the result", name, content.pop(name, None), *of) for name, of in kind.more.items()}
        groups = {"test": kind.metrics, "val": kind.metrics}
        return read(FitResult, content, "the result", groups, more=more, history=history(options, progress))
    except ValueError:
        return None


def how_to_go_on(run: Run, options: FitOptions, progress: Progress, result: FitResult, about: Mapping[str, Any]) -> str:
    """That a run is over, and with which options it would go on; in Python, where a part of it came from there."""
    longer = {"steps": 2 * result.steps} if options.steps is not None else {"epochs": 2 * result.epochs}
    if result.stopped_early:
        longer = {"patience": 2 * options.patience, "epochs": 2 * result.epochs}
        over = (
            f"was stopped early: no better validation in {options.patience} epochs after epoch "
            f"{best_epoch(options, progress.history)}"
        )
    elif result.learned:
        return f"{run.path} is finished: {verdict(result)}"
    else:
        (what, twice), *_ = longer.items()
        over = f"is finished: {twice // 2:,} {what if twice > 2 else what[:-1]}"
    if given_in_python(about):
        ways = [resume_call(run.path, about, **{name: value}) for name, value in longer.items()]
    else:
        ways = [f"--{name} {value}" for name, value in longer.items()]
    return f"{run.path} {over}. {' or '.join(ways)} would go on. {result.later_end()}".rstrip()
