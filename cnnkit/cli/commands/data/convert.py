"""`cnnkit data convert`: pictures with boxes, written in another form."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnnkit.cli.arguments.common import option
from cnnkit.cli.arguments.completion import data_names
from cnnkit.cli.arguments.values import Name
from cnnkit.cli.command import command
from cnnkit.cli.commands.data.split import LINKS
from cnnkit.cli.show.screen import Screen

if TYPE_CHECKING:
    from cnnkit.data.split.new_folder import Link

FORMS = ("voc", "yolo", "coco", "csv")


@command("convert", example="cnnkit data convert cells/ --to coco --output cells-coco/")
@click.argument("source", metavar="DATA", shell_complete=data_names)
@option("--to", required=True, type=Name(FORMS, example="--to yolo"), help="Form of the new files.")
@option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="New folder to write into."
)
@option(
    "--link",
    type=Name(LINKS, example="--link hard"),
    default="none",
    help="none copies the pictures. Links need no space; hard links work only within one disk.",
)
def convert(screen: Screen, source: str, to: str, output: Path, link: Link) -> None:
    """Write pictures with boxes in another form.

    DATA has boxes in the form of VOC, YOLO, COCO or a .csv. The new folder has the same pictures, parts, classes and
    boxes; what a form cannot tell is named. Boxes are cut to their pictures. DATA is not changed.
    """
    from cnnkit.cli.show.headway import follow
    from cnnkit.data.split.convert import convert_boxes

    made = follow(screen, convert_boxes(source, output, to, link=link))
    if screen.as_json:
        screen.json(made.to_json())
        return
    how = {"none": "copied", "hard": "as hard links", "symbolic": "as symbolic links"}[made.link]
    screen.facts(
        [
            ("folder", output),
            ("parts", ", ".join(f"{count:,} {part}" for part, count in made.parts.items())),
            ("boxes", f"{made.boxes:,} of {len(made.classes):,} classes"),
            ("pictures", f"{made.bytes / 1e6:,.1f} MB, {how}"),
        ]
    )
    for note in made.notes:
        screen.note(note)
    place = output / "boxes.csv" if to == "csv" else output
    screen.note(f"Next:\n  {shlex.join(['cnnkit', 'train', '--data', str(place)])}")
