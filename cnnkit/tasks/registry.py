"""Every task by name. A module of one's own adds a row with `register`, and all commands know the task.

@register
class InkTask(Task[Ink]):
    name = "ink"
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from cnnkit.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from cnnkit.data.sets.base import Dataset
    from cnnkit.tasks.task import Task

    Kind = TypeVar("Kind", bound=type[Task[Any]])

# What data and records are for that say nothing of a task.
DEFAULT = "classification"
# The module of each task; it registers what it defines. The command line lists the names without importing them.
_ROWS = {name: f"cnnkit.tasks.{name}" for name in ("classification", "segmentation", "detection")}
_kinds: "dict[str, type[Task[Any]]]" = {}
# Options that change a loss or mix images: what they mean hangs on the task. The values say nothing.
_OPTIONS: dict[str, Any] = {
    "label_smoothing": 0.0,
    "loss": None,
    "class_weights": "none",
    "border_weight": 0.0,
    "mixup": 0.0,
    "cutmix": 0.0,
}


def register(kind: "Kind") -> "Kind":
    """Make a task known under its name."""
    if _kinds.setdefault(kind.name, kind) is not kind:
        raise UsageError(f"There are two tasks named {kind.name!r}. Rename one of them.")
    return kind


def names() -> list[str]:
    """Every task, those of the package first."""
    return [*_ROWS, *(name for name in _kinds if name not in _ROWS)]


def find(name: str | None) -> "type[Task[Any]]":
    """The task of this name; None is DEFAULT."""
    name = DEFAULT if name is None else name
    if name in _ROWS:
        import_module(_ROWS[name])
    if name not in _kinds:
        raise unknown_name("task", name, names())
    return _kinds[name]


def other_data(name: str) -> str:
    """What is to be done where data are for another task than this one; more may follow in the sentence."""
    to_try = find(name).to_try if name in names() else None
    return f"Give data for {name} with --data{'' if to_try is None else f', such as --data {to_try}'}"


def create(
    name: str | None,
    classes: list[str],
    *,
    options: Mapping[str, Any] | None = None,
    train: "Dataset | None" = None,
    loss: Any = None,
    settings: Mapping[str, Any] | None = None,
) -> "Task[Any]":
    """The one place where tasks are built: for a training, or (without options) for a network in use.

    settings: what a record kept of the task.

    Raises:
        UsageError: an option says something that this task does not take, or the data are for another one.
    """
    kind, options = find(name), options or {}
    if train is not None and not kind.learns_from(train):
        raise UsageError(
            f"{train.name} is for {train.task}: its pictures have no targets for the task {kind.name}. "
            f"{other_data(kind.name)}, or leave --task out."
        )
    for option, nothing in _OPTIONS.items():
        if option not in kind.takes and options.get(option, nothing) != nothing:
            raise UsageError(f"--{option.replace('_', '-')} is not for the task {kind.name}. Leave it out.")
    if loss is not None and "own_loss" not in kind.takes:
        raise UsageError(f"The task {kind.name} has its own loss. Leave loss out.")
    return kind.create(classes, {**options, **(settings or {})}, train, loss)
