"""`cnnkit data`: the data sets by name, a look at a folder, and the one command that opens a socket."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnnkit.cli.command import Group, command
from cnnkit.cli.completion import data_names
from cnnkit.cli.options import option
from cnnkit.cli.screen import Screen
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
    screen.note("A folder is taken too: MNIST's idx files, or pictures in one folder a class.")


@command("check", example="cnnkit data check photos/")
@click.argument("source", metavar="DATA", shell_complete=data_names)
@click.pass_context
def check(ctx: click.Context, screen: Screen, source: str) -> None:
    """Look through DATA (a name or a folder): how many images, of which classes, and which cannot be read.

    Nothing is changed. The exit code is 3 if something is wrong.
    """
    from cnnkit.data.check import check as check_data

    report = check_data(source)
    if screen.as_json:
        screen.json(
            {
                "data": report.data,
                "found": report.found,
                "ok": report.ok,
                "counts": [{"part": row.part, "class": row.class_name, "count": row.count} for row in report.rows],
                "problems": [{"path": str(problem.path), "error": problem.message} for problem in report.problems],
                "notes": report.notes,
            }
        )
    else:
        _show(screen, report)
    if not report.ok:
        ctx.exit(DataError.exit_code)


def _show(screen: Screen, report: DataReport) -> None:
    screen.text(report.found)
    for note in report.notes:
        screen.text(note)
    if report.rows:
        parts = list(dict.fromkeys(row.part for row in report.rows))
        counts = {(row.class_name, row.part): row.count for row in report.rows}
        classes = list(dict.fromkeys(row.class_name for row in report.rows))
        screen.text()
        screen.table(["class", *parts], [(name, *(counts.get((name, part), 0) for part in parts)) for name in classes])
    screen.text()
    for problem in report.problems:
        where = "" if str(problem.path) in problem.message else f"{problem.path}: "
        screen.text(f"problem: {where}{problem.message}")
    screen.text(f"{len(report.problems)} problem(s)." if report.problems else "No problem found.")


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
