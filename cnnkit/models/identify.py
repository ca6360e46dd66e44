"""Which of our networks are these arrays for?"""

from collections.abc import Iterator, Mapping

import numpy as np

from cnnkit.errors import CheckpointError, CnnkitError
from cnnkit.kernels.shared.array import Array
from cnnkit.models.adopt import matched, named
from cnnkit.models.layouts import turned
from cnnkit.models.network import Network, sizes
from cnnkit.models.registry import names, spec
from cnnkit.models.renames import Named, is_counter
from cnnkit.models.stem import image_sizes


def identify(arrays: Mapping[str, Array]) -> list[Network]:
    """Every registered network that takes all of these arrays, by name and shape, and misses none."""
    count = sum(1 for name in arrays if not is_counter(name))
    return [network for model in names() if (network := _if_it_fits(arrays, count, model)) is not None]


def fit(arrays: Mapping[str, Array], model: str, image_size: tuple[int, int] | None = None) -> Network:
    """How a model is to be built for these arrays: its classes by their last layer, its channels by their first.

    image_size: by default the model's own, or a small one where only the stem for small images fits.

    Raises:
        CheckpointError: they are not for it.
    """
    shapes = {name: np.broadcast_to(np.float32(0), array.shape) for name, array in arrays.items()}
    refusals = []
    for size in [image_size] if image_size else image_sizes(spec(model).input[:2]):
        network = _network(shapes, model, size)
        try:
            matched(shapes, network, network.build())
            return network
        except CheckpointError as error:
            refusals.append(error)
    raise refusals[0]


def _if_it_fits(arrays: Mapping[str, Array], count: int, model: str) -> Network | None:
    H, W, C = spec(model).input
    least, most = sizes(Network(model, spec(model).classes, C, (H, W)))
    try:
        return fit(arrays, model) if least <= count <= most else None
    except CnnkitError:
        return None


def _network(arrays: Mapping[str, Array], model: str, size: tuple[int, int]) -> Network:
    known = Network(model, spec(model).classes, spec(model).input[2], size)
    found = named(arrays, model)
    classes = next((shape[-1] for shape in _shapes(found, known.head()) if shape), known.classes)
    channels = next((shape[-2] for shape in _shapes(found, known.first()) if len(shape) == 4), known.in_channels)
    return Network(model, max(classes, 1), channels if channels in (1, 3) else known.in_channels, size)


def _shapes(found: Mapping[str, Named], ours: frozenset[str]) -> Iterator[tuple[int, ...]]:
    return (turned(name, found[name]).shape for name in sorted(ours) if name in found)
