"""Metric: a number that tells how well a network does, with what is needed to compare it and to show it."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Metric:
    """name: in records, results and options.   label: as people read it.   high: whether more is better.

    share: a number from 0 to 1, which people read in per cent.
    optional: of those that run along in training: some networks of the task have none of it.
    """

    name: str
    label: str
    high: bool = True
    share: bool = True
    optional: bool = False

    @property
    def within(self) -> tuple[float, float] | None:
        """Least and most in a record; None for any finite number."""
        return (0.0, 1.0) if self.share else None

    def goodness(self, value: float) -> float:
        """The value, or its negative where less is better."""
        return value if self.high else -value

    def text(self, value: float) -> str:
        """The value for people."""
        return f"{100 * value:.2f} %" if self.share else f"{value:.4g}"

    def brief(self, value: float) -> str:
        """The same where it changes all the time."""
        return f"{100 * value:.0f} %" if self.share else f"{value:.3g}"

    def reaches(self, value: float, wanted: float) -> bool:
        """Whether the value is as good as wanted, or better."""
        return self.goodness(value) >= self.goodness(wanted)
