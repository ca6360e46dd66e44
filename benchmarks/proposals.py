"""How much of what is in pictures does selective search find, with how many boxes, in which time?

python benchmarks/proposals.py [--threads 1] [--pictures 24] [--thorough]

Recall is the share of the true boxes that one of the proposals overlaps by at least 0.5 (intersection over union); the
best overlap is the mean over the true boxes (the paper's MABO, not averaged over classes). Seconds are the processor's,
so that a machine that does other things too tells the same; a picture that was searched before warms the kernels up.
Kept as results/<cpu>/proposals-<threads>t.json, and shown among the tables of README.md.
"""

import argparse
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from kept import keep
from PIL import Image
from tables import write_tables

from cnnkit import kernels
from cnnkit.cli.show.machine import machine_facts
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.proposals import FAST, QUALITY, Strategies, selective_search

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
# What the photos show, as shared/data/README.md lists it: where a detector and whoever looked agree.
PHOTOS = {
    "dog.jpg": {"car": (454, 76, 685, 182), "dog": (126, 230, 361, 512), "bicycle": (255, 189, 582, 423)},
    "person.jpg": {"person": (183, 88, 270, 379), "dog": (74, 260, 212, 353), "horse": (422, 141, 582, 320)},
    "horses.jpg": {"horse": (415, 213, 599, 345), "another horse": (0, 182, 375, 416)},
    "eagle.jpg": {"bird": (217, 89, 591, 444)},
    "giraffe.jpg": {"giraffe": (161, 0, 415, 442), "zebra": (311, 210, 414, 440)},
    "cat.jpg": {"cat": (168, 10, 362, 364)},
    "astronaut.png": {"person": (17, 65, 365, 504)},
    "coffee.png": {"cup": (166, 20, 410, 266)},
}


class Shown(NamedTuple):
    """A picture, and what is in it: classes and boxes (n, 4) float32."""

    picture: Host
    classes: list[str]
    boxes: Host


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pictures", type=int, help="of BCCD, from all over; all of them by default")
    parser.add_argument("--thorough", action="store_true", help="all 80 strategies of the paper, not 8")
    options = parser.parse_args()
    strategies = QUALITY if options.thorough else FAST
    with kernels.use(None, options.threads):
        selective_search(next(photos()).picture, strategies)
        searched = [
            measured("photos", photos(), strategies),
            measured("bccd", blood_cells(options.pictures), strategies),
        ]
    name = "proposals-thorough" if options.thorough else "proposals"
    keep({"machine": machine_facts(), "searched": searched, "seconds": timed(strategies)}, f"{name}-{options.threads}t")
    write_tables()


def photos() -> Iterator[Shown]:
    for name, things in PHOTOS.items():
        yield Shown(rgb(DATA / "photos" / name), list(things), np.array(list(things.values()), np.float32))


def blood_cells(count: int | None) -> Iterator[Shown]:
    """BCCD without its two empty boxes."""
    files = sorted((DATA / "bccd").rglob("Annotations/*.xml"))
    for file in files[:: max(1, len(files) // count) if count else 1]:
        classes, boxes = [], []
        for thing in ElementTree.parse(file).iter("object"):
            corners = [float(thing.findtext(f"bndbox/{side}", "")) for side in ("xmin", "ymin", "xmax", "ymax")]
            if corners[0] < corners[2]:
                classes.append(thing.findtext("name", ""))
                boxes.append(corners)
        yield Shown(rgb(file.parents[1] / "JPEGImages" / f"{file.stem}.jpg"), classes, np.array(boxes, np.float32))


def rgb(path: Path) -> Host:
    return np.asarray(Image.open(path).convert("RGB"))


def measured(data: str, pictures: Iterator[Shown], strategies: Strategies) -> dict[str, object]:
    """Recall and best overlap by class and over all, boxes and seconds a picture."""
    best: dict[str, list[float]] = {}
    counts, seconds = [], []
    for shown in pictures:
        begun = time.process_time()
        proposals = selective_search(shown.picture, strategies)
        seconds.append(time.process_time() - begun)
        counts.append(len(proposals))
        overlaps = kernels.of(proposals).box_iou(shown.boxes, proposals)
        for name, most in zip(shown.classes, overlaps.max(axis=1), strict=True):
            best.setdefault(name, []).append(float(most))
    everything = [most for found in best.values() for most in found]
    return {
        "data": data,
        "pictures": len(counts),
        "boxes": len(everything),
        "recall": round(float(np.mean(np.array(everything) >= 0.5)), 4),
        "best_overlap": round(float(np.mean(everything)), 4),
        "classes": {name: round(float(np.mean(np.array(found) >= 0.5)), 4) for name, found in sorted(best.items())},
        "proposals": round(float(np.mean(counts)), 1),
        "cpu_seconds": round(float(np.median(seconds)), 3),
        "worst_cpu_seconds": round(max(seconds), 3),
    }


def timed(strategies: Strategies) -> dict[str, float]:
    """A picture of 500x375: seconds of the processor and by the clock, the best of five."""
    picture = np.asarray(Image.fromarray(rgb(DATA / "photos" / "dog.jpg")).resize((500, 375)))
    runs = []
    for _ in range(5):
        begun, clock = time.process_time(), time.perf_counter()
        selective_search(picture, strategies)
        runs.append((time.process_time() - begun, time.perf_counter() - clock))
    return {"cpu": round(min(cpu for cpu, _ in runs), 3), "clock": round(min(clock for _, clock in runs), 3)}


if __name__ == "__main__":
    main()
