"""A published classifier as a feature extractor: the maps on its way, without the head that it classifies with.

features = trunk("vgg16", taps=("pool3", "pool4", "pool5"), weights="vgg16.pth")
features(x)      {"pool3": (N, H/8, W/8, 256), "pool4": (N, H/16, W/16, 512), "pool5": (N, H/32, W/32, 512)}

With output_stride=8 no map is smaller than an eighth of the image: filters spread in place of strides (`dilation.py`).
Layers keep their names, so weights of the classifier are weights of its trunk, dilated or not.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import final

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Tensor
from cnnkit.errors import CheckpointError, ShapeError, UsageError, unknown_name
from cnnkit.models.dilation import dilate, steps
from cnnkit.models.network import Network
from cnnkit.models.registry import create, spec
from cnnkit.models.weights.adopt import State, to_state
from cnnkit.models.weights.identify import fit
from cnnkit.models.weights.padding import padded
from cnnkit.nn import Module, Sequential
from cnnkit.nn.init import passing_over
from cnnkit.nn.module import computes_as
from cnnkit.nn.parts.freeze import AsTrunk
from cnnkit.serialize import safe
from cnnkit.serialize.foreign.read import read_arrays


@final
class Trunk(Sequential, AsTrunk):
    """(N, H, W, C) -> a map for each tap by its name, in the order of the taps. Layers and names are the classifier's.

    classifier: its name.   channels, strides: of each tap's map; a stride is how many pixels of the image lie between
    two of the map.
    """

    def __init__(
        self,
        network: Sequential,
        classifier: str,
        taps: Sequence[str],
        image_shape: tuple[int, int, int],
        output_stride: int | None,
        at_once: bool,
    ) -> None:
        order = [path for path, _ in _parts(network)]
        known = [tap for tap in taps if tap in order]
        maps = {}
        if known:
            kept = _upto(network, max(known, key=order.index))
            if output_stride is not None:
                dilate(kept, output_stride, image_shape, at_once=at_once)
            maps = _maps(kept, image_shape)
        for tap in taps:
            if tap not in maps:
                raise unknown_name("map", tap, _maps(network, image_shape))
        if not taps or len(set(taps)) < len(taps):
            told = ", ".join(_maps(network, image_shape))
            raise UsageError(f"taps are {[*taps]}, expected names of maps, each once: {told}.")
        self.classifier, self.taps = classifier, tuple(taps)
        self.channels = {tap: maps[tap][0] for tap in taps}
        self.strides = {tap: maps[tap][1] for tap in taps}
        super().__init__(dict(kept.named_children()))

    def forward(self, x: Tensor) -> dict[str, Tensor]:  # type: ignore[override]  # a sequence whose results are many
        found: dict[str, Tensor] = {}
        self._walk(self, "", x, found)
        return {tap: found[tap] for tap in self.taps}

    def _walk(self, sequence: Module, prefix: str, x: Tensor, found: dict[str, Tensor]) -> Tensor:
        for name, child in sequence.named_children():
            path = prefix + name
            within = any(tap.startswith(f"{path}.") for tap in self.taps)
            x = self._walk(child, f"{path}.", x, found) if within else child(x)
            if path in self.taps:
                found[path] = x
        return x


def trunk(
    name: str,
    taps: Sequence[str],
    *,
    output_stride: int | None = None,
    at_once: bool = False,
    weights: str | Path | None = None,
    in_channels: int | None = None,
    padding: str | None = None,
    layout: str | None = None,
    rng: np.random.Generator | None = None,
) -> Trunk:
    """The layers of a classifier up to its last tap, in its published geometry; images may have any size they take.

    Args:
        name: of the classifier.
        taps: names of layers, as in `models.summary` or of what holds them: "pool4", "layer3", "features.13".
        output_stride, at_once: of the last map, see `dilation.dilate`; None: the classifier's own, 32 for most.
        weights: a file of ours or another library's. It may lack the head, or have one for other classes.
        in_channels: of the images, by default as published.
        padding: where zeros go, see `geometry`; by default as the weights or the network's file say.
        layout: the order of the filters' axes in a foreign file, where its names do not tell it.
        rng: for the first weights, the same as the classifier's own.

    Raises:
        UsageError: there is no such classifier or tap, it is no sequence of layers, or cannot have this output stride.
        CheckpointError: the weights lack something of the trunk, or do not fit.
    """
    told = spec(name, "classification")
    H, W, C = told.input
    network = Network(name, told.classes, in_channels or C, (H, W), padding or "default")

    def cut(module: Module, network: Network) -> Trunk:
        if not computes_as(module, Sequential):
            raise _no_sequence(name)
        return Trunk(module, name, taps, network.input_shape[1:], output_stride, at_once)

    if weights is None:
        if not isinstance(kernels.home().zeros((0,)), np.ndarray):
            return cut(_first(network, rng), network)  # a device's arrays are memory as soon as they are there
        with passing_over() as passed:
            found = cut(_first(network, rng), network)
        for parameter in found.parameters():
            if (values := passed.drawn(parameter.data)) is not None:
                parameter.take(values)
        return found
    path = Path(weights).expanduser()
    wanted = frozenset(cut(network.build(), network).needed_in_use())
    read = _of_ours if safe.is_ours(path) else _of_others
    try:
        network, state = read(path, network, wanted, padding, layout)
        found = cut(network.build(), network)
        found.load_state_dict(state)
    except (CheckpointError, ShapeError) as error:
        raise CheckpointError(f"{path} is not for a trunk of {name}: {error}") from error
    return found


def last_map(name: str, stride: int) -> str:
    """The tap of a classifier's last map of which two pixels lie at most so many pixels of the image apart.

    What has a channel for each class is no map.

    Raises:
        UsageError: there is no such classifier or map, or it is no sequence of layers.
    """
    told = spec(name, "classification")
    H, W, C = told.input
    network = Network(name, told.classes, C, (H, W)).build()
    if not computes_as(network, Sequential):
        raise _no_sequence(name)
    maps = _maps(network, told.input)
    fine = [path for path, (channels, apart) in maps.items() if apart <= stride and channels != told.classes]
    if not fine:
        raise UsageError(f"{name} has no map of stride {stride} or less. Choose another.")
    return fine[-1]


def _no_sequence(name: str) -> UsageError:
    return UsageError(f"{name} is no sequence of layers, so it has no trunk. Choose another.")


def _first(network: Network, rng: np.random.Generator | None) -> Module:
    return create(
        network.model,
        classes=network.classes,
        in_channels=network.in_channels,
        image_size=network.image_size,
        padding=network.padding,
        rng=rng,
    )


def _of_ours(
    path: Path, network: Network, wanted: frozenset[str], padding: str | None, layout: str | None
) -> tuple[Network, State]:
    arrays, record = safe.load(path)
    if (record.get("kind"), record.get("model")) != ("weights", network.model):
        raise CheckpointError(f"it holds {record.get('kind')!s:.20} of {record.get('model')!s:.60}.")
    network = replace(network, padding=padding or str(record.get("padding", "default")))
    return network, {name: array for name, array in arrays.items() if name in wanted}


def _of_others(
    path: Path, network: Network, wanted: frozenset[str], padding: str | None, layout: str | None
) -> tuple[Network, State]:
    arrays, _ = read_arrays(path)
    reading = fit(arrays, network.model, network.image_size, layout, wanted)
    network, _ = padded(replace(network, in_channels=reading.network.in_channels), arrays, padding)
    return network, to_state(arrays, network, network.build(), reading.layout, wanted)


def _maps(network: Sequential, image_shape: tuple[int, int, int]) -> dict[str, tuple[int, int]]:
    """(channels, stride) of every map that the network makes one after the other, by the name of what makes it."""
    made: dict[int, tuple[int, int]] = {}
    for length in range(len(network), 0, -1):
        with suppress(ShapeError):  # a dense layer, which takes one size
            found = steps(network[:length], image_shape, parts=True)
            made = {id(part): (channels, stride) for part, _, stride, channels in found}
            break
    return {path: made[id(part)] for path, part in _parts(network) if id(part) in made}


def _parts(sequence: Module, prefix: str = "") -> Iterator[tuple[str, Module]]:
    """The parts that one after the other compute what the sequence does; of one within, first its own parts."""
    for name, child in sequence.named_children():
        if computes_as(child, Sequential):
            yield from _parts(child, f"{prefix}{name}.")
        yield prefix + name, child


def _upto(sequence: Module, last: str) -> Sequential:
    """The same parts under the same names, the one of this name as the last."""
    kept: dict[str, Module] = {}
    for name, child in sequence.named_children():
        inside = last.startswith(f"{name}.")
        kept[name] = _upto(child, last.removeprefix(f"{name}.")) if inside else child
        if inside or name == last:
            break
    return Sequential(kept)
