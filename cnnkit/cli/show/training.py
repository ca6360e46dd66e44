"""Draw the events of a training run: a bar for the steps, a line for each epoch, a table and a curve at the end."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

import click

from cnnkit.cli.show import answers
from cnnkit.cli.show.characters.sparkline import sparkline
from cnnkit.cli.show.progress import NARROW, Progress
from cnnkit.cli.show.screen import Screen
from cnnkit.engine.records.events import (
    Compiling,
    EpochEnd,
    Event,
    Finished,
    Interrupted,
    Note,
    PhaseStep,
    RunStarted,
    StepEnd,
    TrunkStep,
)
from cnnkit.engine.records.results import FitResult
from cnnkit.engine.time.duration import duration
from cnnkit.tasks.registry import DEFAULT

LAST_EPOCHS = 10  # rows of the table at the end, and the one kept


def follow(screen: Screen, events: Iterator[Event]) -> FitResult:
    """Show what happens on stderr and return how it ended."""
    losses: list[float] = []
    epochs: list[EpochEnd] = []
    shown = answers.of(DEFAULT)
    told: list[str] = []
    with screen.progress() as progress:
        for event in events:
            if isinstance(event, StepEnd):
                losses.append(event.loss)
                _step(progress, event, shown)
            elif isinstance(event, EpochEnd):
                epochs.append(event)
                progress.line(_epoch(event, progress.width, shown))
            elif isinstance(event, Compiling):
                _compiling(progress, event)
            elif isinstance(event, TrunkStep):
                progress.update("frozen trunk: picture", event.done, event.total)
            elif isinstance(event, PhaseStep):
                progress.update(event.phase, event.done, event.total)
            elif isinstance(event, RunStarted):
                shown = answers.of(event.task)
                for line in _start(event):
                    progress.line(line)
            elif isinstance(event, Note):
                told.append(event.text)
                progress.line(event.text)
            elif isinstance(event, Interrupted):
                progress.clear()
                screen.complain(event.text)
                raise click.exceptions.Exit(event.exit_code)
            elif isinstance(event, Finished):
                progress.clear()
                _show(screen, event.result, epochs, losses)
                _propose(screen, event, " ".join(told))
                return event.result
    raise RuntimeError("the training run ended without a result")


def _start(event: RunStarted) -> Iterator[str]:
    yield event.found
    yield from event.notes
    yield f"{event.model}, {event.parameters:,} parameters{_course(event)}"
    yield f"run folder: {event.run}" + (f", resumed after step {event.step:,}" if event.step else "")


def _course(event: RunStarted) -> str:
    if not event.steps:
        return ""
    epochs = "1 epoch" if event.epochs == 1 else f"{event.epochs} epochs"
    if event.epochs * event.epoch_steps != event.steps:
        return f": {event.steps:,} steps in {epochs} of at most {event.epoch_steps:,}"
    return f": {epochs} of {event.epoch_steps:,} step" + ("" if event.epoch_steps == 1 else "s")


def _step(progress: Progress, event: StepEnd, shown: answers.Shown) -> None:
    known = [metric for metric in shown.kind.running if metric.name in event.running]
    running = [f"{metric.label} {metric.brief(event.running[metric.name])}  " for metric in known]
    rate, left = f"{event.images_per_second:,.0f} images/s", duration(event.seconds_left)
    progress.update(
        f"epoch {event.epoch}/{event.epochs} step",
        event.batch,
        event.batches,
        f"loss {event.loss:.3f}  {''.join(running)}{rate}  {left} left",
        f"{event.loss:.3f} {left}",
    )


def _epoch(event: EpochEnd, width: int, shown: answers.Shown) -> str:
    number = f"{event.epoch:>{len(str(event.epochs))}}"
    which, best = f"epoch {number}/{event.epochs}", "  best" if event.best else ""
    judged = "  ".join(f"val {metric.label} {metric.text(event.val[metric.name])}" for metric in shown.kind.metrics)
    if width < NARROW:
        return f"{which}  {judged}{best}"
    parts = [metric for metric in shown.kind.running if metric.name.startswith("loss_") and metric.name in event.train]
    told = ", ".join(f"{metric.label} {metric.text(event.train[metric.name])}" for metric in parts)
    losses = f"loss {event.train_loss:.4f}{told and f' ({told})'}  val loss {event.val_loss:.4f}"
    return f"{which}  {losses}  {judged}  after {duration(event.seconds)}{best}"


def _compiling(progress: Progress, event: Compiling) -> None:
    what = "loading kernels" if event.cached else "compiling kernels"
    once = "" if event.cached else "once per machine"
    progress.update(what, event.done, event.total, once, once)
    if event.done == event.total:
        progress.clear()


def _show(screen: Screen, result: FitResult, epochs: list[EpochEnd], losses: list[float]) -> None:
    """The result, on stdout."""
    if screen.as_json:
        screen.json(result.to_json())
    else:
        if epochs and not screen.lines_are_seen:
            _table(screen, result, epochs)
            screen.text()
        shown = answers.of(result.task)
        trained, added = shown.trained(result), shown.added(result)
        rows: list[tuple[str, object]] = [
            *trained,
            *added,
            ("weights", result.checkpoint),
            ("epochs", f"{result.epochs}; kept: {_kept(result)}"),
            ("time", duration(result.seconds)),
            ("training speed", f"{result.images_per_second:,.0f} images/s"),
        ]
        rows = [*_curve(screen, epochs, losses), *rows]
        screen.note("")
        screen.facts(rows, prose=[*(name for name, _ in (trained[0], *added)), "epochs"])


def _propose(screen: Screen, event: Finished, told: str) -> None:
    """What may be done next: commands that do something. What a note told is not repeated."""
    result, run = event.result, _word(event.result.run)
    commands = []
    if not {"network", "data"} & set(event.given):
        commands.append(f"cnnkit evaluate {run}")
    # A name that could move the cursor is not shown.
    if "network" not in event.given and result.example and result.example.isprintable():
        commands.append(f"cnnkit predict {_word(result.example)} --model {run}")
    if not event.given and result.learned is None:
        commands.append(f"cnnkit train --resume {run} --epochs {2 * result.epochs}")
    if commands:
        screen.note("\nNext:\n" + "\n".join(f"  {command}" for command in commands))
    text = result.later_end()
    if text and text not in told and not event.given and result.learned is None:
        screen.note(f"With more epochs: {text[0].lower()}{text[1:]}")


def _curve(screen: Screen, epochs: list[EpochEnd], losses: list[float]) -> Iterator[tuple[str, str]]:
    """The loss of all steps as a line, from the first step's to the last epoch's, and below it what its ends are."""
    curve = sparkline(losses, max(8, min(40, screen.width - 34)), unicode=screen.unicode)
    if not curve or not epochs:
        return
    drawn = f"{losses[0]:.3f} {curve} {epochs[-1].train_loss:.3f}"
    end = f"mean of epoch {epochs[-1].epoch}"
    yield "training loss", drawn
    yield "", f"start  {end:>{len(drawn) - 7}}"


def _word(path: str) -> str:
    """A path as one word for the shell, short where it is below the folder at hand, never taken for an option."""
    here = f"{os.getcwd()}{os.sep}"
    path = path.removeprefix(here) or path
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def _kept(result: FitResult) -> str:
    return f"epoch {result.best_epoch}, the best" if result.keep == "best" else "the last"


def _table(screen: Screen, result: FitResult, epochs: list[EpochEnd]) -> None:
    """The last epochs, and the one that was kept."""
    kind = answers.of(result.task).kind
    known = [metric for metric in kind.running if all(metric.name in event.train for event in epochs)]
    shown = [event for event in epochs if event.epoch == result.best_epoch or event in epochs[-LAST_EPOCHS:]]
    rows = [
        (
            event.epoch,
            f"{event.train_loss:.4f}",
            *(metric.text(event.train[metric.name]) for metric in known),
            f"{event.val_loss:.4f}",
            *(metric.text(event.val[metric.name]) for metric in kind.metrics),
            ("best" if result.keep == "best" else "kept") if event.epoch == result.best_epoch else "",
        )
        for event in shown
    ]
    running = [metric.label for metric in known]
    columns = ["epoch", "loss", *running, "val loss", *(f"val {metric.label}" for metric in kind.metrics), ""]
    screen.table(columns, rows, optional=[*running, "val loss"])
