"""`cnnkit evaluate`: how often a network is right."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from cnnkit.cli.arguments.common import option, was_given
from cnnkit.cli.arguments.completion import data_names, run_names
from cnnkit.cli.arguments.values import Name, Share, Whole
from cnnkit.cli.command import command
from cnnkit.cli.show.classification import show
from cnnkit.cli.show.screen import Screen
from cnnkit.engine.records.events import EvaluateFinished, EvaluateStep, Event, Note
from cnnkit.engine.records.options import ON_UNREADABLE
from cnnkit.engine.records.results import EvaluateResult
from cnnkit.errors import CheckFailed

SPLITS = ("train", "val", "test")


@command("evaluate", example="cnnkit evaluate runs/mine --data photos/ --split test", computes=True)
@click.argument("source", metavar="[RUN|FILE]", required=False, shell_complete=run_names)
@option(
    "-d",
    "--data",
    also="--dataset",
    shell_complete=data_names,
    help="Name, folder, .csv or .npz; by default the data that the network was trained on.",
)
@option("--split", type=Name(SPLITS, example="--split test"), default="test", help="Part of the data.")
@option(
    "-b",
    "--batch-size",
    also="--batch",
    type=Whole(1, 1_000_000, example="--batch-size 256"),
    help="Images at a time; by default as many as their size allows.",
)
@option(
    "--on-unreadable",
    type=Name(ON_UNREADABLE, example="--on-unreadable skip"),
    default="refuse",
    help="What to do with an unreadable picture.",
)
@option(
    "--min-top1",
    type=Share(example="--min-top1 0.9"),
    help="Exit with code 4 if the accuracy (0 to 1) is below this.",
)
@option(
    "--top-losses",
    type=Whole(1, 1000, example="--top-losses 10"),
    help="Name this many images with the highest loss; wrong labels and bad pictures are often among them.",
)
@option(
    "--sheet",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw the images with the highest loss (24, or --top-losses) into a picture file.",
)
@option("--exist-ok", is_flag=True, help="Overwrite FILE if it exists.")
@click.pass_context
def evaluate(
    ctx: click.Context,
    screen: Screen,
    source: str | None,
    data: str | None,
    split: str,
    batch_size: int | None,
    on_unreadable: str,
    min_top1: float | None,
    top_losses: int | None,
    sheet: Path | None,
    exist_ok: bool,
) -> None:
    """Measure accuracy and loss of a run or a weight file.

    By default that is the newest run, on its test images.
    """
    from cnnkit import kernels
    from cnnkit.data.picture.sheet import check_sheet_path
    from cnnkit.engine.evaluate import evaluate as judge
    from cnnkit.engine.use.load import load

    if sheet is not None:
        check_sheet_path(sheet, exist_ok=exist_ok)
    predictor = load(source)
    for note in predictor.notes:
        screen.note(note)
    screen.note(f"network: {predictor.name}, from {predictor.source}")
    events = judge(
        predictor,
        data,
        split=split,
        batch_size=batch_size,
        on_unreadable=on_unreadable,
        top_losses=top_losses or 0,
        sheet=sheet,
        exist_ok=exist_ok,
    )
    with kernels.use(precision=None if was_given(ctx, "precision") else predictor.precision):
        result = _follow(screen, events)
    if screen.as_json:
        screen.json(result.to_json())
    else:
        show(screen, result)
    if not result.top_losses and result.top1 < 1:
        given = [("--data", data), ("--split", split if split != "test" else None)]
        which = [*([source] if source else []), *(word for pair in given if pair[1] for word in pair if word)]
        again = shlex.join(["cnnkit", "evaluate", *which, "--top-losses", "12", "--sheet", "mistakes.png"])
        screen.note(f"\nTo see the images with the highest loss:\n  {again}")
    if min_top1 is not None and result.top1 < min_top1:
        raise CheckFailed(missed(result, min_top1))


def missed(result: EvaluateResult, wanted: float) -> str:
    """What a threshold wanted and what came."""
    right, needed = round(result.top1 * result.n), math.ceil(wanted * result.n - 1e-9)
    return (
        f"top-1 is {result.top1:.4f} ({right:,} of {result.n:,} images), below --min-top1 {wanted:g}, "
        f"which needs {needed:,} right: {needed - right:,} more."
    )


def _follow(screen: Screen, events: Iterator[Event]) -> EvaluateResult:
    with screen.progress(" images") as progress:
        for event in events:
            if isinstance(event, EvaluateStep):
                progress.update("evaluating", event.done, event.total)
            elif isinstance(event, Note):
                progress.line(event.text)
            elif isinstance(event, EvaluateFinished):
                return event.result
    raise RuntimeError("the evaluation ended without a result")
