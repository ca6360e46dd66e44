"""The learning rate as a pure function of the step. Past the last step it stays at its last value.

Every schedule can start with a warm-up: over the first `warmup` steps the rate climbs linearly to its peak, which
keeps the first, blind steps small (Goyal et al. 2017, arXiv:1706.02677, section 2.2).
"""

import math
from dataclasses import dataclass

from cnnkit.errors import UsageError, unknown_name


@dataclass(frozen=True)
class Schedule:
    """Abstract: a subclass says how the rate goes on after the warm-up."""

    total_steps: int
    peak: float
    warmup: int = 0

    def __post_init__(self) -> None:
        if self.total_steps < 1:
            raise UsageError(f"total_steps is {self.total_steps}, expected at least 1.")
        if not (self.peak >= 0 and math.isfinite(self.peak)):
            raise UsageError(f"peak (the learning rate) is {self.peak}, expected a finite number of at least 0.")
        if not 0 <= self.warmup <= self.total_steps:
            raise UsageError(f"warmup is {self.warmup} steps, expected 0 to {self.total_steps}, the number of steps.")

    def lr(self, step: int) -> float:
        """The rate of step 0, 1, 2, …"""
        step = min(step, self.total_steps - 1)
        if step < self.warmup:
            return self.climb(step)
        return self.after(step)

    def climb(self, step: int) -> float:
        """The rate within the warm-up."""
        return self.peak * (step + 1) / (self.warmup + 1)

    def after(self, step: int) -> float:
        """The rate once the warm-up is over."""
        raise NotImplementedError

    def progress(self, step: int) -> float:
        """How much of the way after the warm-up lies behind: 0 at its first step, just below 1 at the last."""
        return (step - self.warmup) / (self.total_steps - self.warmup)


@dataclass(frozen=True)
class Constant(Schedule):
    """Always the peak."""

    def after(self, step: int) -> float:
        return self.peak


@dataclass(frozen=True)
class Step(Schedule):
    """Times `factor` each time another share `every` of all steps is over: the staircase of the early papers."""

    every: float = 1 / 3
    factor: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.every <= 1:
            raise UsageError(f"every is {self.every}, expected a share of the steps, above 0 and at most 1.")

    def after(self, step: int) -> float:
        return self.peak * float(self.factor ** math.floor(step / self.total_steps / self.every + 1e-9))


@dataclass(frozen=True)
class Cosine(Schedule):
    """floor + (peak - floor) · (1 + cos(π·progress)) / 2

    Source: Loshchilov & Hutter 2016, arXiv:1608.03983, equation 5, without restarts.
    """

    floor: float = 0.0

    def after(self, step: int) -> float:
        return self.floor + (self.peak - self.floor) * (1 + math.cos(math.pi * self.progress(step))) / 2


@dataclass(frozen=True)
class OneCycle(Schedule):
    """From peak/25 up to the peak over the warm-up, then down to peak/10,000, both along half a cosine.

    Source: Smith & Topin 2017, arXiv:1708.07120, section 3.
    """

    def climb(self, step: int) -> float:
        low = self.peak / 25
        return low + (self.peak - low) * (1 - math.cos(math.pi * step / self.warmup)) / 2

    def after(self, step: int) -> float:
        low = self.peak / 10_000
        return low + (self.peak - low) * (1 + math.cos(math.pi * self.progress(step))) / 2


@dataclass(frozen=True)
class Triangle(Schedule):
    """From peak/5 in a straight line up to the peak over the warm-up, and in another down to 7 % of it.

    Source: Jordan 2024, arXiv:2404.00498, listing 4: after a fifth to a quarter of all steps the rate is highest.
    """

    def climb(self, step: int) -> float:
        low = self.peak / 5
        return low + (self.peak - low) * step / self.warmup

    def after(self, step: int) -> float:
        return self.peak + (0.07 * self.peak - self.peak) * self.progress(step)


_SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "step": Step,
    "cosine": Cosine,
    "one-cycle": OneCycle,
    "triangle": Triangle,
}
# The share of all steps in which the rate rises by custom; in others it does not.
_WARMUP = {"one-cycle": 0.3, "triangle": 0.23}


def names() -> list[str]:
    """What `create` knows."""
    return list(_SCHEDULES)


def create(name: str, lr: float, total_steps: int, *, warmup: int | None = None) -> Schedule:
    """The schedule of this name with peak `lr`.

    warmup: None is its custom, 30 % of the steps for one-cycle, 23 % for triangle, none elsewhere.
    """
    if name not in _SCHEDULES:
        raise unknown_name("schedule", name, names())
    if warmup is None:
        warmup = round(_WARMUP.get(name, 0.0) * total_steps)
    return _SCHEDULES[name](total_steps, lr, warmup)
