"""A network from the text of a `.cfg` file, known to the registry by a name that its content makes: net-1f3a2b4c.cfg.

So two files of one name are two networks, and a record that holds the text says all that is to be built. A path is a
name too: `models.spec("net.cfg")` reads the file.
"""

import hashlib
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from cnnkit.errors import DataError, UsageError
from cnnkit.models.detection.darknet.build import for_classes
from cnnkit.models.detection.darknet.cfg import parsed, read_text
from cnnkit.models.detection.darknet.network import Darknet
from cnnkit.models.detection.darknet.plan import planned
from cnnkit.models.detection.darknet.sections import Head, Net, Section
from cnnkit.models.registry import ModelSpec, family
from cnnkit.nn import Module

ENDING = ".cfg"
_texts: dict[str, str] = {}
_specs: dict[str, ModelSpec] = {}


def is_cfg(name: str) -> bool:
    """Whether a name is one of these, or the path of a file."""
    return name.endswith(ENDING)


def give(text: str, name: str) -> str:
    """Make the network of this text known; the name by which `models.create` finds it, as long as the process lives.

    name: of its file.

    Raises:
        DataError: it is no such text, its layers do not fit each other, or they would take too much memory; with the
            line.
    """
    file = Path(name).name
    stem = re.sub(r"-[0-9a-f]{8}$", "", file.removesuffix(ENDING))
    known = f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:8]}{ENDING}"
    if known not in _specs:
        net, layers = parsed(text, file)
        try:
            planned(net, layers)
        except ValueError as error:
            raise DataError(f"{file} is no network that cnnkit can build: {error}.") from error
        _texts[known], _specs[known] = text, _spec(known, net, layers)
    return known


def text_of(name: str) -> str | None:
    """The text of a network that was given; None for all others."""
    return _texts.get(name)


@family(r".+\.cfg")
def of_file(name: str, match: re.Match[str]) -> ModelSpec:
    """One that was given, or that of the file at this path."""
    return _specs.get(name) or _specs[give(read_text(Path(name).expanduser()), name)]


def _spec(name: str, net: Net, layers: Sequence[Section]) -> ModelSpec:
    classes = next(layer.classes for layer in layers if isinstance(layer, Head))
    size = (net.height, net.width, net.channels)
    summary = f"{len(layers)} layers of a .cfg file of darknet."
    return ModelSpec(name, size, "a .cfg file", summary, partial(_build, name, layers), classes, "detection")


def _build(
    name: str,
    layers: Sequence[Section],
    *,
    classes: int,
    in_channels: int,
    image_size: tuple[int, int],
    rng: np.random.Generator,
) -> Module:
    height, width = image_size
    try:
        return Darknet(Net(width=width, height=height, channels=in_channels), for_classes(layers, classes), rng=rng)
    except ValueError as error:
        raise UsageError(
            f"{name} cannot be built for {classes:,} classes and images of {height}x{width} with {in_channels} "
            f"channels: {error}. Leave --image-size out, or change the file."
        ) from error
