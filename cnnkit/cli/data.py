"""`cnnkit data`: the data sets by name, a look at a folder, and the one command that opens a socket."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnnkit.cli.command import Group, command
from cnnkit.cli.completion import data_names
from cnnkit.cli.options import option
from cnnkit.cli.screen import Screen
from cnnkit.cli.values import Size
from cnnkit.errors import DataError

if TYPE_CHECKING:
    from cnnkit.data.check import DataReport

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
    screen.note("A folder is taken too: MNIST's idx files, CIFAR's binary ones, or pictures in one folder a class.")


@command("check", example="cnnkit data check photos/")
@click.argument("source", metavar="DATA", shell_complete=data_names)
@option("--image-size", also="--imgsz --img-size", type=Size("--image-size 32"), help="Size to bring pictures to.")
@option("--grey/--no-grey", also="--gray", default=None, help="Read pictures without colour.")
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
        _show(screen, report)
    if not report.ok:
        ctx.exit(DataError.exit_code)


def _show(screen: Screen, report: DataReport) -> None:
    screen.text(report.found)
    for note in report.notes:
        screen.text(note)
    if report.rows:
        screen.text()
        screen.table(["class", *report.parts], report.rows)
    screen.text()
    for problem in report.problems:
        screen.text(f"problem: {problem}")
    screen.text(f"{len(report.problems)} problem(s)." if report.problems else "No problem found.")


@command("fetch", example="cnnkit data fetch mnist")
@click.argument("name", shell_complete=data_names)
@option("-o", "--output", type=click.Path(), help="Folder to put it in; by default where --data NAME finds it.")
def fetch(screen: Screen, name: str, output: str | None) -> None:
    """Fetch the data set NAME (mnist, fashion-mnist, cifar10, cifar100) from its publisher and check its sums.

    A broken fetch goes on where it stopped. No other command ever opens a connection.
    """
    from cnnkit.data.fetch import fetch as fetch_data

    with screen.progress(" MB") as progress:

        def show(what: str, done: int, total: int) -> None:
            progress.update(f"fetching {what}", done // 10**6, total // 10**6, live=f"{done / 1e6:.1f} MB")

        folder = fetch_data(name, Path(output) if output else None, show)
    if screen.as_json:
        screen.json({"name": name, "folder": str(folder)})
    else:
        screen.text(str(folder))
        screen.note(f"Next:\n  cnnkit train --data {shlex.quote(output or name)}")
