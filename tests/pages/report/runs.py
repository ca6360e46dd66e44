"""Runs that no training made: many epochs, many classes, names that would like to be markup."""

import json
from pathlib import Path

import numpy as np

from cnnkit.bench.layers import LayerTime, NetworkTime
from cnnkit.data.check.report import DataReport
from cnnkit.data.picture.sheet import Tile
from cnnkit.data.sets.base import ArrayDataset
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.review.filters import Filters
from cnnkit.engine.review.judged import Judged
from cnnkit.engine.review.review import Review, glance
from cnnkit.engine.run.folder import Run
from cnnkit.pages.report.section import Seen
from cnnkit.pages.texts import read
from cnnkit.tasks.classification import ClassificationTally, ClassificationTask
from cnnkit.tasks.classification.measured import measured

EVIL = "<script>alert('class')</script>"


def names_of(classes: int) -> list[str]:
    return [EVIL, *(f"species number {number} & co." for number in range(1, classes))]


def made(folder: Path, epochs: int, classes: int, steps: int = 5, images: int = 5) -> Run:
    """A finished run of so many epochs in a folder; its events alone are written."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, lines = np.random.default_rng(0), []
    lines.append(
        {"event": "RunStarted", "model": "net", "data": EVIL, "parameters": 9, "test_images": classes * images}
    )
    total = epochs * steps
    for step in range(1, total + 1):
        loss = float(np.exp(-step / total) + 0.1 * rng.random())
        lines.append({"event": "StepEnd", "step": step, "steps": total, "loss": loss, "lr": 0.1 * step / total})
        if step % steps == 0:
            epoch = step // steps
            row = {"epoch": epoch, "step": step, "train_loss": loss, "train_accuracy": 0.5, "val_loss": loss + 0.1}
            row |= {"val_top1": 1 - loss / 3, "lr": 0.1, "seconds": 2.0 * epoch, "images_per_second": 100.0}
            lines.append({"event": "EpochEnd", **row, "best": epoch == epochs})
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "config.toml").write_text('data = "digits"\nepochs = 3\n')
    (folder / "manifest.json").write_text(json.dumps({"task": "classification", "data": {"name": EVIL}, "seed": 0}))
    (folder / "result.json").write_text(json.dumps({"best_epoch": epochs, "seconds": 2.0 * epochs}))
    return Run(folder)


def judged(classes: int, images: int = 5, worst: int = 24) -> Judged:
    """Two in three answers are right; the others are the class behind the true one."""
    rng, names = np.random.default_rng(1), names_of(classes)
    labels = np.repeat(np.arange(classes), images)
    wrong = rng.random(len(labels)) < 1 / 3
    tally = ClassificationTally(names)
    tally._labels.append(labels)
    tally._best.append(np.where(wrong, (labels + 1) % classes, labels))
    tally._scores.append(rng.uniform(0.3, 1, len(labels)).astype(np.float32))
    tally._losses.append(rng.uniform(0, 0.5, len(labels)) + 3 * wrong)
    blank = np.zeros((len(labels), 1, 1, 1), np.uint8)
    plain = Preprocessing(1, 1, 1, (0.0,), (1.0,))
    part = ArrayDataset(blank, labels, name="made", classes=names, preprocessing=plain)
    found = measured(tally, part, top_losses=worst)
    noise = rng.integers(0, 256, (worst, 144, 144, 3), np.uint8)
    shown = tuple((row, (Tile(noise[k], (row.truth, row.answer)),)) for k, row in enumerate(found.top_losses))
    return Judged(found, part, tally, ClassificationTask(names), "test", (), None, shown)


def seen(folder: Path, epochs: int, classes: int, language: str = "en") -> Seen:
    """Everything that a page can tell of such a run, but training images."""
    run, names = made(folder, epochs, classes), names_of(classes)
    told = glance(run, running=False)
    rows = [(name, 5, 5, 5) for name in names]
    review = Review(
        run,
        told.story,
        told.papers,
        judged=judged(classes),
        filters=Filters("conv1", np.random.default_rng(2).normal(size=(7, 7, 3, 96)).astype(np.float32)),
        checked=DataReport(EVIL, ["train", "val", "test"], rows, []),
    )
    layers = [LayerTime(f"layer{k}", (1, 7, 7, 64), 0.1 + k / 100, 50.0, 0.05) for k in range(150)]
    return Seen(review, read(language), NetworkTime("net", 1, 20.0, layers))
