"""`cnnkit evaluate`: how often a network is right."""

from __future__ import annotations

from collections.abc import Iterator

import click

from cnnkit.cli.command import command
from cnnkit.cli.completion import data_names, run_names
from cnnkit.cli.options import option
from cnnkit.cli.screen import Screen
from cnnkit.cli.values import Name, Real, Whole
from cnnkit.engine.events import EvaluateFinished, EvaluateStep, Event, Note
from cnnkit.engine.options import ON_UNREADABLE
from cnnkit.engine.results import EvaluateResult
from cnnkit.errors import CheckFailed

SPLITS = ("train", "val", "test")
LARGEST_CONFUSION = 20  # classes; a larger table is for --json


@command("evaluate", example="cnnkit evaluate runs/mine --data photos/ --split test", computes=True)
@click.argument("source", metavar="[RUN|FILE]", required=False, shell_complete=run_names)
@option(
    "-d",
    "--data",
    also="--dataset",
    shell_complete=data_names,
    help="Name or folder; by default the data that the network was trained on.",
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
@option("--min-top1", type=Real(least=0, most=1, example="--min-top1 0.98"), help="Exit with 4 if accuracy is below.")
def evaluate(
    screen: Screen,
    source: str | None,
    data: str | None,
    split: str,
    batch_size: int | None,
    on_unreadable: str,
    min_top1: float | None,
) -> None:
    """Measure accuracy and loss of a run or a weight file.

    By default that is the newest run, on its test images.
    """
    from cnnkit.engine.evaluate import evaluate as judge
    from cnnkit.engine.load import load

    predictor = load(source)
    screen.note(f"network: {predictor.name}, from {predictor.source}")
    result = _follow(screen, judge(predictor, data, split=split, batch_size=batch_size, on_unreadable=on_unreadable))
    _show(screen, result)
    if min_top1 is not None and result.top1 < min_top1:
        raise CheckFailed(f"top-1 is {result.top1:.4f}, below --min-top1 {min_top1:g}.")


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


def _show(screen: Screen, result: EvaluateResult) -> None:
    if screen.as_json:
        screen.json(result.to_json())
        return
    screen.facts(
        [
            ("top-1", f"{100 * result.top1:.2f} % of {result.n:,} images"),
            ("top-5", f"{100 * result.top5:.2f} %"),
            ("loss", f"{result.loss:.4f}"),
        ]
    )
    screen.text()
    rows = [
        (row.label, *(f"{100 * share:.1f} %" for share in (row.precision, row.recall, row.f1)), row.support)
        for row in result.per_class
    ]
    screen.table(["class", "precision", "recall", "F1", "images"], rows, optional=["F1", "images"])
    if len(result.classes) <= LARGEST_CONFUSION:
        screen.text("\nRows: the truth. Columns: the answer.")
        counts = zip(result.classes, result.confusion, strict=True)
        screen.table(["", *result.classes], [(name, *row) for name, row in counts])
