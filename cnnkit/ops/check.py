"""What several ops ask of their operands."""

from typing import Any

from cnnkit.autograd import Tensor
from cnnkit.errors import ShapeError, UsageError
from cnnkit.kernels.shared.array import is_array
from cnnkit.kernels.shared.scalar import ACTIVATIONS, Activation


def tensor(x: Any, op: str) -> Tensor:
    """x as a Tensor; plain arrays are taken as they are."""
    if isinstance(x, Tensor):
        return x
    if is_array(x):
        return Tensor(x)
    raise UsageError(f"{op} expects a Tensor or a numpy array, but received {type(x).__name__}. Wrap it: Tensor(x).")


def images(x_shape: tuple[int, ...], op: str) -> None:
    """Refuse all but (N, H, W, C)."""
    if len(x_shape) != 4:
        hint = " Add the axis of the batch: x[None]." if len(x_shape) == 3 else ""
        raise ShapeError(f"{op} expects images (N, H, W, C), but x has shape {x_shape}.{hint}")


def pixels(x_shape: tuple[int, ...], op: str) -> None:
    """Refuse all but (N, H, W, C) with a pixel at least: of none there is neither a mean nor a greatest."""
    images(x_shape, op)
    if 0 in x_shape[1:3]:
        raise ShapeError(
            f"{op} expects images of at least one pixel, but x has shape {x_shape}. "
            "Did the layers before leave nothing of a small image?"
        )


def activation_of(activation: str | Activation, op: str) -> Activation:
    """The activation of this name."""
    if isinstance(activation, Activation):
        return activation
    found = ACTIVATIONS.get(activation)
    if found is None:
        raise UsageError(
            f"{op} expects activation to be one of {', '.join(ACTIVATIONS)}, but received {activation!r}. "
            "Another function can follow as an op of its own."
        )
    return found
