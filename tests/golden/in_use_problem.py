"""Networks whose float32 answers are compared with float64's: weights and images that both sides make alike."""

from typing import Any

import numpy as np

from cnnkit import models
from cnnkit.bench.network_cases.boxes import Heads
from cnnkit.bench.network_cases.learning import resting

# (network, side of an image); those for classes that torchvision has too are in networks.json.
CASES = (
    ("lenet5", 28),
    ("convnet", 28),
    ("digitnet", 28),
    ("unet", 128),
    ("deeplab_v3_mobilenet_v3_large", 128),
    ("yolo_fastest", 160),
    ("yolo_nano", 160),
    ("ssd_nano", 160),
    ("ssd300_vgg16", 300),
)
KEPT = 200


def problem(name: str, side: int) -> tuple[Any, np.ndarray]:
    """The network in use, of a detector its heads, and one image."""
    network = resting(name, side, np.random.default_rng(0)).eval()
    x = np.random.default_rng(1).standard_normal((1, side, side, models.spec(name).input[2]), dtype=np.float32)
    return (Heads(network) if models.spec(name).kind == "detection" else network), x


def places(size: int) -> np.ndarray:
    """Of so many numbers those that are kept."""
    return np.sort(np.random.default_rng(2).choice(size, min(size, KEPT), replace=False))
