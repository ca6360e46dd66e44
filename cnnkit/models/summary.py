"""What a network consists of: a row for every layer, with its result, parameters and work."""

import math
from dataclasses import dataclass

from cnnkit.models.registry import create, spec
from cnnkit.nn import Flatten, Module
from cnnkit.nn.init import without_values


@dataclass(frozen=True)
class LayerRow:
    """One layer: the shape of its result for one image, and the multiply-adds that this costs."""

    name: str
    kind: str
    output: tuple[int, ...]
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class ModelSummary:
    """A network for one size of image; `activation_floats` are the numbers that one image leaves in a forward pass."""

    name: str
    parameters: int
    multiply_adds: int
    input: tuple[int, int, int]
    paper: str
    layers: tuple[LayerRow, ...]
    activation_floats: int


def summary(
    model: str | Module,
    *,
    classes: int | None = None,
    in_channels: int | None = None,
    image_size: tuple[int, int] | None = None,
) -> ModelSummary:
    """Summarise a model by name, at the image and classes it is meant for unless told else, or one's own module.

    Nothing is computed: shapes follow from shapes. What takes part in training alone is not counted.
    """
    if isinstance(model, str):
        H, W, C = spec(model).input
        H, W = image_size or (H, W)
        C = in_channels or C
        with without_values():
            module = create(model, classes=classes or spec(model).classes, in_channels=C, image_size=(H, W))
        name, paper = model, spec(model).paper
    else:
        H, W = image_size or (28, 28)
        C = in_channels or 1
        module, name, paper = model, type(model).__name__, ""
    layers = tuple(_row(name, layer, before, after) for name, layer, before, after in _layers(module, (1, H, W, C)))
    kept = sum(math.prod(row.output) for row in layers if row.kind != Flatten.__name__)
    return ModelSummary(
        name=name,
        parameters=_parameters(module),
        multiply_adds=sum(row.multiply_adds for row in layers),
        input=(H, W, C),
        paper=paper,
        layers=layers,
        activation_floats=H * W * C + kept,
    )


_Layer = tuple[str, Module, tuple[int, ...], tuple[int, ...]]


def _layers(module: Module, x_shape: tuple[int, ...]) -> list[_Layer]:
    """(name, layer, input shape, output shape) of every layer that `module` consists of."""
    module.output_shape(x_shape)  # an image that is too small is told with the layer's name
    names = {id(layer): name for name, layer in module.named_modules()}
    return [(names[id(layer)], layer, before, after) for layer, before, after in module.watched(x_shape)]


def _parameters(module: Module) -> int:
    needed = module.needed_in_use()
    return sum(parameter.size for name, parameter in module.named_parameters() if name in needed)


def _row(name: str, layer: Module, before: tuple[int, ...], after: tuple[int, ...]) -> LayerRow:
    parameters = sum(parameter.size for parameter in layer.parameters())
    return LayerRow(name, type(layer).__name__, after[1:], parameters, layer.multiply_adds(before))
