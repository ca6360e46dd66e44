"""Figures on disk: results/<cpu>/<name>.json, with the commit that they were measured at."""

import json
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "results"


def keep(kept: dict[str, object], name: str) -> None:
    """Write figures with the commit they were taken at into the folder of this machine."""
    kept = {"commit": present_commit()} | kept
    folder = RESULTS / re.sub(r"[^a-z0-9]+", "-", cpu_of(kept["machine"]).lower()).strip("-")
    file = folder / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(kept, indent=1) + "\n")


def present_commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=HERE, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()


def cpu_of(machine: dict[str, object]) -> str:
    """The CPU's name; a virtual machine may hide the model, so its widest vectors tell it apart."""
    return f"{machine['cpu']} {machine['lanes']} lanes"
