"""`cnnkit train`: a thin reader of `engine.fit`."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cnnkit.cli.command import command
from cnnkit.cli.completion import data_names, model_names, recipe_names, run_names
from cnnkit.cli.options import option
from cnnkit.cli.screen import Screen
from cnnkit.cli.values import Duration, Name, Real, Size, Whole
from cnnkit.engine.options import (
    AUGMENT,
    CLASS_WEIGHTS,
    ENDS,
    FREEZE,
    KEEP,
    ON_UNREADABLE,
    OPTIMISERS,
    RESUMABLE,
    SCHEDULES,
    FitOptions,
)
from cnnkit.engine.results import FitResult
from cnnkit.errors import CheckFailed, UsageError

CHOICES = {field.name: field for field in fields(FitOptions)}


def choice(name: str, *short: str, default_note: str = "", **rest: Any) -> Any:
    """The option for one field of FitOptions, with its help and its default."""
    field = CHOICES[name]
    long = "--" + name.replace("_", "-")
    if field.type in ("bool", "bool | None"):
        long = f"{long}/--no-{name.replace('_', '-')}"
    text = field.metadata["help"] + (f"  [{default_note}]" if default_note else "")
    return option(*short, long, default=field.default, help=text, **rest)


def _read_recipe(ctx: click.Context, param: click.Parameter, name: str | None) -> str | None:
    """A recipe is a set of defaults: a configuration file, CNNKIT_* variables and options go before it."""
    if name is not None and not ctx.resilient_parsing:
        from cnnkit.engine.recipes import find

        ctx.default_map = {**find(name).options, **(ctx.default_map or {})}
    return name


BY_DATA = "default: by the data"


@command("train", example="cnnkit train --data photos/ --model convnet --epochs 5 --output runs/mine", computes=True)
@option(
    "--recipe",
    metavar="NAME",
    is_eager=True,
    callback=_read_recipe,
    shell_complete=recipe_names,
    help="All options of a known training; `cnnkit recipes` lists them.",
)
@choice("data", "-d", also="--dataset", shell_complete=data_names)
@choice("model", "-m", also="--arch --network", default_note=BY_DATA, shell_complete=model_names)
@choice("weights", "-w", type=click.Path(), shell_complete=run_names)
@choice("freeze", default_note=BY_DATA, type=Name(FREEZE, example="--freeze trunk"))
@choice("views", default_note=BY_DATA, type=Whole(0, 1000, example="--views 8"))
@choice("epochs", "-e", also="--nb-epochs", default_note=BY_DATA, type=Whole(1, 1_000_000, example="--epochs 5"))
@choice("steps", type=Whole(1, 1_000_000_000, example="--steps 1000"))
@choice("time", type=Duration("--time 30m"))
@choice("patience", type=Whole(0, 1_000_000, example="--patience 5"))
@choice("keep", default_note=BY_DATA, type=Name(KEEP, example="--keep last"))
@choice("overfit", type=Whole(1, 1_000_000, example="--overfit 8"))
@choice(
    "batch_size",
    "-b",
    also="--batch --batchsize",
    default_note=BY_DATA,
    type=Whole(1, 1_000_000, example="--batch-size 128"),
)
@choice("lr", also="--lr0 --learning-rate", default_note=BY_DATA, type=Real(above=0, most=1e6, example="--lr 0.05"))
@choice(
    "head_lr", default_note="default: as --lr, or by the data", type=Real(above=0, most=1e6, example="--head-lr 0.05")
)
@choice("optimiser", also="--optimizer --opt", default_note=BY_DATA, type=Name(OPTIMISERS, example="--optimiser sgd"))
@choice("momentum", type=Real(least=0, below=1, example="--momentum 0.9"))
@choice("nesterov")
@choice(
    "weight_decay", also="--wd", default_note=BY_DATA, type=Real(least=0, most=1e3, example="--weight-decay 0.0005")
)
@choice("schedule", also="--sched", default_note=BY_DATA, type=Name(SCHEDULES, example="--schedule cosine"))
@choice("warmup", default_note=BY_DATA, type=Real(least=0, most=1, example="--warmup 0.1"))
@choice("schedule_from", hidden=True, type=Whole(0, 1_000_000, example="--schedule-from 0"))
@choice("schedule_epochs", hidden=True, type=Whole(1, 1_000_000, example="--schedule-epochs 5"))
@choice("schedule_until", hidden=True, type=Whole(1, 1_000_000_000_000, example="--schedule-until 1000"))
@choice("label_smoothing", also="--smoothing", type=Real(least=0, below=1, example="--label-smoothing 0.1"))
@choice("class_weights", type=Name(CLASS_WEIGHTS, example="--class-weights balanced"))
@choice("mixup", type=Real(least=0, most=100, example="--mixup 0.2"))
@choice("cutmix", type=Real(least=0, most=100, example="--cutmix 1"))
@choice("ema", type=Real(least=0, below=1, example="--ema 0.99"))
@choice("clip", also="--clip-grad", type=Real(least=0, most=1e9, example="--clip 1"))
@choice("augment", default_note=BY_DATA, type=Name(AUGMENT, example="--augment light"))
@choice(
    "image_size", also="--imgsz --img-size --input-size", default_note="default: as found", type=Size("--image-size 32")
)
@choice("grey", also="--gray", default_note="default: as found")
@choice("val_fraction", type=Real(above=0, most=0.9, example="--val-fraction 0.1"))
# CNNKIT_CACHE is the folder of compiled kernels.
@choice("cache", envvar="CNNKIT_PICTURE_CACHE", type=Real(least=0, most=0.9, example="--cache 0.25"))
@choice("on_unreadable", type=Name(ON_UNREADABLE, example="--on-unreadable skip"))
@choice("seed", type=Whole(0, 2**63 - 1, example="--seed 1"))
@choice("output", "-o", also="--project", type=click.Path())
@choice("exist_ok")
@option(
    "--resume", metavar="RUN", shell_complete=run_names, help="Go on with a run; --epochs may lead past its old end."
)
@option("--dry-run", is_flag=True, help="Check data and options and forecast memory and time; write nothing.")
@click.pass_context
def train(
    ctx: click.Context,
    /,
    screen: Screen,
    recipe: str | None,
    resume: str | None,
    dry_run: bool,
    **choices: Any,
) -> None:
    """Train a network and keep the best epoch.

    Without options it learns the handwritten digits that come with cnnkit.

    The best epoch is chosen on a part of the training images; the test images are looked at once, at the end.
    """
    from cnnkit.cli.follow import follow
    from cnnkit.engine.fit import fit
    from cnnkit.engine.fit import resume as go_on

    shared = {"threads": _explicit(ctx, "threads"), "backend": _explicit(ctx, "backend")}
    if resume is not None:
        _refuse_beside_resume(recipe, dry_run)
        changes = {name: value for name, value in choices.items() if _was_given(ctx, name)}
        changes |= {name: value for name, value in shared.items() if value is not None}
        _refuse_unchangeable(changes)
        _judge(screen, follow(screen, go_on(Path(resume), changes)))
        return
    given = {name: value for name, value in (choices | shared).items() if value is not None}
    for name in _weaker_ends(ctx, recipe, given):
        del given[name]
    options = FitOptions.from_values(given).validate()
    if dry_run:
        from cnnkit.cli.dry_run import show
        from cnnkit.engine.forecast import look_ahead

        show(screen, look_ahead(options))
        return
    _judge(screen, follow(screen, fit(options)))


def _weaker_ends(ctx: click.Context, recipe: str | None, given: dict[str, Any]) -> list[str]:
    """Of --epochs, --steps and --time what a stronger one overrules: options, then CNNKIT_*, a file, a recipe."""
    from cnnkit.engine.recipes import find

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
        raise UsageError("--recipe is for a new run; a run goes on with the options it has. Leave --recipe out.")
    if dry_run:
        raise UsageError("--dry-run looks at a new run; the config of one that goes on lies in its folder.")


def _judge(screen: Screen, result: FitResult) -> None:
    """Exit code 4 where images should have been learned by heart and were not."""
    if result.learned is None:
        return
    from cnnkit.engine.overfit import verdict

    if not result.learned:
        raise CheckFailed(verdict(result))
    screen.note(f"\n{verdict(result)}")


def _was_given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) not in (None, ParameterSource.DEFAULT)


def _explicit(ctx: click.Context, name: str) -> Any:
    """A shared option's value where the user chose one."""
    return ctx.meta["cnnkit.shared"][name] if _was_given(ctx, name) else None


def _refuse_unchangeable(changes: dict[str, Any]) -> None:
    """A run goes on with what it began with."""
    fixed = [name for name in changes if name not in RESUMABLE]
    if fixed:
        may = ", ".join("--" + name.replace("_", "-") for name in RESUMABLE)
        raise UsageError(
            f"--{fixed[0].replace('_', '-')} cannot change when a run goes on; what may change: {may}. "
            "Start a new run, or leave it out."
        )
