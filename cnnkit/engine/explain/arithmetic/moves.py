"""What only moves numbers: each result is one number of an operand; and resizing, where it is a mean of some."""

import numpy as np

from cnnkit.engine.explain.arithmetic.draft import Draft, Index, terms
from cnnkit.engine.explain.walk import Step
from cnnkit.kernels.shared.resizing import sources


def reshape(step: Step, at: Index) -> Draft:
    flat = np.ravel_multi_index(at, step.result.shape)
    return _of(step, 0, tuple(int(place) for place in np.unravel_index(flat, step.args[0].shape)))


def permute(step: Step, at: Index) -> Draft:
    axes = step.args[1]
    return _of(step, 0, tuple(at[axes.index(axis)] for axis in range(len(axes))))


def channel_shuffle(step: Step, at: Index) -> Draft:
    """y[i · groups + g] is x[g · (C / groups) + i]."""
    x, groups = step.args
    i, g = divmod(at[-1], groups)
    return _of(step, 0, (*at[:-1], g * (x.shape[-1] // groups) + i))


def concat(step: Step, at: Index) -> Draft:
    axis, *xs = step.args
    place = at[axis]
    for argument, x in enumerate(xs, 1):
        if place < x.shape[axis]:
            return _of(step, argument, (*at[:axis], place, *at[axis + 1 :]))
        place -= x.shape[axis]
    raise AssertionError("a place behind all parts")


def split(step: Step, at: Index) -> Draft:
    _, axis, sizes = step.args
    return _of(step, 0, (*at[:axis], at[axis] + sum(sizes[: step.part]), *at[axis + 1 :]))


def crop(step: Step, at: Index) -> Draft:
    _, begins, _, steps = step.args
    return _of(step, 0, tuple(begin + place * by for begin, place, by in zip(begins, at, steps, strict=True)))


def pad(step: Step, at: Index) -> Draft:
    """A number of x, or the value that lies around it: then the term is outside."""
    x, widths, value = step.args
    place = tuple(here - before for here, (before, _) in zip(at, widths, strict=True))
    inside = all(0 <= here < size for here, size in zip(place, x.shape, strict=True))
    numbers = {} if inside else {"bias": float(value)}
    return Draft("weighted", (terms(step, 0, [place], inside=[inside]),), numbers)


def resize(step: Step, at: Index) -> Draft:
    """The mean of up to four pixels, by how near they are."""
    x, size, nearest, align_corners = step.args
    n, oy, ox, c = at
    rows = _near(x.shape[1], size[0], nearest, align_corners, oy)
    columns = _near(x.shape[2], size[1], nearest, align_corners, ox)
    index = [(n, iy, ix, c) for iy, _ in rows for ix, _ in columns]
    weights = [down * across for _, down in rows for _, across in columns]
    return Draft("weighted", (terms(step, 0, index, weights, layout=(len(rows), len(columns), 1)),))


def _near(length: int, wanted: int, nearest: bool, align_corners: bool, o: int) -> list[tuple[int, float]]:
    """(pixel, its share) along one axis."""
    read = sources(length, wanted, nearest, align_corners)
    share = float(read.share[o])
    pixels = [(int(read.lower[o]), 1 - share), (int(read.upper[o]), share)]
    return [(pixel, part) for pixel, part in pixels if part]


def _of(step: Step, argument: int, at: Index) -> Draft:
    return Draft("weighted", (terms(step, argument, [at]),))
