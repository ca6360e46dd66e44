"""Weights, images and directions that both sides of a comparison compute, so that none of them need be stored."""

import re

import numpy as np

# A prime: no layer's size is a multiple of it, so its filters do not repeat one another.
PERIOD = 1_000_003
# Of ResNets, in torchvision's names.
ENDS_OF_BLOCKS = re.compile(r"layer\d\.\d+\.bn[23]\.weight$")


def noise(count: int, seed: int) -> np.ndarray:
    """At most a period of numbers without a pattern within ±1, float64, exact on every machine.

    The mixer of SplitMix64 over a counter.
    """
    with np.errstate(over="ignore"):
        bits = np.arange(min(count, PERIOD), dtype=np.uint64) + np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        bits ^= bits >> np.uint64(31)
    return (bits >> np.uint64(11)) * 2.0**-52 - 1


def entry(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """One array of a state in torch's names and layouts, float32: filters as He et al. draw them, norms near identity.

    What a residual block adds is kept small: else a hundred layers multiply the rounding of the first a million times.
    """
    u = noise(int(np.prod(shape)), seed)
    if len(shape) > 1:
        u = u * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith("running_var"):
        u = 1 + 0.5 * u
    elif ENDS_OF_BLOCKS.search(name):
        u = 0.2 + 0.05 * u
    elif name.endswith("weight"):
        u = 1 + 0.2 * u
    else:
        u = 0.2 * u
    return np.resize(u.astype(np.float32), shape)


def state(shapes: dict[str, list[int]]) -> dict[str, np.ndarray]:
    """A whole state, from the names and shapes of the other side."""
    return {name: entry(name, tuple(shape), seed) for seed, (name, shape) in enumerate(shapes.items())}


def direction(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Along which a gradient is measured; float32."""
    return np.resize(noise(int(np.prod(shape)), seed + 10_000).astype(np.float32), shape)


def image(shape: tuple[int, ...]) -> np.ndarray:
    """Channels last, as our networks take it; float32."""
    return np.resize((1.7 * noise(int(np.prod(shape)), 77_777)).astype(np.float32), shape)


def mask(count: int, height: int, width: int, *, classes: int, void: int) -> np.ndarray:
    """Labels (N, H, W) in blocks of 8 pixels, one of seven of them void; uint8."""
    n, y, x = np.ogrid[:count, :height, :width]
    block = 5 * n + 3 * (y // 8) + x // 8
    return np.where(block % 7 == 6, void, 11 * block % classes).astype(np.uint8)
