"""Does the loader hold up training? Images a second of the loader alone, and the share of a training that waits for it.

python benchmarks/loader.py [--threads 2] [--seconds 20] [--pictures FOLDER]

Kept as results/<cpu>/loader-<threads>t.json, and shown among the tables of README.md.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from kept import keep
from tables import write_tables

from cnnkit import kernels, models
from cnnkit.autograd import Tensor
from cnnkit.cli.show.machine import machine_facts
from cnnkit.data.load.batch import Batch
from cnnkit.data.load.loader import Loader
from cnnkit.data.open.source import open_data
from cnnkit.data.sets.base import ArrayDataset, Dataset
from cnnkit.data.sets.picture_cache import CACHE_BYTES
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.ops import cross_entropy
from cnnkit.optim import SGD

PICTURES = Path(__file__).resolve().parents[2] / "shared" / "data" / "ants-bees"
CIFAR_BATCH, PICTURE_BATCH, SIDE = 128, 32, 224
# (network, data, augmentation)
TRAININGS = (
    ("resnet20", "arrays", "standard"),
    ("squeezenet1_1", "pictures, decoded each time", "standard"),
    ("squeezenet1_1", "pictures, kept decoded", "standard"),
    ("mobilenet_v2", "pictures, decoded each time", "standard"),
    ("mobilenet_v2", "pictures, kept decoded", "standard"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="that compute, and at most that load")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each figure")
    parser.add_argument("--pictures", type=Path, default=PICTURES, help="an image folder")
    options = parser.parse_args()
    with kernels.use(None, options.threads):
        sets = data_sets(options.pictures)
        for data, batch in sets.values():
            check_equal(data, batch)
        alone = list(loaders_alone(sets, options.threads, options.seconds))
        trained = [training(*row, sets, options.seconds) for row in TRAININGS]
    keep({"machine": machine_facts(), "alone": alone, "training": trained}, f"loader-{options.threads}t")
    write_tables()


def data_sets(pictures: Path) -> dict[str, tuple[Dataset, int]]:
    """Name -> data and images in a batch: as many small images as CIFAR-10 has in a file, and pictures at 224."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (10_000, 32, 32, 3), np.uint8)
    preprocessing = Preprocessing(32, 32, 3, (0.5,) * 3, (0.25,) * 3)
    classes = [str(label) for label in range(10)]
    arrays = ArrayDataset(
        images, rng.integers(0, 10, 10_000), name="arrays", classes=classes, preprocessing=preprocessing, mirror=True
    )
    cold = open_data(pictures, image_size=SIDE, cache_bytes=0).train
    kept = open_data(pictures, image_size=SIDE, cache_bytes=CACHE_BYTES).train
    return {
        "arrays": (arrays, CIFAR_BATCH),
        "pictures, decoded each time": (cold, PICTURE_BATCH),
        "pictures, kept decoded": (kept, PICTURE_BATCH),
    }


def check_equal(data: Dataset, batch: int) -> None:
    """One worker and three make the same first batches."""
    one, three = (Loader(data, batch, shuffle=True, augment="standard", workers=workers).epoch(0) for workers in (1, 3))
    with closing(one), closing(three):  # type: ignore[type-var]
        for _ in range(3):
            np.testing.assert_array_equal(next(one).x, next(three).x)


def loaders_alone(sets: dict[str, tuple[Dataset, int]], threads: int, seconds: float) -> Iterator[dict[str, Any]]:
    """Images a second that nobody uses, by data, augmentation and workers."""
    for name, (data, batch) in sets.items():
        for augment in ("none", "light", "standard"):
            for workers in sorted({1, threads}):
                loader = Loader(data, batch, shuffle=True, augment=augment, workers=workers)
                rates = [rate(loader, number, seconds / 3) for number in range(3)]
                yield {
                    "data": name,
                    "augment": augment,
                    "workers": workers,
                    "images_per_second": round(float(np.median(rates)), 1),
                    "best": round(max(rates), 1),
                    "worst": round(min(rates), 1),
                }


def rate(loader: Loader, number: int, seconds: float) -> float:
    """Images a second over whole epochs, for so long at least."""
    images, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        images += sum(len(batch) for batch in loader.epoch(number))
    return images / (time.perf_counter() - begun)


def training(
    network: str, name: str, augment: str, sets: dict[str, tuple[Dataset, int]], seconds: float
) -> dict[str, Any]:
    """A training as `fit` runs it, with the clock on every wait for a batch."""
    data, batch_size = sets[name]
    H, W, C = data.preprocessing.shape
    model = models.create(
        network, classes=len(data.classes), in_channels=C, image_size=(H, W), rng=np.random.default_rng(0)
    )
    optimiser = SGD(model.parameters(), lr=0.001, momentum=0.9)
    loader = Loader(data, batch_size, shuffle=True, augment=augment, drop_last=True)
    batches = endless(loader)
    with closing(batches):  # type: ignore[type-var]
        for _ in range(2):  # compiles
            step(model, optimiser, next(batches))
        images, waited, begun = 0, 0.0, time.perf_counter()
        while time.perf_counter() - begun < seconds:
            asked = time.perf_counter()
            batch = next(batches)
            waited += time.perf_counter() - asked
            step(model, optimiser, batch)
            images += len(batch)
        total = time.perf_counter() - begun
    return {
        "network": network,
        "data": name,
        "augment": augment,
        "batch": batch_size,
        "images_per_second": round(images / total, 1),
        "step_images_per_second": round(images / (total - waited), 1),
        "waited_share": round(waited / total, 4),
    }


def endless(loader: Loader) -> Iterator[Batch]:
    """Epoch after epoch; the start of each is waited for as in a training."""
    number = 0
    while True:
        yield from loader.epoch(number)
        number += 1


def step(model: Any, optimiser: SGD, batch: Batch) -> None:
    loss = cross_entropy(model(Tensor(batch.x)), batch.targets)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


if __name__ == "__main__":
    main()
