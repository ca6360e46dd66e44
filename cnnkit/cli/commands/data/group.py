"""`cnnkit data`: the data sets by name, a look at a folder, and one of the two commands that open a socket."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path

import click

from cnnkit.cli.arguments.common import option
from cnnkit.cli.arguments.completion import data_names
from cnnkit.cli.command import Group, command
from cnnkit.cli.show.screen import Screen

data = Group(
    "data",
    help="Data sets: list them, check or measure your own, split them, download a published one.",
    short_help="Data sets: list, check, show, measure, split, convert, fetch.",
    commands_at={
        "list": "cnnkit.cli.commands.data.group:list_names",
        "check": "cnnkit.cli.commands.data.check:check",
        "show": "cnnkit.cli.commands.data.show:show",
        "stats": "cnnkit.cli.commands.data.stats:stats",
        "split": "cnnkit.cli.commands.data.split:split",
        "convert": "cnnkit.cli.commands.data.convert:convert",
        "fetch": "cnnkit.cli.commands.data.group:fetch",
    },
    aliases={"ls": "list", "download": "fetch"},
    example="cnnkit data check photos/",
)


@command("list", example="cnnkit data list")
def list_names(screen: Screen) -> None:
    """List the data sets that --data knows by name."""
    from cnnkit.data.fetch.sources import SOURCES
    from cnnkit.data.open.source import catalogue

    rows = [(row, row.name not in SOURCES or SOURCES[row.name].tried) for row in catalogue()]
    if screen.as_json:
        screen.json({"data": [{**asdict(row), "tried": tried} for row, tried in rows]})
        return
    cells = [
        (row.name, "yes" if row.here else f"cnnkit data fetch {row.name}{_untried(tried)}", row.summary)
        for row, tried in rows
    ]
    screen.table(["name", "on this machine", "what it is"], cells)
    if any(not (row.here or tried) for row, tried in rows):
        screen.note(
            '"Not tried" means that this address was not downloaded from when cnnkit was made; what comes is compared '
            "with its checksum in any case."
        )
    screen.note(
        "--data also takes your own data: a folder with one folder of pictures per class, photos.csv with the columns "
        "path,label[,split], pictures with masks or with boxes, arrays.npz with x_train, y_train and so on, MNIST's "
        "idx files, or CIFAR's binary files."
    )


def _untried(tried: bool) -> str:
    """A mark for an address that was not downloaded from when cnnkit was made; checksums hold in any case."""
    return "" if tried else " (not tried)"


@command("fetch", example="cnnkit data fetch mnist")
@click.argument("name", shell_complete=data_names)
@option("-o", "--output", type=click.Path(), help="Folder to put it in; by default where --data NAME finds it.")
def fetch(screen: Screen, name: str, output: str | None) -> None:
    """Download a published data set.

    NAME is mnist, fashion-mnist, cifar10 or cifar100. Each file is compared with its checksum.

    A broken download goes on where it stopped. Only this and `weights fetch` open a connection.
    """
    from cnnkit.data.fetch.fetch import fetch as fetch_data

    with screen.progress(" MB") as progress:

        def show(what: str, done: int, total: int) -> None:
            progress.update(f"fetching {what}", done // 10**6, total // 10**6, live=f"{done / 1e6:.1f} MB")

        folder = fetch_data(name, Path(output) if output else None, show)
    if screen.as_json:
        screen.json({"name": name, "folder": str(folder)})
    else:
        screen.text(str(folder))
        screen.note(f"Next:\n  cnnkit train --data {shlex.quote(output or name)}")
