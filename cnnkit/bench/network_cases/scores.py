"""Networks that tell scores of pictures or of pixels: a training step, and prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from cnnkit import models
from cnnkit.autograd import Tensor, no_grad
from cnnkit.bench.cases import Case
from cnnkit.bench.network_cases.learning import learning_case, resting
from cnnkit.bench.twins.onnx_twin import onnxruntime_predict
from cnnkit.bench.twins.torch_twin import cross_entropy_of, loss_of, torch_predict
from cnnkit.errors import CheckFailed
from cnnkit.graph import Planned
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module

# (network, images, side of an image)
MASKS = (
    ("fcn8s", 1, 128),
    ("fcn_resnet50", 2, 128),
    ("deeplab_v1", 2, 128),
    ("deeplab_v2", 2, 128),
    ("deeplab_v3_resnet50", 2, 128),
    ("deeplab_v3_mobilenet_v3_large", 4, 224),
    ("deeplab_v3_mobilenet_v2", 4, 224),
    ("deeplab_v3plus_mobilenet_v2", 4, 224),
    ("unet", 1, 128),
    ("reseg", 2, 128),
)
TRAIN = (
    ("convnet", 128, 28),
    ("digitnet", 128, 28),
    ("lenet5", 128, 28),
    ("resnet20", 128, 32),
    ("resnet18", 64, 32),
    ("mobilenet_v2", 8, 224),
    *MASKS,
)
PREDICT = (
    *((name, N, 28) for name in ("convnet", "digitnet", "lenet5") for N in (1, 128)),
    *(("resnet20", N, 32) for N in (1, 128)),
    *((name, 1, 224) for name in ("resnet18", "mobilenet_v2", "squeezenet1_1")),
    *((name, 1, 256) for name, *_ in MASKS),
)
QUICK = "convnet"


def train_cases(*, quick: bool) -> Iterator[Callable[[], Case]]:
    return (partial(train_case, *row) for row in TRAIN if not quick or row[0] == QUICK)


def predict_cases(*, quick: bool) -> Iterator[Callable[[], Case]]:
    return (partial(predict_case, *row) for row in PREDICT if not quick or row[0] == QUICK)


def _network(name: str, N: int, side: int) -> tuple[Module, Host, Host]:
    """The network, N seeded images, and labels of images or of pixels."""
    rng, spec = np.random.default_rng(0), models.spec(name)
    model = resting(name, side, rng)
    x = rng.standard_normal((N, side, side, spec.input[2]), dtype=np.float32)
    return model, x, rng.integers(0, min(10, spec.classes), (N, side, side) if spec.kind == "segmentation" else N)


def title_of(name: str, what: str, N: int, side: int) -> str:
    size = "" if side == models.spec(name).input[0] else f" of {side}x{side}"
    return f"{name} {what}, batch {N}{size}"


def train_case(name: str, N: int, side: int = 28) -> Case:
    """One step of `name` on N images."""
    model, x, labels = _network(name, N, side)
    theirs = partial(cross_entropy_of, model, x, labels)
    title = title_of(name, "training step", N, side)
    return learning_case(title, model, x, lambda: loss_of(model(Tensor(x)), labels), theirs, quick=name == QUICK)


def predict_case(name: str, N: int, side: int = 28) -> Case:
    """Scores of N images, by the network made ready for use as `predict` does it."""
    model, x, _ = _network(name, N, side)
    ready = Planned(model.eval())

    def predict() -> Host:
        with no_grad():
            logits: Host = ready(Tensor(x)).numpy()
        return logits

    def check() -> None:
        """The images in another order give the same bits in that order."""
        order = np.random.default_rng(1).permutation(N)
        with no_grad():
            if not np.array_equal(ready(Tensor(x[order])).numpy(), predict()[order]):
                raise CheckFailed(f"{name}: the answer for an image depends on the images beside it.")

    flop = 2.0 * model.multiply_adds(x.shape)
    rivals = {
        "torch": partial(torch_predict, model, x, [predict()]),
        "onnxruntime": partial(onnxruntime_predict, model, x, [predict()]),
    }
    return Case(title_of(name, "predict", N, side), predict, check, flop, 4.0, rivals, quick=name == QUICK)
