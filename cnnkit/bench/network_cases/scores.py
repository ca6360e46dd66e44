"""Networks that tell scores of pictures or of pixels: a training step, and prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np

from cnnkit import models
from cnnkit.autograd import Tensor, no_grad
from cnnkit.bench.cases import Case, Titled
from cnnkit.bench.network_cases.learning import learning_case, resting
from cnnkit.bench.twins.in_use import predicting
from cnnkit.bench.twins.torch_twin import cross_entropy_of, loss_of
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
    ("vgg11_bn", 64, 32),
    ("googlenet", 8, 224),
    ("mobilenet_v2", 8, 224),
    ("shufflenet_v2_x1_0", 8, 224),
    ("resnet50", 4, 224),
    *MASKS,
    ("unet", 4, 128),
)
# Of 224x224 pixels; each is measured with one image and with many.
PICTURES = ("squeezenet1_1", "resnet18", "resnet50", "vgg16", "googlenet", "mobilenet_v2", "shufflenet_v2_x1_0")
MANY = 32
PREDICT = (
    *((name, N, 28) for name in ("convnet", "digitnet") for N in (1, 128)),
    *(("lenet5", N, 28) for N in (1, MANY, 128)),
    *(("resnet20", N, 32) for N in (1, MANY, 128)),
    *((name, N, 224) for name in PICTURES for N in (1, MANY)),
    *((name, 1, 256) for name, *_ in MASKS),
    *((name, MANY, 256) for name in ("unet", "deeplab_v3_mobilenet_v3_large")),
)
QUICK = "convnet"
LEARNS, PREDICTS = "training step", "predict"
Row = tuple[str, int, int]


def train_cases(*, quick: bool) -> Iterator[Callable[[], Case]]:
    return titled(train_case, LEARNS, [row for row in TRAIN if not quick or row[0] == QUICK])


def predict_cases(*, quick: bool) -> Iterator[Callable[[], Case]]:
    return titled(predict_case, PREDICTS, [row for row in PREDICT if not quick or row[0] == QUICK])


def setting(name: str, N: int, side: int) -> tuple[Module, Host, Host]:
    """The network, N seeded images, and labels of images or of pixels."""
    rng, spec = np.random.default_rng(0), models.spec(name)
    model = resting(name, side, rng)
    x = rng.standard_normal((N, side, side, spec.input[2]), dtype=np.float32)
    return model, x, rng.integers(0, min(10, spec.classes), (N, side, side) if spec.kind == "segmentation" else N)


def titled(make: Callable[..., Case], what: str, rows: Iterable[Row]) -> Iterator[Titled]:
    """The cases of rows, each made when its turn comes."""
    return (Titled(title_of(name, what, N, side), partial(make, name, N, side)) for name, N, side in rows)


def title_of(name: str, what: str, N: int, side: int) -> str:
    size = "" if side == models.spec(name).input[0] else f" of {side}x{side}"
    return f"{name} {what}, batch {N}{size}"


def train_case(name: str, N: int, side: int = 28) -> Case:
    """One step of `name` on N images."""
    model, x, labels = setting(name, N, side)
    images, theirs = Tensor(x), partial(cross_entropy_of, model, x, labels)
    title = title_of(name, LEARNS, N, side)
    return learning_case(title, model, x, lambda: loss_of(model(images), labels), theirs, quick=name == QUICK)


def predict_case(name: str, N: int, side: int = 28) -> Case:
    """Scores of N images, by the network made ready for use as `predict` does it."""
    model, x, _ = setting(name, N, side)
    ready, images = Planned(model.eval()), Tensor(x)

    def predict() -> Tensor:
        with no_grad():
            logits: Tensor = ready(images)
        return logits

    def check() -> None:
        """The images in another order give the same bits in that order."""
        order = np.random.default_rng(1).permutation(N)
        with no_grad():
            if not np.array_equal(ready(Tensor(x[order])).numpy(), predict().numpy()[order]):
                raise CheckFailed(f"{name}: the answer for an image depends on the images beside it.")

    flop = 2.0 * model.multiply_adds(x.shape)
    rivals = predicting(model, x, [predict().numpy()])
    return Case(title_of(name, PREDICTS, N, side), predict, check, flop, 4.0, rivals, quick=name == QUICK)
