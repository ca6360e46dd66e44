"""A run that came to its end and is resumed: its result, and what would make it go on."""

from cnnkit.engine.course import best_epoch, history, is_over
from cnnkit.engine.options import FitOptions
from cnnkit.engine.overfit import verdict
from cnnkit.engine.results import FitResult
from cnnkit.engine.run import Run
from cnnkit.engine.state import Progress
from cnnkit.serialize.fields import made


def finished(run: Run, options: FitOptions, progress: Progress) -> FitResult | None:
    """The result of a run that is over; one that is not what it should be is made again, as the state tells it."""
    content = run.read_result()
    if content is None or not is_over(options, progress) or content.get("epochs") != len(progress.history):
        return None
    try:
        shares = dict.fromkeys(("top1", "val_top1", "macro_f1", "worst_f1"), (0.0, 1.0))
        return made(FitResult, content, "the result", shares, history=history(progress))
    except ValueError:
        return None


def how_to_go_on(run: Run, options: FitOptions, progress: Progress, result: FitResult) -> str:
    """That a run is over, and with which options it would go on."""
    if result.stopped_early:
        return (
            f"{run.path} was stopped early: no better validation in {options.patience} epochs after epoch "
            f"{best_epoch(progress.history)}. "
            f"--patience {2 * options.patience} or --epochs {2 * result.epochs} would go on. {result.later_end()}"
        )
    if result.learned:
        return f"{run.path} is finished: {verdict(result)}"
    if options.steps is not None:
        done, longer = f"{result.steps:,} steps", f"--steps {2 * result.steps}"
    else:
        done, longer = f"{result.epochs} epochs", f"--epochs {2 * result.epochs}"
    return f"{run.path} is finished: {done}. {longer} would go on. {result.later_end()}".rstrip()
