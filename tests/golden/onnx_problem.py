"""Networks that between them have every operation that is written as ONNX, with weights that both sides derive."""

from collections.abc import Callable

import numpy as np

from cnnkit import models, nn
from cnnkit.graph.onnx import onnx_file
from cnnkit.graph.trace import trace
from cnnkit.nn import Module
from cnnkit.nn.module import blank

IMAGES = 2


def _named(name: str, classes: int = 10) -> Callable[[tuple[int, int, int]], Module]:
    return lambda image: models.create(name, classes=classes, in_channels=image[2], image_size=image[:2])


def _flattened(image: tuple[int, int, int]) -> Module:
    """Flat numbers that a dense layer does not follow at once, uneven places, a norm across channels."""
    conv = nn.Conv2d(image[2], 6, 3, padding=1, activation="swish")
    pools = [nn.LocalResponseNorm(3), nn.AdaptiveAvgPool2d((4, 3))]
    return nn.Sequential(conv, *pools, nn.Flatten(), nn.ReLU(), nn.Linear(72, 5), nn.LeakyReLU(0.1), nn.Linear(5, 4))


# By name: what makes the network, and the image that goes in.
NETWORKS: dict[str, tuple[Callable[[tuple[int, int, int]], Module], tuple[int, int, int]]] = {
    "lenet5": (_named("lenet5"), (28, 28, 1)),
    "resnet20": (_named("resnet20"), (32, 32, 3)),
    "squeezenet1_1": (_named("squeezenet1_1"), (64, 64, 3)),
    "mobilenet_v3_small": (_named("mobilenet_v3_small"), (64, 64, 3)),
    "shufflenet_v2_x0_5": (_named("shufflenet_v2_x0_5"), (64, 64, 3)),
    "fcn8s_bn_x0_125": (_named("fcn8s_bn_x0_125", 3), (64, 64, 3)),
    "deeplab_v3_resnet18_x0_25": (_named("deeplab_v3_resnet18_x0_25", 3), (64, 64, 3)),
    "reseg_bn_x0_25": (_named("reseg_bn_x0_25", 3), (64, 64, 3)),
    "airnet_x0_25": (_named("airnet_x0_25"), (32, 32, 3)),
    "flattened": (_flattened, (10, 8, 3)),
}


def made(name: str) -> tuple[Module, np.ndarray]:
    """The network in use and images, the same numbers on every machine: whole numbers over powers of two."""
    build, image = NETWORKS[name]
    module = build(image).eval()
    for key, parameter in module.named_parameters():
        scale = 2.0 ** -round(np.log2(max(np.prod(parameter.shape[:-1]), 1)) / 2)
        parameter.numpy()[...] = numbers(parameter.shape) * (scale if parameter.ndim > 1 else 0.25) + (
            key.endswith("weight") and parameter.ndim == 1
        )
    for key, buffer in module.named_buffers():
        buffer[...] = numbers(buffer.shape) * 0.25 + ("var" in key)
    return module, numbers((IMAGES, *image))


def numbers(shape: tuple[int, ...]) -> np.ndarray:
    """Between -1 and 1, without a pattern that layers could cancel."""
    count = np.arange(np.prod(shape, dtype=np.int64), dtype=np.int64)
    return ((count * 2654435761 % 4093 % 255 - 127) / 128).reshape(shape).astype(np.float32)


def file_of(module: Module, image: tuple[int, ...], *, batch: int | None = None) -> bytes:
    graph = trace(module, blank((batch or 3, *image)))
    assert graph is not None
    return onnx_file(graph, ["logits"], any_batch=batch is None, facts={"classes": "[]"})
