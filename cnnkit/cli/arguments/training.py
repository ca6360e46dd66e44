"""The options of a training as the command line has them: each is written once, for whichever command takes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import reduce
from typing import Any, TypeVar

import click

from cnnkit.cli.arguments.common import option
from cnnkit.cli.arguments.completion import data_names, model_names, run_names
from cnnkit.cli.arguments.values import Duration, MaskValues, Name, Real, Size, Task, Whole
from cnnkit.engine.records.options import (
    AUGMENT,
    CHANGES,
    CLASS_WEIGHTS,
    FITS,
    FREEZE,
    INTERNAL,
    KEEP,
    LOSSES,
    ON_UNREADABLE,
    OPTIMISERS,
    PADDINGS,
    SCHEDULES,
    THINGS,
    FitOptions,
)

BY_DATA = "default: automatic"
# The headings of the help, and what stands below each.
_SECTIONS = {
    "Data": ("data", "task", "image_size", "fit", "grey", "ignore", "val_fraction", "on_unreadable", "cache"),
    "Network": ("model", "padding", "weights", "freeze", "views"),
    "Length": ("epochs", "steps", "time", "patience", "keep", "overfit"),
    "Augmentation": ("augment", *CHANGES, "mixup", "cutmix", *THINGS, "multi_scale"),
    "Run": ("seed", "output", "exist_ok", "tensorboard"),
}
_SECTION_OF = {name: section for section, names in _SECTIONS.items() for name in names}

F = TypeVar("F", bound=Callable[..., Any])
Choice = tuple[str, Callable[[Any], Any]]


def choices(*names: str) -> Callable[[F], F]:
    """The options for these fields of FitOptions, in this order; without names, for all that the command line has."""
    chosen = [_CHOICES[name] for name in names or _CHOICES]

    def add(command: F) -> F:
        return reduce(lambda decorated, decorate: decorate(decorated), reversed(chosen), command)

    return add


def _choice(name: str, *short: str, default_note: str = "", **rest: Any) -> Choice:
    """The option for one field of FitOptions, with its help and its default."""
    field = _FIELDS[name]
    long = "--" + name.replace("_", "-")
    if field.type in ("bool", "bool | None"):
        long = f"{long}/--no-{name.replace('_', '-')}"
    text = field.metadata["help"] + (f"  [{default_note}]" if default_note else "")
    section = _SECTION_OF.get(name, "Optimisation")
    return name, option(
        *short, long, default=field.default, help=text, section=section, hidden=name in INTERNAL, **rest
    )


_FIELDS = {field.name: field for field in fields(FitOptions)}
# Other spellings of CHANGES.
_CHANGES = {**dict.fromkeys(CHANGES, ""), "colour": "--color --color-jitter", "erase": "--random-erasing"}
_ROWS = (
    _choice("data", "-d", also="--dataset", shell_complete=data_names),
    _choice("task", default_note=BY_DATA, type=Task()),
    _choice("model", "-m", also="--arch --network", default_note=BY_DATA, shell_complete=model_names),
    _choice("cfg"),
    _choice("padding", default_note="default: as in --weights", type=Name(PADDINGS, example="--padding same")),
    _choice("weights", "-w", type=click.Path(), shell_complete=run_names),
    _choice("freeze", default_note=BY_DATA, type=Name(FREEZE, example="--freeze trunk")),
    _choice("views", default_note=BY_DATA, type=Whole(0, 1000, example="--views 8")),
    _choice("epochs", "-e", also="--nb-epochs", default_note=BY_DATA, type=Whole(1, 1_000_000, example="--epochs 5")),
    _choice("steps", type=Whole(1, 1_000_000_000, example="--steps 1000")),
    _choice("time", type=Duration("--time 30m")),
    _choice("patience", type=Whole(0, 1_000_000, example="--patience 5")),
    _choice("keep", default_note=BY_DATA, type=Name(KEEP, example="--keep last")),
    _choice("overfit", type=Whole(1, 1_000_000, example="--overfit 8")),
    _choice(
        "batch_size",
        "-b",
        also="--batch --batchsize",
        default_note=BY_DATA,
        type=Whole(1, 1_000_000, example="--batch-size 128"),
    ),
    _choice(
        "lr", also="--lr0 --learning-rate", default_note=BY_DATA, type=Real(above=0, most=1e6, example="--lr 0.05")
    ),
    _choice(
        "head_lr",
        default_note="default: --lr, or automatic",
        type=Real(above=0, most=1e6, example="--head-lr 0.05"),
    ),
    _choice("shift_rate", type=Real(least=0, most=1000, example="--shift-rate 64")),
    _choice(
        "optimiser", also="--optimizer --opt", default_note=BY_DATA, type=Name(OPTIMISERS, example="--optimiser sgd")
    ),
    _choice("momentum", type=Real(least=0, below=1, example="--momentum 0.9")),
    _choice("nesterov"),
    _choice(
        "weight_decay", also="--wd", default_note=BY_DATA, type=Real(least=0, most=1e3, example="--weight-decay 0.0005")
    ),
    _choice("schedule", also="--sched", default_note=BY_DATA, type=Name(SCHEDULES, example="--schedule cosine")),
    _choice("warmup", default_note=BY_DATA, type=Real(least=0, most=1, example="--warmup 0.1")),
    _choice("schedule_from", type=Whole(0, 1_000_000, example="--schedule-from 0")),
    _choice("schedule_epochs", type=Whole(1, 1_000_000, example="--schedule-epochs 5")),
    _choice("schedule_until", type=Whole(1, 1_000_000_000_000, example="--schedule-until 1000")),
    _choice("schedule_again"),
    _choice("label_smoothing", also="--smoothing", type=Real(least=0, below=1, example="--label-smoothing 0.1")),
    _choice("loss", type=Name(LOSSES, example="--loss cross-entropy+dice")),
    _choice("class_weights", type=Name(CLASS_WEIGHTS, example="--class-weights balanced")),
    _choice("border_weight", type=Real(least=0, most=1000, example="--border-weight 10")),
    _choice("ema", type=Real(least=0, below=1, example="--ema 0.99")),
    _choice("lookahead", type=Whole(0, 1_000_000, example="--lookahead 5")),
    _choice("clip", also="--clip-grad", type=Real(least=0, most=1e9, example="--clip 1")),
    _choice("augment", default_note=BY_DATA, type=Name(AUGMENT, example="--augment light")),
    *(_choice(name, also=also, default_note="default: by --augment") for name, also in _CHANGES.items()),
    _choice("mixup", type=Real(least=0, most=100, example="--mixup 0.2")),
    *(_choice(name) for name in THINGS),
    _choice("multi_scale"),
    _choice("cutmix", type=Real(least=0, most=100, example="--cutmix 1")),
    _choice(
        "image_size",
        also="--imgsz --img-size --input-size",
        default_note="default: as in the data",
        type=Size("--image-size 32"),
    ),
    _choice("grey", also="--gray", default_note="default: as in the data"),
    _choice("fit", default_note=BY_DATA, type=Name(FITS, example="--fit letterbox")),
    _choice("ignore", default_note=BY_DATA, type=MaskValues("--ignore 255")),
    _choice("val_fraction", type=Real(above=0, most=0.9, example="--val-fraction 0.1")),
    # CNNKIT_CACHE is the folder of compiled kernels.
    _choice("cache", envvar="CNNKIT_PICTURE_CACHE", type=Real(least=0, most=0.9, example="--cache 0.25")),
    _choice("on_unreadable", type=Name(ON_UNREADABLE, example="--on-unreadable skip")),
    _choice("seed", type=Whole(0, 2**63 - 1, example="--seed 1")),
    _choice("output", "-o", also="--project", type=click.Path()),
    _choice("exist_ok"),
    _choice("tensorboard"),
)
_CHOICES = dict(_ROWS)
