"""Options of commands that look at data as they are: how pictures are read."""

from __future__ import annotations

from collections.abc import Callable

from cnnkit.cli.arguments.common import option
from cnnkit.cli.arguments.training import choices
from cnnkit.cli.arguments.values import MaskValues, Size


def size_and_colour(example: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`--image-size` and `--grey`.   example: of a size, for messages."""
    kind = Size(f"--image-size {example}")
    size = option("--image-size", also="--imgsz --img-size", type=kind, help="Size that pictures are scaled to.")
    grey = option("--grey/--no-grey", also="--gray", default=None, help="Read pictures without colour.")

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        decorated: Callable[..., None] = size(grey(function))
        return decorated

    return decorate


def reading(example: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The same with `--ignore` and `--task`."""

    ignore = option(
        "--ignore",
        type=MaskValues("--ignore 255"),
        help="Values of masks that are void; none: no value is.  [default: by the data]",
    )

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        decorated: Callable[..., None] = choices("task")(function)
        return size_and_colour(example)(ignore(decorated))

    return decorate
