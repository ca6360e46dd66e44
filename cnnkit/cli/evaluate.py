"""`cnnkit evaluate`: how often a network is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnnkit.cli.command import command
from cnnkit.cli.completion import data_names, run_names
from cnnkit.cli.options import option
from cnnkit.cli.screen import Screen
from cnnkit.cli.values import Name, Real, Size, Whole
from cnnkit.engine.options import ON_UNREADABLE

if TYPE_CHECKING:
    from cnnkit.engine.results import EvaluateResult

LARGEST_CONFUSION = 20


@command("evaluate", example="cnnkit evaluate runs/mine --data photos/ --split test", computes=True)
@click.argument("source", metavar="[RUN|FILE]", required=False, shell_complete=run_names)
@option(
    "-d",
    "--data",
    shell_complete=data_names,
    help="Name or folder; by default the data that the network was trained on.",
)
@option(
    "--split", type=Name(("train", "val", "test"), example="--split test"), default="test", help="Part of the data."
)
@option(
    "-b",
    "--batch-size",
    also="--batch",
    type=Whole(1, 1_000_000, example="--batch-size 256"),
    default=256,
    help="Images at a time.",
)
@option("--image-size", also="--imgsz", type=Size("--image-size 32"), hidden=True, help="Size of pictures.")
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
    batch_size: int,
    on_unreadable: str,
    min_top1: float | None,
) -> None:
    """Measure accuracy and loss of a run or a weight file; by default of the newest run on its test images."""

    raise NotImplementedError


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
        (
            score.label,
            f"{100 * score.precision:.1f} %",
            f"{100 * score.recall:.1f} %",
            f"{100 * score.f1:.1f} %",
            score.support,
        )
        for score in result.per_class
    ]
    screen.table(["class", "precision", "recall", "F1", "images"], rows)
    if len(result.classes) <= LARGEST_CONFUSION:
        screen.text()
        screen.table(
            ["truth \\ answer", *result.classes],
            [(name, *row) for name, row in zip(result.classes, result.confusion, strict=True)],
        )
