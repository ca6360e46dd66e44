"""Write the kept figures into the tables of the manual's page on speed: python benchmarks/speed_page.py FOLDER.

FOLDER names a machine under results/. A table there begins with HEAD; what a row is about says its first cell, so a
network is added to the page by a row that has nothing but its name.
"""

import json
import sys
from pathlib import Path
from typing import Any

from kept import HERE, RESULTS

PAGE = HERE.parent / "cnnkit" / "docs" / "speed.md"
HEAD = "| | training step, torch | one image: torch |"
RIVALS = ("torch", "onnxruntime", "openvino")
KINDS = (" training step", " predict, batch 1")  # detectors' heads are named between


def rewritten(page: str, results: list[dict[str, Any]]) -> str:
    """The page with all rows of its tables written anew."""
    lines, within = [], False
    for line in page.split("\n"):
        within = line.startswith(HEAD) or (within and line.startswith("|"))
        named = within and not line.startswith((HEAD, "| ---"))
        lines.append(row(line.split("|")[1].strip(), results) if named else line)
    return "\n".join(lines)


def row(network: str, results: list[dict[str, Any]]) -> str:
    """One network: its training step beside torch, one image beside each rival; empty where none is kept."""
    step, one = (against(network, kind, results) for kind in KINDS)
    cells = [step.get("torch"), *(one.get(name) for name in RIVALS)]
    return f"| {network} | " + " | ".join("" if cell is None else f"{cell:.2f}" for cell in cells) + " |"


def against(network: str, kind: str, results: list[dict[str, Any]]) -> dict[str, float]:
    """Rivals' times over ours. Of a training measured twice, the larger batch counts, which stands later."""
    found: dict[str, float] = {}
    for result in results:
        case = result["case"].replace(" heads,", "")
        if case == network + kind or case.startswith((f"{network}{kind} of", f"{network}{kind}, batch")):
            found = result["against"]
    return found


def main() -> None:
    folder = RESULTS / sys.argv[1]
    kept = [json.loads((folder / f"{suite}-2t.json").read_text()) for suite in ("train", "predict")]
    Path(PAGE).write_text(rewritten(PAGE.read_text(), [result for each in kept for result in each["results"]]))


if __name__ == "__main__":
    main()
