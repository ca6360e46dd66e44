"""Which of our networks are these arrays for, and in what order do their axes stand?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit.errors import CheckpointError, CnnkitError
from cnnkit.kernels.shared.array import Host
from cnnkit.models.network import Network, sizes
from cnnkit.models.registry import names, spec
from cnnkit.models.stem import image_sizes
from cnnkit.models.weights.adopt import MisfitError, matched, named, to_state
from cnnkit.models.weights.layouts import Layout, orders, turned
from cnnkit.models.weights.renames import Named, is_counter, is_renamed


class AmbiguousError(CheckpointError):
    """The arrays fit in several orders of their axes, and no name tells which."""


@final
@dataclass(frozen=True)
class Reading:
    """How arrays are read.   by_shape: the names told another layout, but only this one fits."""

    network: Network
    layout: Layout
    by_shape: bool


def identify(arrays: Mapping[str, Host]) -> list[Reading]:
    """Every registered network that takes all of these arrays, by name and shape, and misses none."""
    count = sum(1 for name in arrays if not is_counter(name))
    return [reading for model in names() if (reading := _if_it_fits(arrays, count, model)) is not None]


def fit(
    arrays: Mapping[str, Host],
    model: str,
    image_size: tuple[int, int] | None = None,
    filters: str | None = None,
    part: frozenset[str] | None = None,
) -> Reading:
    """How a model is to be built for these arrays: its classes by their last layer, its channels by their first.

    image_size: by default the model's own, or a small one where only the stem for small images fits.
    filters: the order of their axes, "hwio", "oihw" or "ohwi"; by default the one that their names tell, or else the
    only one that their shapes fit.
    part: as in `to_state`.

    Raises:
        CheckpointError: they are not for it, or fit in several orders.
    """
    found = named(arrays, model)
    usual, other_dense = orders(found, filters)
    told = filters is not None or any(is_renamed(one.published, ours) for ours, one in found.items())
    refusals: list[CheckpointError] = []
    for size in [image_size] if image_size else image_sizes(spec(model).input[:2]):
        for layouts in (usual, other_dense):
            fitting: list[Reading] = []
            for layout in layouts:
                try:
                    network = _matching(arrays, model, size, layout, part)
                except CheckpointError as error:
                    refusals.append(error)
                    if isinstance(error, MisfitError):
                        continue
                    break  # a name is missing or too many, in whatever order the axes are
                fitting.append(Reading(network, layout, by_shape=layout != usual[0]))
                if told:
                    break
            if len(fitting) > 1:
                _refuse_if_they_differ(arrays, fitting, part)
            if fitting:
                return fitting[0]
    raise refusals[0]


def _matching(
    arrays: Mapping[str, Host], model: str, size: tuple[int, int], layout: Layout, part: frozenset[str] | None
) -> Network:
    """The network that takes these arrays in this layout."""
    shapes = {name: np.broadcast_to(np.float32(0), array.shape) for name, array in arrays.items()}
    network = _network(shapes, model, size, layout)
    matched(shapes, network, network.build(), layout, part)
    return network


def _refuse_if_they_differ(arrays: Mapping[str, Host], fitting: list[Reading], part: frozenset[str] | None) -> None:
    states = [to_state(arrays, one.network, one.network.build(), one.layout, part) for one in fitting]
    for state, reading in zip(states[1:], fitting[1:], strict=True):
        if any(not np.array_equal(array, states[0][name]) for name, array in state.items()):
            raise AmbiguousError(
                f"The arrays fit as {fitting[0].layout.filters} and as {reading.layout.filters}, and their names do "
                f"not tell which: give --layout {fitting[0].layout.filters} if PyTorch wrote them, --layout hwio if "
                "cnnkit or TensorFlow did."
            )


def _if_it_fits(arrays: Mapping[str, Host], count: int, model: str) -> Reading | None:
    H, W, C = spec(model).input
    least, most = sizes(Network(model, spec(model).classes, C, (H, W)))
    try:
        return fit(arrays, model) if least <= count <= most else None
    except CnnkitError:
        return None


def _network(arrays: Mapping[str, Host], model: str, size: tuple[int, int], layout: Layout) -> Network:
    known = Network(model, spec(model).classes, spec(model).input[2], size)
    found = named(arrays, model)
    classes = next(_classes(found, known, layout), known.classes)
    channels = next(
        (shape[-2] for shape in _shapes(found, known.first(), layout) if len(shape) == 4), known.in_channels
    )
    return Network(model, max(classes, 1), channels if channels in (1, 3) else known.in_channels, size)


def _classes(found: Mapping[str, Named], known: Network, layout: Layout) -> Iterator[int]:
    """The number of classes, as each parameter of the head tells it; a detector's has several numbers for a class."""
    for ours, (always, each) in sorted(known.per_class().items()):
        if ours in found and (shape := turned(ours, found[ours], layout=layout).shape):
            classes, left = divmod(shape[-1] - always, each) if each else (0, 0)
            if classes > 0 and not left:
                yield classes


def _shapes(found: Mapping[str, Named], ours: frozenset[str], layout: Layout) -> Iterator[tuple[int, ...]]:
    return (turned(name, found[name], layout=layout).shape for name in sorted(ours) if name in found)
