"""`cnnkit data check`: what is wrong with data, kind by kind, before an hour is spent on them."""

from __future__ import annotations

import os
from itertools import groupby
from typing import TYPE_CHECKING

import click

from cnnkit.cli.arguments.common import option
from cnnkit.cli.arguments.completion import data_names
from cnnkit.cli.arguments.reading import reading
from cnnkit.cli.arguments.values import Names
from cnnkit.cli.command import command
from cnnkit.cli.show.headway import follow
from cnnkit.cli.show.screen import Screen
from cnnkit.cli.show.tables.box_table import box_table
from cnnkit.cli.show.tables.class_table import class_table
from cnnkit.cli.show.tables.mask_table import mask_table
from cnnkit.data.check.findings import KINDS
from cnnkit.errors import DataError
from cnnkit.serialize.harmless import harmless

if TYPE_CHECKING:
    from cnnkit.data.check.findings import Finding
    from cnnkit.data.check.report import DataReport

# So many findings of a kind and files of a finding are shown; --json has all.
MOST_FINDINGS, MOST_FILES = 5, 4


@command("check", example="cnnkit data check photos/")
@click.argument("source", metavar="DATA", shell_complete=data_names)
@reading("32")
@option(
    "--allow",
    type=Names(tuple(KINDS), example="--allow near-duplicate-across"),
    default=(),
    show_default=False,
    metavar="KINDS",
    help="Kinds of findings, as the report names them, that become warnings; separated by commas.",
)
@click.pass_context
def check(
    ctx: click.Context,
    screen: Screen,
    source: str,
    image_size: tuple[int, int] | None,
    grey: bool | None,
    ignore: str | None,
    task: str | None,
    allow: tuple[str, ...],
) -> None:
    """Look at every image of DATA and say what is wrong.

    Damaged files, placeholders, a picture in two parts or under two labels, and what a training would refuse, such as
    a single class, are problems: the exit code is 3. Copies within a part, odd sizes, wrong endings and unequal classes
    are warnings. Nothing is changed.

    Of pictures with masks, those without a partner, masks of another size, in a format that changes pixels or with
    values that mean no class are problems too. Classes without a pixel and masks that are void or of one class all over
    are warnings.

    Of pictures with boxes, files that cannot be read, swapped corners, labels that are no class and pictures of another
    size than the file says are problems. Boxes beyond the picture, without extent or doubled are warnings.
    """
    from cnnkit.data.check.check import checking

    report: DataReport = follow(
        screen, checking(source, image_size=image_size, grey=grey, ignore=ignore, task=task, allowed=allow)
    )
    if screen.as_json:
        screen.json(report.to_json())
    else:
        _show(screen, report, os.path.join(os.path.expanduser(source), ""))
    if not report.ok:
        ctx.exit(DataError.exit_code)


def _show(screen: Screen, report: DataReport, root: str) -> None:
    screen.text(report.found)
    for note in report.notes:
        screen.text(note)
    if report.boxes:
        screen.text()
        box_table(screen, [name for name, *_ in report.rows], report.boxes)
    elif report.pixels:
        screen.text()
        mask_table(screen, [name for name, *_ in report.rows], report.pixels)
    elif report.rows:
        screen.text()
        class_table(screen, report.parts, {name: counts for name, *counts in report.rows})
    for kind, findings in groupby(report.findings, key=lambda finding: finding.kind):
        screen.text()
        _kind(screen, kind, list(findings), report, root)
    screen.text()
    problems, warnings = len(report.problems), len(report.findings) - len(report.problems)
    said = f"{problems} problem{'s' * (problems != 1)}" if problems else "No problem found"
    screen.text(said + (f", {warnings} warning{'s' * (warnings != 1)}." if warnings else "."))


def _kind(screen: Screen, kind: str, findings: list[Finding], report: DataReport, root: str) -> None:
    severity = {"error": "problem", "warning": "warning"}[findings[0].severity(report.allowed)]
    screen.text(f"{severity}: {KINDS[kind].title} ({kind}, {len(findings):,})")
    for finding in findings[:MOST_FINDINGS]:
        files = [harmless(name.removeprefix(root), lines=False) for name in finding.files]
        more = f" and {len(files) - MOST_FILES:,} more" if len(files) > MOST_FILES else ""
        names = ", ".join(files[:MOST_FILES]) + more
        screen.text(f"  {names}: {finding.message}" if names else f"  {finding.message}")
    if len(findings) > MOST_FINDINGS:
        screen.text(f"  and {len(findings) - MOST_FINDINGS:,} more; --json lists all.")
