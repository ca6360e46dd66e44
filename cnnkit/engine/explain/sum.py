"""Sum: how one number of a station came about, with all numbers that it was computed from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

import numpy as np
import numpy.typing as npt

from cnnkit.kernels.shared.array import Host

# How a total follows from terms and numbers (Sum.rule).
RULES = {
    "weighted": "Σ value · weight + bias",
    "greatest": "the greatest value",
    "least": "the least value",
    "product": "the product of all values",
    "quotient": "the first value / the second",
    "norm": "(x - mean) / √(var + eps) · gamma + beta + residual",
    "response": "x / (k + alpha / size · Σ x²)^beta",
    "softmax": "e^(x - max) / Σ e^(x - max)",
    "log softmax": "x - max - log Σ e^(x - max)",
    "exp": "e^x",
    "log": "log x",
    "root": "√x",
    "clip": "x, but no less than low and no more than high",
    "choose": "the second value where the first is not 0, else the third",
    "recurrent": "(1 - z) · n + z · h",
    "none": "not shown: the terms are what it is computed from",
}


@final
@dataclass(frozen=True, eq=False)
class Terms:
    """Numbers of one result that a number was computed from, a row each, in the order of the sum.

    source: the number of the station whose result they are, or station.IMAGE; None: of a parameter or a constant.
    places: (n, axes) where each lies in that result, (y, x, channel) of a map. One outside of the map is a zero of the
    padding.
    inside: (n,) bool, whether it lies in the map.
    values: (n,) float64, 0 outside.
    weights: (n,) float64, what each is multiplied by; all 1 where nothing is.
    layout: the rows in this shape are as they lie beside each other: (KH, KW, channels) under a window.
    """

    source: int | None
    places: npt.NDArray[np.int64] = field(repr=False)
    inside: npt.NDArray[np.bool_] = field(repr=False)
    values: Host = field(repr=False)
    weights: Host = field(repr=False)
    layout: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def products(self) -> Host:
        """(n,) float64: values · weights."""
        products: Host = self.values * self.weights
        return products

    @property
    def total(self) -> float:
        return float(self.products.sum())

    def largest(self, count: int) -> tuple[npt.NDArray[np.int64], float]:
        """(the rows of so many products of the largest size, the largest first, the sum of all others)."""
        rows = np.argsort(-np.abs(self.products), kind="stable")
        return rows[:count], float(self.products[rows[count:]].sum())

    def by_channel(self) -> Host:
        """(channels,) float64: what each channel of a window adds to the sum."""
        by_channel: Host = self.products.reshape(-1, self.layout[-1]).sum(axis=0)
        return by_channel


@final
@dataclass(frozen=True, eq=False)
class Sum:
    """How one number came about: `total` follows from terms and numbers by the rule, `result` from it by activation.

    station: its number.   place: of the number in its result, (y, x, channel) of a map, (feature,) of a vector.
    kind: of the station.   rule: one of RULES.
    terms: what was read, one Terms for each result that it is of. A residual is the last, with weights of 1.
    numbers: those of the formula by name: bias; mean, var, eps, gamma, beta (norm); max, sum (softmax: the greatest
        logit, and the sum of the exponentials); size, alpha, beta, k, squares (response); low, high (clip); bias_r,
        bias_z, bias_n, r, z, n, h (recurrent).
    winner: of "greatest" the row that was taken, of "least", "greatest" of two operands and "choose" the operand; of
        "response" the row that is x itself; else None.
    total: computed here, in float64.   activation, slope: the function that ends the station, None without.
    result: activation(total).
    value: what the kernel computed, in float32: equal to `result` but for rounding.
    """

    station: int
    place: tuple[int, ...]
    kind: str
    rule: str
    terms: tuple[Terms, ...]
    numbers: Mapping[str, float]
    winner: int | None
    total: float
    activation: str | None
    slope: float
    result: float
    value: float
