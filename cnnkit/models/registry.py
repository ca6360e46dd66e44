"""Models by name. A model file registers its builder; `create` builds it for given classes, channels and image size."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np

from cnnkit.errors import ShapeError, UsageError, unknown_name
from cnnkit.models.geometry import pad
from cnnkit.nn import Module
from cnnkit.nn.init import without_values

# Every model file, in the order in which models are listed: the simplest first.
_FILES = (
    "classification.lenet",
    "classification.convnet",
    "classification.digitnet",
    "classification.alexnet",
    "classification.vgg",
    "classification.googlenet",
    "classification.squeezenet",
    "classification.resnet9",
    "classification.resnet_cifar",
    "classification.resnet",
    "classification.mobilenet_v1",
    "classification.mobilenet_v2",
    "classification.mobilenet_v3",
    "classification.shufflenet_v1",
    "classification.shufflenet_v2",
)


class Builder(Protocol):
    """What a model file writes: the network for this many classes and images of this size."""

    def __call__(
        self, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
    ) -> Module: ...


@dataclass(frozen=True)
class ModelSpec:
    """What is known of a model before it is built.

    input: the image it is meant for, (H, W, C).   classes: of the data set that its paper trains it on.
    """

    name: str
    input: tuple[int, int, int]
    paper: str
    summary: str
    build: Builder
    classes: int = 10

    @property
    def file(self) -> str:
        """The module in which the builder is written."""
        return str(getattr(self.build, "func", self.build).__module__)


_specs: dict[str, ModelSpec] = {}
_families: dict[str, Callable[[str, re.Match[str]], ModelSpec]] = {}


def register(
    name: str, *, input: tuple[int, int, int], paper: str, summary: str, classes: int = 10
) -> Callable[[Builder], Builder]:
    """Make a builder known under a name."""

    def keep(build: Builder) -> Builder:
        if name in _specs:
            raise UsageError(f"There are two models named {name!r}. Rename one of them.")
        _specs[name] = ModelSpec(name, input, paper, summary, build, classes)
        return build

    return keep


def family(pattern: str) -> Callable[[Callable[[str, re.Match[str]], ModelSpec]], Callable[..., ModelSpec]]:
    """Make models known whose names hold a number: names that match are told by the function, but not listed."""

    def keep(tell: Callable[[str, re.Match[str]], ModelSpec]) -> Callable[..., ModelSpec]:
        _families[pattern] = tell
        return tell

    return keep


def names() -> list[str]:
    """Every model, the simplest first, in whatever order their files were imported."""
    specs = _loaded()
    order = [_module(file) for file in _FILES]
    return sorted(specs, key=lambda name: order.index(specs[name].file) if specs[name].file in order else len(order))


def spec(name: str) -> ModelSpec:
    """What is known of the model of this name."""
    if name in _loaded():
        return _specs[name]
    for pattern, tell in _families.items():
        if match := re.fullmatch(pattern, name):
            return tell(name, match)
    raise unknown_name("model", name, names())


def create(
    name: str,
    *,
    classes: int = 10,
    in_channels: int = 1,
    image_size: tuple[int, int] = (28, 28),
    padding: str = "default",
    rng: np.random.Generator | None = None,
) -> Module:
    """Build the model of this name, with first weights drawn from rng (always the same ones if None).

    padding: where its zeros go, see `geometry`.

    Raises:
        UsageError: the images are too small for the network; it names the layer and the smallest size.
    """
    build = spec(name).build
    if classes < 1 or in_channels < 1 or min(image_size) < 1:
        raise UsageError(
            f"{name} expects at least one class, one channel and one pixel, but received classes={classes}, "
            f"in_channels={in_channels}, image_size={image_size}."
        )
    try:
        module = _build(build, classes, in_channels, image_size, rng)
    except ShapeError as error:
        least = _smallest_square(build, classes, in_channels)
        raise UsageError(
            f"Images of {image_size[0]}x{image_size[1]} pixels are too small for {name}, which needs {least}x{least}. "
            f"{error} Use larger images (--image-size {least}) or another model."
        ) from None
    return pad(module, padding, (1, *image_size, in_channels))


def _build(
    build: Builder, classes: int, in_channels: int, size: tuple[int, int], rng: np.random.Generator | None
) -> Module:
    rng = np.random.default_rng(0) if rng is None else rng
    return build(classes=classes, in_channels=in_channels, image_size=size, rng=rng)


def _smallest_square(build: Builder, classes: int, in_channels: int, most: int = 1024) -> int:
    """The side of the smallest square image that the network can take."""
    for side in range(1, most):
        try:
            with without_values():
                _build(build, classes, in_channels, (side, side), None)
        except ShapeError:
            continue
        return side
    return most


def _loaded() -> dict[str, ModelSpec]:
    for file in _FILES:
        import_module(_module(file))
    return _specs


def _module(file: str) -> str:
    return f"cnnkit.models.{file}"
