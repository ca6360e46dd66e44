"""`cnnkit data show`: a sheet of samples, as a training would show them to its network."""

from __future__ import annotations

from pathlib import Path

import click

from cnnkit.cli.arguments.common import option
from cnnkit.cli.arguments.completion import data_names, run_names
from cnnkit.cli.arguments.reading import size_and_colour
from cnnkit.cli.arguments.training import choices
from cnnkit.cli.arguments.values import Name, Whole
from cnnkit.cli.command import command
from cnnkit.cli.show.screen import Screen
from cnnkit.engine.records.options import AUGMENT, CHANGES, THINGS

SPLITS = ("train", "val", "test")
# A sheet of more rows is higher than WebP allows.
MOST_ROWS = 90


@command("show", example="cnnkit data show photos/ --output sheet.png")
@click.argument("source", metavar="DATA", shell_complete=data_names)
@option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Picture file to draw into."
)
@option(
    "--augment",
    type=Name(AUGMENT, example="--augment strong"),
    help="Augmentation; by default what a training would choose.",
)
@choices("task", "fit", "ignore", *CHANGES, *THINGS)
@option(
    "-n",
    "--count",
    type=Whole(1, MOST_ROWS, example="--count 12"),
    default=8,
    help="Number of images, taken from all classes in turn.",
)
@option(
    "--weights",
    metavar="RUN|FILE",
    shell_complete=run_names,
    help="Prepare pictures as a training that starts from these weights does.",
)
@size_and_colour("64")
@option("--seed", type=Whole(0, 2**63 - 1, example="--seed 1"), default=0, help="Seed of the training that is shown.")
@option("--split", type=Name(SPLITS, example="--split val"), default="train", help="Part of the data.")
@option("--exist-ok", is_flag=True, help="Overwrite FILE if it exists.")
def show(
    screen: Screen,
    source: str,
    output: Path,
    augment: str | None,
    count: int,
    weights: str | None,
    image_size: tuple[int, int] | None,
    grey: bool | None,
    seed: int,
    split: str,
    exist_ok: bool,
    fit: str | None,
    ignore: str | None,
    task: str | None,
    **asked: bool | None,
) -> None:
    """Draw images of DATA as the network sees them in a training.

    Each row shows an image at the network's size, then its augmented versions in the first epochs: exactly
    the pixels of a training with this seed. Masks and boxes are drawn over their pictures, with a
    legend below.
    """
    from cnnkit.data.picture.sheet import check_sheet_path, save_sheet
    from cnnkit.engine.ahead.preview import draw, preview

    check_sheet_path(output, exist_ok=exist_ok)
    shown = preview(
        source,
        augment=augment,
        changes={name: value for name, value in asked.items() if value is not None},
        count=count,
        image_size=image_size,
        fit=fit,
        grey=grey,
        ignore=ignore,
        task=task,
        seed=seed,
        split=split,
        weights=weights,
    )
    save_sheet(output, draw(shown))
    if screen.as_json:
        screen.json({"sheet": str(output), **shown.to_json()})
        return
    for note in shown.notes:
        screen.note(note)
    H, W = shown.image_size
    how = "" if augment else " (what a training would choose)" if split == "train" else " (only train is changed)"
    screen.facts(
        [
            ("sheet", output),
            ("data", shown.found),
            ("shown", f"{len(shown.samples)} images of {split}, {H}x{W} {'grey' if shown.channels == 1 else 'RGB'}"),
            ("augment", f"{shown.augment}{how}"),
            ("changes", ", ".join(shown.changes) or "none"),
        ],
        prose=("data", "shown", "augment"),
    )
