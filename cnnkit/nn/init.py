"""First weights: random numbers whose spread keeps the size of activations, or of gradients, from layer to layer.

fan = (fan_in, fan_out): how many inputs feed one output, and how many outputs one input feeds.
"""

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

import numpy as np

from cnnkit.kernels.shared.array import Array, Host

Shape = tuple[int, ...]
Fan = tuple[int, int]
# So many numbers of a generator.
Draw = Callable[[np.random.Generator, int], Host]

_PIECE = 1 << 16  # numbers drawn at a time: in float64 they stay in the cache

_values_come_later: ContextVar[bool] = ContextVar("values_come_later", default=False)
_passed_over: ContextVar["PassedOver | None"] = ContextVar("passed_over", default=None)


@contextmanager
def without_values() -> Iterator[None]:
    """Inside, first weights are views of one zero: nothing is drawn and no memory is taken.

    For a network of which only the shapes are wanted, or whose state is loaded next, which gives it memory of its own.
    """
    token = _values_come_later.set(True)
    try:
        yield
    finally:
        _values_come_later.reset(token)


class PassedOver:
    """First weights that a generator has passed over, by the arrays that stand for them."""

    def __init__(self) -> None:
        self._draws: dict[int, tuple[Array, Callable[[], Array]]] = {}

    def keep(self, placeholder: Array, draw: Callable[[], Array]) -> None:
        self._draws[id(placeholder)] = placeholder, draw

    def drawn(self, placeholder: Array) -> Array | None:
        """The weights that this array stands for; None if it stands for none."""
        found = self._draws.get(id(placeholder))
        return None if found is None else found[1]()


@contextmanager
def passing_over() -> Iterator[PassedOver]:
    """Inside, normal and even first weights are views of one number, and generators go on as if these were drawn.

    For a network of which a part is cut off: what is kept is drawn afterwards (`PassedOver.drawn`), and has, as has
    all that is drawn behind the block, the numbers of the whole network. What is cut off never takes memory.
    """
    passed = PassedOver()
    token = _passed_over.set(passed)
    try:
        yield passed
    finally:
        _passed_over.reset(token)


def he_normal(rng: np.random.Generator, shape: Shape, fan: Fan) -> Array:
    """Normal, of deviation √(2 / fan_in): right before a ReLU, which halves the square of what passes.

    Source: He et al. 2015, arXiv:1502.01852, equation 10.
    """
    return _normal(rng, shape, math.sqrt(2 / fan[0]))


def he_uniform(rng: np.random.Generator, shape: Shape, fan: Fan) -> Array:
    """Even over ±√(6 / fan_in), which has the deviation of `he_normal`."""
    return _uniform(rng, shape, math.sqrt(6 / fan[0]))


def xavier_normal(rng: np.random.Generator, shape: Shape, fan: Fan) -> Array:
    """Normal, of deviation √(2 / (fan_in + fan_out)): a compromise between activations and gradients.

    Source: Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward networks, equation 12.
    """
    return _normal(rng, shape, math.sqrt(2 / (fan[0] + fan[1])))


def xavier_uniform(rng: np.random.Generator, shape: Shape, fan: Fan) -> Array:
    """Even over ±√(6 / (fan_in + fan_out)): equation 16 of the same paper."""
    return _uniform(rng, shape, math.sqrt(6 / (fan[0] + fan[1])))


def plain_uniform(rng: np.random.Generator, shape: Shape, fan: Fan) -> Array:
    """Even over ±1 / √fan_in, a third of the variance that keeps the size: for layers that a batch norm follows.

    Source: LeCun et al. 1998, Efficient BackProp, section 4.6, in the form that torch gives it.
    """
    return _uniform(rng, shape, 1 / math.sqrt(fan[0]))


def near_zero(rng: np.random.Generator, shape: Shape, deviation: float) -> Array:
    """Normal, of a small deviation: for layers that tell classes and boxes, so that all begin nearly alike."""
    return _normal(rng, shape, deviation)


def passing_on(rng: np.random.Generator, shape: Shape) -> Array:
    """Filters (KH, KW, C, O), of which the first C, or all O, pass a channel on as it is; the others are drawn.

    The middle tap of filter o is 1 for channel o, and all else of it 0; from o = C on it is `plain_uniform`.

    Source: Zagoruyko & Komodakis 2017, arXiv:1706.00388 (Dirac); for a part of the filters alone, Jordan 2024,
    arXiv:2404.00498, section 3.3.
    """
    KH, KW, C, O = shape
    bound, channels = 1 / math.sqrt(KH * KW * C), np.arange(min(C, O))

    def pass_on(filters: Host) -> None:
        filters[..., :C] = 0
        filters[KH // 2, KW // 2, channels, channels] = 1

    return _first(rng, shape, lambda rng, count: rng.uniform(-bound, bound, count), pass_on)


def whitening(images: Iterable[Host], size: tuple[int, int], eps: float = 5e-4) -> Array:
    """Filters (KH, KW, C, 2·KH·KW·C) under which the patches of these images have no correlation and variance 1.

    They are the eigenvectors v of the patches' second moments over √(eigenvalue + eps), the greatest first, then -v:

        moments = Σ p pᵀ / n   over all n patches p of (KH, KW) pixels

    images: batches (N, H, W, C), as the network is given them. Sums are in a fixed order, whatever the threads.

    Source: Page 2018, How to train your ResNet 8; with both signs Jordan 2024, arXiv:2404.00498, section 3.2.
    """
    moments, patches = np.zeros(()), 0
    for x in images:
        parts = [
            np.ascontiguousarray(x[:, ky : x.shape[1] - size[0] + ky + 1, kx : x.shape[2] - size[1] + kx + 1, c])
            for ky, kx, c in itertools.product(*map(range, (*size, x.shape[3])))
        ]
        # No product of matrices: how BLAS cuts its sums hangs on the number of threads.
        moments = moments + np.array([[(p * q).sum(dtype=np.float64) for q in parts] for p in parts])
        patches += parts[0].size
    values, vectors = np.linalg.eigh(moments / patches)
    vectors = vectors[:, ::-1] / np.sqrt(values[::-1] + eps)
    # An eigenvector's sign is a matter of chance: its greatest part is positive here.
    vectors *= np.sign(vectors[np.abs(vectors).argmax(0), np.arange(len(values))])
    filters: Array = np.concatenate([vectors, -vectors], 1).reshape(*size, -1, 2 * len(values)).astype(np.float32)
    return filters


def orthogonal(rng: np.random.Generator, shape: Shape, parts: int) -> Array:
    """(D, U, parts·U): `parts` square matrices beside each other, each a rotation or reflection drawn evenly.

    A state that passes through one keeps its length, however many steps it passes.

    Source: Saxe et al. 2013, arXiv:1312.6120, section 3.
    """
    D, U, _ = shape
    if _values_come_later.get():
        return _placeholder(shape)
    q, r = np.linalg.qr(rng.standard_normal((D, parts, U, U)))
    q *= np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
    matrices: Array = np.ascontiguousarray(q.transpose(0, 2, 1, 3).reshape(shape), np.float32)
    return matrices


def bilinear(shape: Shape, groups: int = 1) -> Array:
    """Filters (KH, KW, O / groups, C) of a transposed convolution that enlarges each channel for itself.

    A tap counts the less, in a straight line, the further it lies from the middle:

        w[ky, kx] = (1 - |ky - (KH - 1) / 2| / ⌈KH / 2⌉) · the same across

    for each channel to its own, 0 from one channel to another. With kernel 2·stride (stride even) and padding
    stride / 2 that is bilinear interpolation, but for the border, where the image ends in zeros.

    Source: Long et al. 2015, arXiv:1411.4038, section 3.3.
    """
    KH, KW, OG, C = shape
    if _values_come_later.get():
        return _placeholder(shape)
    down, across = (1 - np.abs(np.arange(K) - (K - 1) / 2) / ((K + 1) // 2) for K in (KH, KW))
    own = np.arange(C) % (C // groups) == np.arange(OG)[:, None]  # channel o of a group from channel o of that group
    filters: Array = np.multiply.outer(np.outer(down, across), own).astype(np.float32)
    return filters


def _normal(rng: np.random.Generator, shape: Shape, deviation: float) -> Array:
    return _first(rng, shape, lambda rng, count: rng.standard_normal(count) * deviation)


def _uniform(rng: np.random.Generator, shape: Shape, bound: float) -> Array:
    return _first(rng, shape, lambda rng, count: rng.uniform(-bound, bound, count))


def _first(rng: np.random.Generator, shape: Shape, draw: Draw, finish: Callable[[Host], None] | None = None) -> Array:
    """finish: changes what was drawn, in place."""
    if _values_come_later.get():
        return _placeholder(shape)
    if (passed := _passed_over.get()) is None:
        return _drawn(rng, shape, draw, finish)
    placeholder = _placeholder(shape)
    passed.keep(placeholder, partial(_drawn, copy.deepcopy(rng), shape, draw, finish))
    for _ in _pieces(rng, math.prod(shape), draw):
        pass
    return placeholder


def _drawn(rng: np.random.Generator, shape: Shape, draw: Draw, finish: Callable[[Host], None] | None) -> Array:
    values, at = np.empty(math.prod(shape), np.float32), 0
    for piece in _pieces(rng, values.size, draw):
        values[at : at + piece.size] = piece
        at += piece.size
    values = values.reshape(shape)
    if finish is not None:
        finish(values)
    return values


def _pieces(rng: np.random.Generator, count: int, draw: Draw) -> Iterator[Host]:
    """The numbers in float64, some at a time, so that a large layer takes no more memory than its weights."""
    for at in range(0, count, _PIECE):
        yield draw(rng, min(_PIECE, count - at))


def _placeholder(shape: Shape) -> Array:
    return np.broadcast_to(np.float32(0), shape)
