"""`cnnkit data split`: train/ val/ test/ folders of pictures that have no parts yet."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnnkit.cli.arguments.common import option
from cnnkit.cli.arguments.completion import data_names
from cnnkit.cli.arguments.values import Name, Share, Whole
from cnnkit.cli.command import command
from cnnkit.cli.show.screen import Screen
from cnnkit.cli.show.tables.class_table import class_table

if TYPE_CHECKING:
    from cnnkit.data.split.folder import SplitFolder
    from cnnkit.data.split.new_folder import Link

LINKS = ("none", "hard", "symbolic")


@command("split", example="cnnkit data split photos/ --output parts/")
@click.argument("source", metavar="DATA", shell_complete=data_names)
@option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="New folder to write into."
)
@option(
    "--val",
    type=Share(example="--val 0.15"),
    default=0.15,
    help="Share of each class for the validation part, which chooses the best epoch.",
)
@option("--test", type=Share(example="--test 0.15"), default=0.15, help="Share of each class for the test part.")
@option("--seed", type=Whole(0, 2**63 - 1, example="--seed 1"), default=0, help="Seed of the random split.")
@option(
    "--link",
    type=Name(LINKS, example="--link hard"),
    default="none",
    help="none copies the files. Links need no space; hard links work only within one disk.",
)
def split(screen: Screen, source: str, output: Path, val: float, test: float, seed: int, link: Link) -> None:
    """Divide pictures into train/, val/ and test/ folders.

    DATA is a folder or a .csv. Each class is divided in the same proportions, and exact copies stay in one part. A
    mask goes with its picture, and so do boxes, in the form that they have. DATA is not changed.
    """
    from cnnkit.cli.show.headway import follow
    from cnnkit.data.split.folder import split_folder

    made = follow(screen, split_folder(source, output, val=val, test=test, seed=seed, link=link))
    if screen.as_json:
        screen.json(made.to_json())
    else:
        _show(screen, made, output)


def _show(screen: Screen, made: SplitFolder, output: Path) -> None:
    parts = list(made.parts)
    if made.classes:
        class_table(screen, parts, {name: [counts[part] for part in parts] for name, counts in made.classes.items()})
    else:
        what = "pictures with masks" if made.boxes is None else "pictures with boxes"
        screen.table(["", *parts], [[what, *made.parts.values()]])
    screen.text()
    how = {"none": "copied", "hard": "as hard links", "symbolic": "as symbolic links"}[made.link]
    screen.facts([("folder", output), ("pictures", f"{made.bytes / 1e6:,.1f} MB, {how}")])
    if made.copies:
        screen.note(f"Exact copies: {made.copies:,}, each in the part of its original.")
    if made.renamed:
        screen.note(f"Files with a name that was taken: {made.renamed:,}, they got a number.")
    for note in made.notes:
        screen.note(note)
    place = output / "boxes.csv" if (output / "boxes.csv").is_file() else output
    screen.note(f"Next:\n  {shlex.join(['cnnkit', 'train', '--data', str(place)])}")
