"""Network: a model with all that its builder wants to know, and what of its parameters hangs on that."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import final

from cnnkit.models.registry import create
from cnnkit.nn import Module
from cnnkit.nn.init import without_values

Shape = tuple[int, ...]


@final
@dataclass(frozen=True)
class Network:
    """A model by name, for so many classes, channels and images of this size; padding: see `geometry`."""

    model: str
    classes: int
    in_channels: int
    image_size: tuple[int, int]
    padding: str = "default"

    @property
    def input_shape(self) -> tuple[int, int, int, int]:
        """(1, H, W, C): a batch of one image."""
        return (1, *self.image_size, self.in_channels)

    def build(self) -> Module:
        """The module, its first weights to come."""
        with without_values():
            return create(
                self.model,
                classes=self.classes,
                in_channels=self.in_channels,
                image_size=self.image_size,
                padding=self.padding,
            )

    def head(self) -> frozenset[str]:
        """The parameters whose shapes follow from the number of classes: the last layer, and auxiliary ones."""
        return _differing(self, replace(self, classes=self.classes + 1))

    def per_class(self) -> Mapping[str, tuple[int, int]]:
        """(a, b) for each parameter of the head: its last axis has a + b · classes numbers."""
        return _outputs(self)

    def first(self) -> frozenset[str]:
        """The parameters whose shapes follow from the input's channels."""
        return _differing(self, replace(self, in_channels=4 - self.in_channels))


@lru_cache(maxsize=1024)
def sizes(network: Network) -> tuple[int, int]:
    """How many arrays a state has: at least, without what is for training alone, and at most."""
    module = network.build()
    return len(module.needed_in_use()), len(module.state_dict())


@lru_cache(maxsize=1024)
def _differing(one: Network, other: Network) -> frozenset[str]:
    shapes = _shapes(other.build())
    return frozenset(name for name, shape in _shapes(one.build()).items() if shape != shapes.get(name))


@lru_cache(maxsize=1024)
def _outputs(network: Network) -> Mapping[str, tuple[int, int]]:
    here, there = (_shapes(replace(network, classes=count).build()) for count in (1, 2))
    counts = {name: (shape[-1], there[name][-1]) for name, shape in here.items() if shape != there[name]}
    return {name: (2 * one - two, two - one) for name, (one, two) in counts.items()}


def _shapes(module: Module) -> Mapping[str, Shape]:
    return {name: array.shape for name, array in module.state_dict().items()}
