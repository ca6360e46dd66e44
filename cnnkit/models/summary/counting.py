"""What a network consists of: a row for every layer, with its result, parameters and work."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import index

from cnnkit.errors import CnnkitError, UsageError
from cnnkit.models.registry import create, spec
from cnnkit.nn import Flatten, Module
from cnnkit.nn.init import without_values
from cnnkit.nn.module import computes_as
from cnnkit.nn.outputs import Nest, is_shape, leaves, mapped


@dataclass(frozen=True)
class LayerRow:
    """One call of a layer: the shape of its result for one image, and the multiply-adds that this costs.

    output: of a layer with several results, the shapes in a tuple or a dict as it gives them. One that looks at regions
    of an image has so many results: (300, 7, 7, 64).
    parameters: 0 where the layer was called before, for maps of other sizes.
    """

    name: str
    kind: str
    output: Nest
    parameters: int
    multiply_adds: int

    @property
    def outputs(self) -> list[tuple[int, ...]]:
        """The shapes of its results, one after the other."""
        return list(leaves(self.output, is_shape))

    @property
    def floats(self) -> int:
        """Numbers that its results have for one image."""
        return sum(map(math.prod, self.outputs))


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
    shape: tuple[int, ...] | None = None,
    *,
    classes: int | None = None,
    in_channels: int | None = None,
    image_size: tuple[int, int] | None = None,
    padding: str = "default",
) -> ModelSummary:
    """Summarise a model by name, at the image and classes it is meant for unless told else, or one's own module.

    shape: of the input, (H, W, C) or (N, H, W, C); N is of no account. Or tell `image_size` and `in_channels` by
    themselves; one's own module reads 28x28x1 where nothing is told.
    padding: of a model by name, where its zeros go, see `geometry`.

    Nothing is computed: shapes follow from shapes. What takes part in training alone is not counted.
    """
    if shape is not None:
        if in_channels is not None or image_size is not None:
            raise UsageError("summary expects either shape or image_size and in_channels, but received both.")
        image_size, in_channels = _size_and_channels(shape)
    if padding != "default" and not isinstance(model, str):
        raise UsageError(f"padding is {padding}, but a network of one's own pads as its layers say.")
    if isinstance(model, str):
        H, W, C = spec(model).input
        H, W = image_size or (H, W)
        C = in_channels or C
        with without_values():
            classes = classes or spec(model).classes
            module = create(model, classes=classes, in_channels=C, image_size=(H, W), padding=padding)
        name, paper = model, spec(model).paper
    else:
        H, W = image_size or (28, 28)
        C = in_channels or 1
        module, name, paper = model, type(model).__name__, ""
    calls = _layers(module, (1, H, W, C))
    layers = tuple(_rows(calls))
    kept = sum(row.floats for row, call in zip(layers, calls, strict=True) if not computes_as(call[1], Flatten))
    return ModelSummary(
        name=name,
        parameters=_parameters(module),
        multiply_adds=sum(row.multiply_adds for row in layers),
        input=(H, W, C),
        paper=paper,
        layers=layers,
        activation_floats=H * W * C + kept,
    )


def _size_and_channels(shape: tuple[int, ...]) -> tuple[tuple[int, int], int]:
    try:
        sizes = [index(size) for size in shape]
    except TypeError:
        sizes = []
    if len(sizes) not in (3, 4) or min(sizes) < 1:
        raise UsageError(f"summary expects shape (H, W, C) or (N, H, W, C), numbers of at least 1, not {shape}.")
    H, W, C = sizes[-3:]
    return (H, W), C


_Layer = tuple[str, Module, Nest, Nest]


def _layers(module: Module, x_shape: tuple[int, ...]) -> list[_Layer]:
    """(name, layer, input shape, output shape) of every layer that `module` consists of."""
    names = {id(layer): name for name, layer in module.named_modules()}
    try:
        calls = module.watched(x_shape)
    except CnnkitError:
        module.output_shape(x_shape)  # an image that is too small is told with the layer's name
        raise
    return [(names[id(layer)], layer, before, after) for layer, before, after in calls]


def _parameters(module: Module) -> int:
    needed = module.needed_in_use()
    return sum(parameter.size for name, parameter in module.named_parameters() if name in needed)


def _rows(calls: Iterable[_Layer]) -> Iterator[LayerRow]:
    met: set[int] = set()
    for name, layer, before, after in calls:
        parameters = 0 if id(layer) in met else sum(parameter.size for parameter in layer.parameters())
        met.add(id(layer))
        output = mapped(after, lambda shape: shape[1:] if shape[0] == 1 else shape, is_shape)
        yield LayerRow(name, type(layer).__name__, output, parameters, layer.multiply_adds(before))
