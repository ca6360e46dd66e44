"""What an explanation does not keep is asked for: by one more pass through the network, for all questions together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, final

import numpy as np

from cnnkit.engine.explain.arithmetic.sum_of import sum_of
from cnnkit.engine.explain.road import shape_of
from cnnkit.engine.explain.station import Station
from cnnkit.engine.explain.subject import Subject
from cnnkit.engine.explain.sum import Sum
from cnnkit.engine.explain.walk import Enough, Step, walk
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Host

Answer = TypeVar("Answer")
Kernel = tuple[Host, Host | None]


@final
@dataclass(frozen=True)
class Ask(Generic[Answer]):
    """A question to one station.   number: of it.   look: finds the answer while its operands are there."""

    number: int
    look: Callable[[Step], Answer]


def answered(subject: Subject, asked: Sequence[Ask[Any]]) -> list[Any]:
    """The answer to each question, in their order. The pass ends with the last station that is asked."""
    waiting: dict[int, list[int]] = {}
    for at, ask in enumerate(asked):
        waiting.setdefault(ask.number, []).append(at)
    found: dict[int, Any] = {}

    def each(step: Step) -> None:
        for at in waiting.get(step.number, ()):
            found[at] = asked[at].look(step)
        if step.number >= max(waiting):
            raise Enough

    if asked:
        walk(subject.module, subject.x, each, subject.beside, scored=subject.scored)
    return [found[at] for at in range(len(asked))]


def ask_pixel(station: Station, place: tuple[int, ...]) -> Ask[Sum]:
    """The arithmetic of one number: (y, x, channel) of a map, (feature,) of a vector.

    Raises:
        UsageError: the station's result has no such place.
    """
    here = checked(station, place)
    return Ask(station.number, lambda step: sum_of(step, here))


def ask_maps(station: Station, channels: Sequence[int] | None = None) -> Ask[Host]:
    """(H, W, k) float32: a station's result in these channels, by default in all; (features,) of a vector.

    Raises:
        UsageError: there is no such channel.
    """
    kept = None if channels is None else _channels(station, channels)

    def look(step: Step) -> Host:
        array = step.result.numpy()
        y = array.reshape(shape_of(array.shape))
        return np.array(y if kept is None else y[..., kept])

    return Ask(station.number, look)


def ask_kernel(station: Station, channels: Sequence[int] | None = None) -> Ask[Kernel]:
    """(filters, bias) of a convolution or a dense layer, for some of its output channels, by default for all.

    Raises:
        UsageError: there is no such channel; or, once it is looked at, the station has no filters.
    """
    kept = list(range(station.output[-1])) if channels is None else _channels(station, channels)
    return Ask(station.number, lambda step: _filters(step, station, kept))


def checked(station: Station, place: tuple[int, ...]) -> tuple[int, ...]:
    """The place; UsageError where the station's result has it not."""
    fits = len(place) == len(station.output)
    if not fits or not all(0 <= at < size for at, size in zip(place, station.output, strict=True)):
        axes = {1: "(feature)", 3: "(y, x, channel)"}.get(len(station.output), f"{len(station.output)} numbers")
        raise UsageError(
            f"{station.name} has a result of shape {station.output}: a place in it is {axes}, each from 0 on, but "
            f"{tuple(place)} is asked for."
        )
    return tuple(int(at) for at in place)


def _channels(station: Station, channels: Sequence[int]) -> list[int]:
    many = station.output[-1] if station.output else 0
    if wrong := [channel for channel in channels if not 0 <= channel < many]:
        raise UsageError(f"{station.name} has channels 0 to {many - 1}, but {wrong[0]} is asked for.")
    return [int(channel) for channel in channels]


def _filters(step: Step, station: Station, kept: list[int]) -> Kernel:
    if step.name not in ("_Conv2d", "_ConvTranspose2d", "Linear"):
        raise UsageError(f"{station.name} is of kind {station.kind} and has no filters.")
    weight = step.array(1)
    bias = None if step.args[2] is None else np.array(step.array(2)[kept])
    if step.name == "_ConvTranspose2d":
        each, groups = weight.shape[2], step.args[5]
        C = weight.shape[3] // groups
        parts = [weight[:, :, o % each, o // each * C : (o // each + 1) * C] for o in kept]
        return np.stack(parts, axis=-1), bias
    return np.array(weight[..., kept]), bias
