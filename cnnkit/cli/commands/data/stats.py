"""`cnnkit data stats`: what a data set is made of, in figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnnkit.cli.arguments.completion import data_names
from cnnkit.cli.arguments.reading import reading
from cnnkit.cli.command import command
from cnnkit.cli.show.screen import Screen
from cnnkit.cli.show.tables.box_table import box_sizes, box_table
from cnnkit.cli.show.tables.class_table import class_table
from cnnkit.cli.show.tables.mask_table import mask_table

if TYPE_CHECKING:
    from cnnkit.data.check.figures import DataStats, FileStats, PixelStats, Spread

COLOURS = ("red", "green", "blue")


@command("stats", example="cnnkit data stats photos/")
@click.argument("source", metavar="DATA", shell_complete=data_names)
@reading("64")
def stats(
    screen: Screen,
    source: str,
    image_size: tuple[int, int] | None,
    grey: bool | None,
    ignore: str | None,
    task: str | None,
) -> None:
    """Measure the images of DATA and their files.

    Shown are images per class and part, sizes and formats of the files, and means and deviations of the pixels:
    those of up to 2,000 training images, as the network would read them. Of masks, each class's share of the pixels and
    the pictures that hold it are counted; of boxes also their widths, heights and shapes.
    """
    from cnnkit.cli.show.headway import follow
    from cnnkit.data.check.stats import data_stats

    found = follow(screen, data_stats(source, image_size=image_size, grey=grey, ignore=ignore, task=task))
    if screen.as_json:
        screen.json(found.to_json())
    else:
        _show(screen, found)


def _show(screen: Screen, found: DataStats) -> None:
    screen.text(found.found)
    for note in found.notes:
        screen.note(note)
    screen.text()
    if found.boxes:
        box_table(screen, list(found.classes), found.boxes)
        screen.text()
        box_sizes(screen, found.boxes)
    elif found.masks:
        mask_table(screen, list(found.classes), found.masks)
    else:
        class_table(screen, found.parts, found.classes)
    if found.files is not None:
        screen.text()
        _files(screen, found.files)
    if found.pixels is not None:
        screen.text()
        _pixels(screen, found.pixels)


def _files(screen: Screen, files: FileStats) -> None:
    def row(name: str, spread: Spread, form: str = ",.0f", scale: float = 1.0) -> list[str]:
        return [name, *(format(value / scale, form) for value in (spread.least, spread.median, spread.most))]

    screen.table(
        ["files", "least", "median", "most"],
        [
            row("height", files.height),
            row("width", files.width),
            row("width / height", files.aspect, ".2f"),
            row("KB", files.size, ",.1f", 1000.0),
        ],
    )
    screen.text()
    screen.facts(
        [
            ("formats", ", ".join(f"{count:,} {name}" for name, count in files.formats.items()) or "none"),
            ("colours", f"{files.colour:,} in colour, {files.grey:,} grey"),
            ("bytes", f"{files.total / 1e6:,.1f} MB"),
            *([("unreadable", f"{files.unreadable:,}; `cnnkit data check` names them")] if files.unreadable else []),
        ]
    )


def _pixels(screen: Screen, pixels: PixelStats) -> None:
    names = COLOURS if len(pixels.mean) == 3 else ("grey",)
    columns = zip(names, pixels.mean, pixels.std, pixels.used_mean, pixels.used_std, strict=True)
    screen.table(
        ["channel", "mean", "std", "mean used", "std used"],
        [[name, *(f"{value:.4f}" for value in values)] for name, *values in columns],
    )
    screen.note(
        f"Mean and standard deviation of {pixels.sample:,} training images, from 0 to 1, and those used to normalise."
    )
