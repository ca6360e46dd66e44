"""Parts of a concatenation of channels, written where they are to lie: what was copied there is written there at once.

    Room                      memory for the whole, before the first of its parts is made
    a convolution             writes its part of it, between the channels of others
    Placed                    the whole, when all parts are made; those that nobody could write there are copied

Results stay the same to the last bit.
"""

from dataclasses import replace
from typing import Any, final

from cnnkit import kernels
from cnnkit.autograd import Context, Function
from cnnkit.graph.sums import PreparedConv2d, PreparedConvTranspose2d
from cnnkit.graph.trace import Call, Graph, Value, users
from cnnkit.kernels.shared.array import Array

# Who else may read a part: those that need no copy of it, though between its pixels lie the channels of others.
READERS = ("_MaxPool2d",)


@final
class Room(Function):
    """Memory beside that of `like`, unspecified."""

    @staticmethod
    def forward(ctx: Context, like: Array, shape: tuple[int, ...]) -> Array:
        y: Array = kernels.of(like).empty(shape, like.dtype)
        return y


@final
class Placed(Function):
    """What has filled `room`, beside what already lies there these parts, from their first channels on."""

    @staticmethod
    def forward(ctx: Context, room: Array, firsts: tuple[int, ...], *parts: Array) -> Array:
        k = kernels.of(room)
        for part, first in zip(parts, firsts, strict=True):
            k.concat([part], part.ndim - 1, out=k.channels(room, first, part.shape[-1]))
        return room


def placed(graph: Graph) -> Graph:
    """The same graph, without copies of what can be written in its place."""
    made = {call.y: call for call in graph.calls if writes_between(call)}
    read = users(graph.calls, graph.results)
    before: dict[Value, Call] = {}  # by the part before which it is made
    places: dict[Value, tuple[Value, tuple[int, int]]] = {}
    wholes: dict[Value, Call] = {}
    for call in graph.calls:
        parts = _parts(call)
        fit = [part for part in parts if part in made and part not in places and _free(part, call, read)]
        if not fit:
            continue
        room, first = Value(call.y.shape), 0
        earliest = next(other.y for other in graph.calls if other.y in fit)
        before[earliest] = Call(Room, (made[earliest].args[0], call.y.shape), (room,))
        copied: list[tuple[int, Value]] = []
        for part in parts:
            if part in fit:
                places[part] = room, (first, part.shape[-1])
            else:
                copied.append((first, part))
            first += part.shape[-1]
        firsts = tuple(first for first, _ in copied)
        wholes[call.y] = Call(Placed, (room, firsts, *(part for _, part in copied)), call.results)
    calls: list[Call] = []
    for call in graph.calls:
        if call.y in before:
            calls.append(before[call.y])
        if call.y in places:
            call = call._replace(args=(*call.args, *places[call.y]))
        calls.append(wholes.get(call.y, call))
    return replace(graph, calls=tuple(calls))


def writes_between(call: Call) -> bool:
    """Whether it can write its result between the channels of others: a depthwise convolution cannot, nor one with a
    residual."""
    if call.function is PreparedConv2d:
        residual, groups = call.args[1], call.args[5]
        return residual is None and (groups == 1 or groups < call.y.shape[3])
    return call.function is PreparedConvTranspose2d


def moved(call: Call) -> list[Value]:
    """What a call reads and writes of memory: a room is none of it, nor is what lies in its place already."""
    if call.function is Room:
        return []
    if call.function is Placed:
        return list(call.args[2:])
    return [*call.reads[: 2 if call.function is PreparedConv2d else 1], *call.results]


def _parts(call: Call) -> list[Any]:
    """Of a concatenation of the channels of maps; none of any other call."""
    if call.name != "_Concat" or call.y.ndim != 4 or call.args[0] != 3:
        return []
    return list(call.args[1:])


def _free(part: Value, whole: Call, read: dict[Value, list[Call | None]]) -> bool:
    """Whether it lies in this whole alone, once, and all who read it beside that can do so there."""
    others = [user for user in read[part] if user is not whole]
    return len(read[part]) == len(others) + 1 and all(user is not None and user.name in READERS for user in others)
