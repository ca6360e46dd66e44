"""Some outputs of a convolution and of its gradients, summed from the definition in float64: what real shapes allow.

The first and the last output along every axis are among them, for that is where a tile that is not full goes wrong.
"""

from collections.abc import Callable

import numpy as np

from cnnkit.bench.network_cases.convs import Layer
from cnnkit.errors import CheckFailed
from cnnkit.kernels.shared.array import Host

COUNT = 2000
# Of the greatest output: rounding of sums of some thousand terms, and of factors that are cut to ten binary digits.
MOST = {"float32": 1e-5, "tf32": 2e-3}


def check_sampled(
    direction: str, found: Host, x: Host, w: Host, dy: Host, layer: Layer, *, tf32: bool = False, count: int = COUNT
) -> float:
    """The greatest error among `count` outputs, as a share of the greatest of them.

    Raises:
        CheckFailed: it is more than rounding; the message names the output.
    """
    places = _places(found.shape, count, rows=direction == "dw")
    expected = {"forward": _forward, "dx": _dx, "dw": _dw}[direction](x, w, dy, layer, places)
    actual = found[tuple(places.T)].astype(np.float64)
    size = max(float(np.abs(expected).max()), 1e-30)
    errors = np.abs(actual - expected) / size
    errors[~np.isfinite(actual)] = np.inf
    worst, most = int(errors.argmax()), MOST["tf32" if tf32 else "float32"]
    if not errors[worst] <= most:
        raise CheckFailed(
            f"{layer} {direction}: output {tuple(places[worst].tolist())} should be {expected[worst]:.6g} and is "
            f"{actual[worst]:.6g}; {int((errors > most).sum()):,} of {len(places):,} sampled outputs are wrong."
        )
    return float(errors[worst])


def _places(shape: tuple[int, ...], count: int, *, rows: bool) -> Host:
    """(n, 4): indices of an array of that shape, drawn with a seed, the corners among them; a quarter near the end.

    rows: with each its whole row of the last axis, for what finds a row at once.
    """
    rng = np.random.default_rng(1)
    corners = np.array(np.meshgrid(*[(0, size - 1) for size in shape], indexing="ij")).reshape(len(shape), -1).T
    if rows:
        first = np.concatenate([corners[:, :-1], rng.integers(0, shape[:-1], (count // shape[-1], len(shape) - 1))])
        first = np.unique(first, axis=0)
        last = np.tile(np.arange(shape[-1]), len(first))
        return np.column_stack([np.repeat(first, shape[-1], axis=0), last])
    places = rng.integers(0, shape, (count, len(shape)))
    places[: count // 4, -1] = shape[-1] - 1 - rng.integers(0, min(4, shape[-1]), count // 4)
    return np.unique(np.concatenate([corners, places]), axis=0)


def _forward(x: Host, w: Host, dy: Host, layer: Layer, places: Host) -> Host:
    """y[n,oy,ox,o] = Σ ky,kx,c  x[n, oy·stride - pad + ky·dilation, …, c]·w[ky,kx,c,o]."""
    KH, KW, CG, O = w.shape
    padded = _padded(x, layer)

    def at(n: int, oy: int, ox: int, o: int) -> float:
        c = o // (O // layer.groups) * CG
        iy, ix, rate = oy * layer.stride, ox * layer.stride, layer.dilation
        patch = padded[n, iy : iy + KH * rate : rate, ix : ix + KW * rate : rate, c : c + CG]
        return float((patch.astype(np.float64) * w[..., o]).sum())

    return _each(at, places)


def _dx(x: Host, w: Host, dy: Host, layer: Layer, places: Host) -> Host:
    """dx[n,iy,ix,c] = Σ over all (oy,ky), (ox,kx) that read this pixel, and o,  dy[n,oy,ox,o]·w[ky,kx,c,o]."""
    KH, KW, CG, O = w.shape
    OG = O // layer.groups

    def at(n: int, iy: int, ix: int, c: int) -> float:
        first = c // CG * OG
        total = 0.0
        for ky, oy in _readers(iy, KH, dy.shape[1], layer):
            for kx, ox in _readers(ix, KW, dy.shape[2], layer):
                row = dy[n, oy, ox, first : first + OG].astype(np.float64)
                total += float(row @ w[ky, kx, c % CG, first : first + OG])
        return total

    return _each(at, places)


def _dw(x: Host, w: Host, dy: Host, layer: Layer, places: Host) -> Host:
    """dw[ky,kx,c,o] = Σ n,oy,ox  dy[n,oy,ox,o]·x[n, oy·stride - pad + ky·dilation, …, c]; by row of o, for speed."""
    _, OH, OW, O = dy.shape
    CG, OG = w.shape[2], O // layer.groups
    padded, flat = _padded(x, layer), dy.reshape(-1, O)
    step = layer.stride
    known: dict[tuple[int, int, int], Host] = {}

    def at(ky: int, kx: int, c: int, o: int) -> float:
        channel = o // OG * CG + c
        if (ky, kx, channel) not in known:
            iy, ix = ky * layer.dilation, kx * layer.dilation
            read = padded[:, iy : iy + (OH - 1) * step + 1 : step, ix : ix + (OW - 1) * step + 1 : step, channel]
            group = slice(o // OG * OG, o // OG * OG + OG)
            # A few thousand rows at a time: in float64 all of them would be too much.
            pixels = np.ascontiguousarray(read).reshape(-1)
            known[ky, kx, channel] = sum(
                (
                    pixels[i : i + 8192].astype(np.float64) @ flat[i : i + 8192, group]
                    for i in range(0, len(pixels), 8192)
                ),
                start=np.zeros(OG),
            )
        return float(known[ky, kx, channel][o % OG])

    return _each(at, places)


def _padded(x: Host, layer: Layer) -> Host:
    return np.pad(x, ((0, 0), (layer.pad,) * 2, (layer.pad,) * 2, (0, 0)))


def _readers(i: int, taps: int, outputs: int, layer: Layer) -> list[tuple[int, int]]:
    """(tap, output) of each output that reads input i along an axis."""
    found = []
    for k in range(taps):
        o, rest = divmod(i + layer.pad - k * layer.dilation, layer.stride)
        if rest == 0 and 0 <= o < outputs:
            found.append((k, o))
    return found


def _each(at: Callable[..., float], places: Host) -> Host:
    return np.array([at(*place) for place in places.tolist()])
