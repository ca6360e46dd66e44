"""What a measurement found."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Result:
    """One measured case. Times in milliseconds; a ratio in `against` above 1 means that cnnkit is the faster.

    rested_ms, against_rested_ms: of the first call after a rest, in which the threads of all had fallen asleep.
    mb, against_mb: where whole processes are measured, the most memory that was resident, in 2^20 bytes.
    """

    case: str
    backend: str
    threads: int
    ms: float
    best_ms: float
    worst_ms: float
    gflops: float | None
    peak_fraction: float | None
    against: dict[str, float] = field(default_factory=dict)
    against_ms: dict[str, float] = field(default_factory=dict)
    precision: str = "fast"
    rested_ms: float | None = None
    against_rested_ms: dict[str, float] = field(default_factory=dict)
    mb: float | None = None
    against_mb: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
