"""Colours to draw classes in, where the data name none."""

from cnnkit.data.sets.base import Colour


def distinct_colours(count: int) -> tuple[Colour, ...]:
    """`count` colours, black first: bit k of a number sets the bit 7 - k // 3 of red, green or blue in turn.

    Numbers that follow one another differ in the highest bits. So VOC colours its classes (Everingham et al. 2010, its
    development kit), and most tools that write masks after it.
    """
    return tuple((_mixed(number, 0), _mixed(number, 1), _mixed(number, 2)) for number in range(count))


def _mixed(number: int, channel: int) -> int:
    return sum((number >> (3 * place + channel) & 1) << (7 - place) for place in range(8))
