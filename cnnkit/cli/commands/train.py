"""`cnnkit train`: a thin reader of `engine.fit`."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cnnkit.cli.arguments.common import option, was_given
from cnnkit.cli.arguments.completion import recipe_names, run_names
from cnnkit.cli.arguments.page import language
from cnnkit.cli.arguments.training import choices
from cnnkit.cli.command import command
from cnnkit.cli.commands.report import Pages
from cnnkit.cli.show.screen import Screen
from cnnkit.engine.records.events import Event
from cnnkit.engine.records.options import ENDS, RESUMABLE, FitOptions
from cnnkit.engine.records.results import FitResult
from cnnkit.errors import CheckFailed, UsageError


def _read_recipe(ctx: click.Context, param: click.Parameter, name: str | None) -> str | None:
    """A recipe is a set of defaults: a configuration file, CNNKIT_* variables and options override it."""
    if name is not None and not ctx.resilient_parsing:
        from cnnkit.engine.records.recipes import find

        ctx.default_map = {**find(name).options, **(ctx.default_map or {})}
    return name


@command("train", example="cnnkit train --data photos/ --model convnet --epochs 5 --output runs/mine", computes=True)
@option(
    "--recipe",
    metavar="NAME",
    section="Run",
    is_eager=True,
    callback=_read_recipe,
    shell_complete=recipe_names,
    help="All options of a training with a measured accuracy; `cnnkit recipes` lists them.",
)
@choices()
@option(
    "--resume", metavar="RUN", section="Run", shell_complete=run_names, help="Go on with a run; --epochs may extend it."
)
@option(
    "--dry-run",
    is_flag=True,
    section="Run",
    help="Check data and options, estimate memory and time, and write nothing.",
)
@option(
    "--report/--no-report",
    default=True,
    section="Run",
    help="Write a page about the run into its folder, report.html, where the extra for pages is installed.",
)
@language("that page", section="Run")
@click.pass_context
def train(
    ctx: click.Context,
    /,
    screen: Screen,
    recipe: str | None,
    resume: str | None,
    dry_run: bool,
    report: bool,
    language: str,
    **chosen: Any,
) -> None:
    """Train a network and keep the best epoch.

    Without options it learns the handwritten digits that come with cnnkit.

    The best epoch is chosen on a part of the training images; the test images are used once, at the end. Automatic
    defaults are chosen for the data, and --dry-run shows them.
    """
    from cnnkit.engine.fit import fit
    from cnnkit.engine.fit import resume as go_on
    from cnnkit.engine.records.recipes import find

    pages = Pages(screen, language, wanted=report, asked=report and was_given(ctx, "report"))
    shared = {name: _explicit(ctx, name) for name in ("threads", "backend", "precision")}
    if resume is not None:
        _refuse_beside_resume(recipe, dry_run)
        changes = {name: value for name, value in chosen.items() if was_given(ctx, name)}
        _refuse_unchangeable(changes)
        changes |= {name: value for name, value in shared.items() if value is not None}
        _follow(screen, pages, go_on(Path(resume), changes))
        return
    given = {name: value for name, value in (chosen | shared).items() if value is not None}
    if recipe is not None:
        find(recipe).check({name: value for name, value in given.items() if was_given(ctx, name)})
    for name in _weaker_ends(ctx, recipe, given):
        del given[name]
    options = FitOptions.from_values(given).validate()
    if dry_run:
        from cnnkit.cli.show.dry_run import show
        from cnnkit.engine.ahead.forecast import look_ahead

        show(screen, look_ahead(options))
        return
    _follow(screen, pages, fit(options))


def _follow(screen: Screen, pages: Pages, events: Iterator[Event]) -> None:
    """Show the training, and write its page; what follows from its result is told last."""
    from cnnkit.cli.show.training import follow

    told = pages.beside(events)
    try:
        result = follow(screen, told)
    finally:
        # A training holds its run folder until it is let go.
        if isinstance(told, Generator):
            told.close()
    pages.finish(result)
    _tell_if_memorised(screen, result)


def _weaker_ends(ctx: click.Context, recipe: str | None, given: dict[str, Any]) -> list[str]:
    """Of --epochs, --steps and --time what a stronger one overrules: options, then CNNKIT_*, a file, a recipe."""
    from cnnkit.engine.records.recipes import find

    by_recipe = find(recipe).options if recipe is not None else {}

    def weakness(name: str) -> int:
        source = ctx.get_parameter_source(name)
        if source is ParameterSource.DEFAULT_MAP:
            return 3 if by_recipe.get(name) == given[name] else 2
        return 1 if source is ParameterSource.ENVIRONMENT else 0

    ends = [name for name in ENDS if name in given]
    return [name for name in ends if weakness(name) > min(map(weakness, ends))]


def _refuse_beside_resume(recipe: str | None, dry_run: bool) -> None:
    if recipe is not None:
        raise UsageError("--recipe is for a new run; a resumed run keeps its options. Leave --recipe out.")
    if dry_run:
        raise UsageError("--dry-run is for a new run; the options of a resumed run are in config.toml in its folder.")


def _tell_if_memorised(screen: Screen, result: FitResult) -> None:
    """Exit code 4 where images should have been learned by heart and were not."""
    if result.learned is None:
        return
    from cnnkit.engine.run.overfit import verdict

    if not result.learned:
        raise CheckFailed(verdict(result))
    screen.note(f"\n{verdict(result)}")


def _explicit(ctx: click.Context, name: str) -> Any:
    """A shared option's value where the user chose one."""
    return ctx.meta["cnnkit.shared"][name] if was_given(ctx, name) else None


def _refuse_unchangeable(changes: dict[str, Any]) -> None:
    """A run goes on with what it began with."""
    fixed = [name for name in changes if name not in RESUMABLE]
    if fixed:
        may = ", ".join("--" + name.replace("_", "-") for name in RESUMABLE)
        raise UsageError(
            f"--{fixed[0].replace('_', '-')} cannot change when a run is resumed. These can: {may}. "
            "Start a new run, or leave it out."
        )
