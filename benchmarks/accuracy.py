"""Keep what a training reached: results/<cpu>/accuracy/<name>.json, and a row in the tables of README.md.

python benchmarks/accuracy.py RUN --as resnet20-cifar10 [--note "..."] [--commit abc1234]

A run that was not finished is kept with its curve and the time that it would have taken to its end.
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from kept import keep
from tables import write_tables

from cnnkit.cli.show.machine import machine_facts
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.find import open_run
from cnnkit.engine.run.folder import Run
from cnnkit.tasks import registry as tasks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a run folder")
    parser.add_argument("--as", dest="name", required=True, help="the recipe's name, or whatever tells the run")
    parser.add_argument("--note", default="", help="what else was going on")
    parser.add_argument("--commit", help="of the code that trained, if not the present one")
    options = parser.parse_args()
    kept = facts(open_run(options.run), options.name, options.note)
    keep(kept | ({"commit": options.commit} if options.commit else {}), f"accuracy/{options.name}")
    write_tables()


def facts(run: Run, name: str, note: str) -> dict[str, Any]:
    """What was trained, where, and how it went; no path of this machine."""
    manifest, result, options = run.read_manifest(), run.read_result(), FitOptions.read(run.config)
    here = machine_facts()
    if manifest["machine"]["cpu"] != here["cpu"]:
        raise SystemExit(f"{run.path} was computed on {manifest['machine']['cpu']}, not on this {here['cpu']}.")
    events = [json.loads(line) for line in run.events.read_text().splitlines()]
    epochs = [event for event in events if event["event"] == "EpochEnd"]
    began = [event for event in events if event["event"] == "RunStarted"]
    task = tasks.find(manifest.get("task"))
    running = [f"train_{metric.name}" for metric in task.running] + [f"val_{metric.name}" for metric in task.metrics]
    reached = [metric.name for metric in (*task.metrics, *task.further)]
    data = "" if result is None else str(result["data"])
    return {
        "name": name,
        "note": note,
        "model": manifest["model"],
        "parameters": began[0]["parameters"],
        "data": data or manifest["data"]["name"],
        "images": {part: began[0][f"{part}_images"] for part in ("train", "val", "test")},
        "options": {
            key: value for key, value in options.to_record().items() if key not in ("output", "data", "weights")
        },
        "seed": manifest["seed"],
        "started": manifest["started"],
        "parts": [{"step": event["step"], "threads": event.get("threads", manifest["threads"])} for event in began],
        "machine": manifest["machine"] | {"lanes": here["lanes"], "versions": manifest["versions"]},
        "epochs": len(epochs),
        "steps": began[-1]["steps"],
        "steps_done": epochs[-1]["step"],
        "seconds": round(epochs[-1]["seconds"] if result is None else result["seconds"], 1),
        "seconds_per_epoch": round(median(seconds_of(epochs)), 2),
        "metric": task.metrics[0].name,
        "test": None if result is None else {name: result[name] for name in reached if name in result},
        "val": {metric.name: epochs[-1][f"val_{metric.name}"] for metric in task.metrics},
        "train_loss": [round(epochs[0]["train_loss"], 4), round(epochs[-1]["train_loss"], 4)],
        "curve": [
            {
                "epoch": event["epoch"],
                "seconds": round(event["seconds"], 1),
                "train_loss": round(event["train_loss"], 4),
                "val_loss": round(event["val_loss"], 4),
                "lr": event["lr"],
                **{name: round(event[name], 4) for name in running if name in event},
            }
            for event in epochs
        ],
    }


def seconds_of(epochs: list[dict[str, Any]]) -> list[float]:
    """How long each took; the first one with compiling and all that came before."""
    ends = [0.0, *(event["seconds"] for event in epochs)]
    return [later - earlier for earlier, later in pairwise(ends)]


if __name__ == "__main__":
    main()
