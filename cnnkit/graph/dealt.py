"""Channels that are joined, shuffled and cut apart again and again: none of it is done, each is looked up where it is.

ShuffleNet's units do so (arXiv:1807.11164, figure 3c). All maps that take part lie in one room, between the channels
of each other; whoever reads some of them in some order is given a copy of these alone.

    Room       memory for all of them
    Picked     channels of it, in the order in which they are read

Results stay the same to the last bit.
"""

from dataclasses import dataclass, field, replace
from typing import Any, final

from cnnkit import kernels
from cnnkit.autograd import Context, Function
from cnnkit.graph.placed import Room, writes_between
from cnnkit.graph.trace import Call, Graph, Value
from cnnkit.kernels.shared.array import Array

# Of each channel the map that it is of, and its number there.
Origins = list[tuple[Value, int]]


@final
class Picked(Function):
    """Channels of a room, in this order."""

    @staticmethod
    def forward(ctx: Context, room: Array, places: tuple[int, ...]) -> Array:
        y: Array = kernels.of(room).pick_channels(room, places)
        return y


@dataclass(eq=False)
class _Family:
    """Maps whose channels are dealt out among each other, and what is read of them."""

    maps: list[Value] = field(default_factory=list)
    read: list[Value] = field(default_factory=list)


def dealt(graph: Graph) -> Graph:
    """The same graph, where channels that are only moved about are looked up."""
    origins: dict[Value, Origins] = {}
    for call in graph.calls:
        if (found := _origins(call, origins)) is not None:
            origins[call.y] = found
    moved = [call.y for call in graph.calls if call.y in origins]
    read = {value for call in graph.calls if call.y not in origins for value in call.reads} | set(graph.results)
    families = [
        family
        for family in _families([value for value in moved if value in read], origins)
        if _pays(family, graph, origins, read)
    ]
    gone = {value for value in moved for family in families if {of for of, _ in origins[value]} & set(family.maps)}
    before: dict[Value, list[Call]] = {}
    parts: dict[Value, tuple[Value, tuple[int, int]]] = {}
    for family in families:
        first = next(call for call in graph.calls if call.y in family.maps)
        room, starts = Value((*first.y.shape[:3], sum(value.shape[3] for value in family.maps))), {}
        before.setdefault(first.y, []).append(Call(Room, (first.args[0], room.shape), (room,)))
        start = 0
        for value in family.maps:
            starts[value], parts[value] = start, (room, (start, value.shape[3]))
            start += value.shape[3]
        for value in family.read:
            reader = next(call.y for call in graph.calls if call.y not in origins and value in call.reads)
            places = tuple(starts[of] + number for of, number in origins[value])
            before.setdefault(reader, []).append(Call(Picked, (room, places), (value,)))
    calls: list[Call] = []
    for call in graph.calls:
        calls += before.get(call.y, [])
        if call.y in parts:
            calls.append(call._replace(args=(*call.args, *parts[call.y])))
        elif call.y not in gone:
            calls.append(call)
    return replace(graph, calls=tuple(calls))


def _origins(call: Call, origins: dict[Value, Origins]) -> Origins | None:
    """Of the channels of what this call gives; None where it does more than move channels of maps about."""

    def of(value: Any) -> Origins:
        return origins.get(value) or [(value, number) for number in range(value.shape[3])]

    if call.y.ndim != 4 or len(call.results) > 1:
        return None
    if call.name == "_Concat" and call.args[0] == 3 and all(isinstance(x, Value) for x in call.args[1:]):
        return [origin for x in call.args[1:] for origin in of(x)]
    if call.name == "_ChannelShuffle":
        x, groups = call.args
        each = x.shape[3] // groups
        before = of(x)
        return [before[g * each + i] for i in range(each) for g in range(groups)]
    if call.name == "_Slice" and call.args[0].shape[:3] == call.y.shape[:3]:
        x, starts, stops, steps = call.args
        return of(x)[starts[3] : stops[3] : steps[3]]
    return None


def _families(values: list[Value], origins: dict[Value, Origins]) -> list[_Family]:
    """Values that have maps in common are of one family."""
    found: list[_Family] = []
    for value in values:
        maps = dict.fromkeys(of for of, _ in origins[value])
        near = [family for family in found if not maps.keys().isdisjoint(family.maps)]
        whole = _Family()
        for family in near:
            whole.maps += family.maps
            whole.read += family.read
            found.remove(family)
        whole.maps += [of for of in maps if of not in whole.maps]
        whole.read.append(value)
        found.append(whole)
    return found


def _pays(family: _Family, graph: Graph, origins: dict[Value, Origins], read: set[Value]) -> bool:
    """Whether all maps can be written between each other, nobody reads them whole, and some are dealt out."""
    writers = {call.y for call in graph.calls if writes_between(call)}
    if not set(family.maps) <= writers - read or any(value in graph.results for value in family.read):
        return False
    return any(_is_dealt(origins[value]) for value in family.read)


def _is_dealt(origins: Origins) -> bool:
    """Whether these are channels of several maps, and not simply these maps side by side."""
    maps = list(dict.fromkeys(of for of, _ in origins))
    return len(maps) > 1 and origins != [(of, number) for of in maps for number in range(of.shape[3])]
