"""Two checkouts that were measured in turn: what is shown of them, and kept."""

import statistics
import subprocess
from pathlib import Path

from kept import keep

# Case -> side, "before" and "now" among them -> what it took in each round.
Measured = dict[str, dict[str, list[float]]]


def compared(measured: Measured, unit: str = "ms") -> list[dict[str, object]]:
    """For each case the medians over the rounds, and before / now of each; a line is printed of it."""
    cases: list[dict[str, object]] = []
    for case, taken in measured.items():
        ratios = [was / now for was, now in zip(taken["before"], taken["now"], strict=True)]
        medians = {side: statistics.median(times) for side, times in taken.items()}
        cases.append({"case": case, **medians, "before / now": ratios})
        sides = "  ".join(f"{side} {median:8.3f}" for side, median in medians.items())
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"{case:44} {sides} {unit}  before / now {spread}")
    return cases


def keep_beside(name: str, before: Path, cases: list[dict[str, object]], **facts: object) -> None:
    """Under results/CPU/beside/NAME.json, with the commit of the other checkout.   facts: `machine` and others."""
    command = ["git", "-C", str(before), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    keep({"before": commit, **facts, "cases": cases}, f"beside/{name}")
