"""`cnnkit data`: the data sets by name, a look at a folder, and the one command that opens a socket."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from cnnkit.cli.command import Group, command
from cnnkit.cli.completion import data_names
from cnnkit.cli.options import option
from cnnkit.cli.screen import Screen
from cnnkit.cli.values import Size
from cnnkit.errors import DataError

data = Group(
    "data",
    help="Data sets: list the names, check a folder, fetch one from the net.",
    short_help="Data sets: list, check, fetch.",
    commands_at={
        "list": "cnnkit.cli.data:list_names",
        "check": "cnnkit.cli.data:check",
        "fetch": "cnnkit.cli.data:fetch",
    },
    aliases={"ls": "list", "download": "fetch"},
    example="cnnkit data check photos/",
)


@command("list", example="cnnkit data list")
def list_names(screen: Screen) -> None:
    """List the data sets that --data knows by name, and the kinds of folder that it takes."""
    from cnnkit.data.open import catalogue

    rows = catalogue()
    if screen.as_json:
        screen.json({"data": [asdict(row) for row in rows]})
        return
    cells = [(row.name, "yes" if row.here else f"cnnkit data fetch {row.name}", row.summary) for row in rows]
    screen.table(["name", "on this machine", "what it is"], cells)
    screen.note("A folder is taken too: MNIST's idx files, or pictures in one folder a class.")


@command("check", example="cnnkit data check photos/")
@click.argument("source", metavar="DATA", shell_complete=data_names)
@option("--image-size", also="--imgsz", type=Size("--image-size 32"), help="Size that pictures would be brought to.")
@option("--grey/--no-grey", also="--gray", default=None, help="Judge the pictures without colour.")
@click.pass_context
def check(
    ctx: click.Context, screen: Screen, source: str, image_size: tuple[int, int] | None, grey: bool | None
) -> None:
    """Look through DATA (a name or a folder): how many images, of which classes, and which cannot be read.

    Nothing is changed. The exit code is 3 if something is wrong.
    """
    from cnnkit.data.check import check as check_data

    report = check_data(source, image_size=image_size, grey=grey)
    if screen.as_json:
        screen.json(report.to_json())
    else:
        screen.text(report.found)
        screen.table(["class", *report.parts], report.rows)
        for problem in report.problems:
            screen.text(problem)
        if not report.problems:
            screen.text("No problem found.")
    if report.problems:
        ctx.exit(DataError.exit_code)


@command("fetch", example="cnnkit data fetch mnist")
@click.argument("name", shell_complete=data_names)
@option("-o", "--output", type=click.Path(), help="Folder to put it in; by default data/NAME.")
def fetch(screen: Screen, name: str, output: str | None) -> None:
    """Fetch the data set NAME (mnist, fashion-mnist, cifar10, cifar100) from its publisher and check its sums.

    A broken fetch goes on where it stopped. No other command ever opens a connection.
    """
    from cnnkit.data.fetch import fetch as fetch_data

    with screen.progress(" bytes") as progress:
        folder = fetch_data(name, Path(output) if output else None, progress.update)
    if screen.as_json:
        screen.json({"name": name, "folder": str(folder)})
    else:
        screen.text(str(folder))
        screen.note(f"Next:\n  cnnkit train --data {folder}")
