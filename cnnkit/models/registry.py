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

# Every kind of network, by the task that it is for; its files, each with the names that it registers, in the order in
# which they are listed: the simplest first. So names are known before a file is imported. A file may have none, where
# all that it registers are families.
_FILES = {
    "classification": {
        "lenet": "lenet5 lenet_caffe",
        "convnet": "convnet",
        "digitnet": "digitnet",
        "alexnet": "alexnet",
        "vgg": "vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn",
        "googlenet": "googlenet",
        "squeezenet": "squeezenet1_0 squeezenet1_1",
        "resnet9": "resnet9 resnet9_x0_5",
        "airnet": "airnet",
        "resnet_cifar": "resnet20 resnet32 resnet44 resnet56 resnet110",
        "resnet": "resnet18 resnet34 resnet50 resnet101 resnet152",
        "mobilenet_v1": "mobilenet_v1_x0_25 mobilenet_v1_x0_5 mobilenet_v1_x0_75 mobilenet_v1",
        "mobilenet_v2": "mobilenet_v2",
        "mobilenet_v3": "mobilenet_v3_small mobilenet_v3_large",
        "shufflenet_v1": "shufflenet_v1",
        "shufflenet_v2": "shufflenet_v2_x0_5 shufflenet_v2_x1_0 shufflenet_v2_x1_5 shufflenet_v2_x2_0",
    },
    # In the order fcn, fcn_resnet, deeplab_v1, deeplab_v2, deeplab_v3, deeplab_v3plus, unet, reseg.
    "segmentation": {
        "fcn": "fcn32s fcn16s fcn8s",
        "fcn_resnet": "fcn_resnet50",
        "deeplab_v1": "deeplab_v1",
        "deeplab_v2": "deeplab_v2",
        "deeplab_v3": "deeplab_v3_resnet50 deeplab_v3_mobilenet_v3_large deeplab_v3_mobilenet_v2",
        "deeplab_v3plus": "deeplab_v3plus_mobilenet_v2 deeplab_v3plus_resnet50",
        "unet": "unet",
        "reseg": "reseg",
    },
    "detection": {
        "yolo_v1": "yolo_v1",
        "yolo_v2": "yolo_v2",
        "yolo_v3": "yolo_v3 yolo_v3_tiny",
        "yolo_fastest": "",
        "yolo_nano": "yolo_nano",
        "darknet.given": "",
        "ssd.vgg": "ssd300_vgg16 ssd512_vgg16",
        "ssd.lite": "ssdlite320_mobilenet_v3_large",
        "ssd.nano": "ssd_nano",
        "rcnn.network": "rcnn rcnn_nano",
        "fast_rcnn": "fast_rcnn fast_rcnn_nano",
        "faster_rcnn": "faster_rcnn_vgg16 faster_rcnn_nano",
        "faster_rcnn_fpn": "faster_rcnn_resnet50_fpn faster_rcnn_mobilenet_v3_large_320_fpn",
    },
}
_KIND = "classification"


class Builder(Protocol):
    """What a model file writes: the network for this many classes and images of this size."""

    def __call__(
        self, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
    ) -> Module: ...


@dataclass(frozen=True)
class ModelSpec:
    """What is known of a model before it is built.

    input: the image it is meant for, (H, W, C).   classes: of the data set that its paper trains it on.
    kind: the task that it is for.
    """

    name: str
    input: tuple[int, int, int]
    paper: str
    summary: str
    build: Builder
    classes: int = 10
    kind: str = _KIND

    @property
    def file(self) -> str:
        """The module in which the builder is written."""
        return str(getattr(self.build, "func", self.build).__module__)


_specs: dict[str, ModelSpec] = {}
_families: dict[str, Callable[[str, re.Match[str]], ModelSpec]] = {}


def register(
    name: str, *, input: tuple[int, int, int], paper: str, summary: str, classes: int = 10, kind: str = _KIND
) -> Callable[[Builder], Builder]:
    """Make a builder known under a name, among the networks of its kind."""

    def keep(build: Builder) -> Builder:
        told = ModelSpec(name, input, paper, summary, build, classes, kind)
        if name in _specs or _files().get(name, told.file) != told.file:
            raise UsageError(f"There are two models named {name!r}. Rename one of them.")
        _specs[name] = told
        return build

    return keep


def family(pattern: str) -> Callable[[Callable[[str, re.Match[str]], ModelSpec]], Callable[..., ModelSpec]]:
    """Make models known whose names hold a number: names that match are told by the function, but not listed."""

    def keep(tell: Callable[[str, re.Match[str]], ModelSpec]) -> Callable[..., ModelSpec]:
        _families[pattern] = tell
        return tell

    return keep


def kinds() -> list[str]:
    """Every kind of network, by the name of the task that it is for."""
    return list(dict.fromkeys([*_FILES, *(spec.kind for spec in _specs.values())]))


def names(kind: str | None = None) -> list[str]:
    """Every model, or every one of a kind, the simplest first; those registered elsewhere last. Nothing is built."""
    listed = [name for one, files in _FILES.items() if kind in (None, one) for name in " ".join(files.values()).split()]
    return list(dict.fromkeys([*listed, *(name for name, spec in _specs.items() if kind in (None, spec.kind))]))


def spec(name: str, kind: str | None = None, *, listed: str | None = None) -> ModelSpec:
    """What is known of the model of this name.

    listed: the kind whose names are told where there is none of this name; by default `kind`.

    Raises:
        UsageError: there is none, or it is not of this kind.
    """
    found = _find(name, listed or kind)
    if kind not in (None, found.kind):
        raise UsageError(
            f"{name} is a network for {found.kind}, but this is {kind}. "
            f"Its networks are listed by: cnnkit models --task {kind}"
        )
    return found


def _find(name: str, kind: str | None) -> ModelSpec:
    if name not in _specs and (file := _files().get(name)):
        import_module(file)
    if name in _specs:
        return _specs[name]
    for one, files in _FILES.items():
        for file in files:
            import_module(f"cnnkit.models.{one}.{file}")
    for pattern, tell in _families.items():
        if match := re.fullmatch(pattern, name):
            return tell(name, match)
    raise unknown_name("model", name, names(kind))


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


def _files() -> dict[str, str]:
    """The module that registers each name."""
    return {
        name: f"cnnkit.models.{kind}.{file}"
        for kind, files in _FILES.items()
        for file, names in files.items()
        for name in names.split()
    }
