"""Every registered model under the same tests: what builds is tried on all, what computes on one of each file.

Those that give a class to every pixel have tests of their own in segmentation; what a checkpoint holds is the same.
"""

import hashlib
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from cnnkit import kernels, models, nn, ops, optim
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import UsageError
from cnnkit.nn.init import without_values

GOLDEN = Path(__file__).parents[1] / "golden" / "parameters.json"
REGENERATE = "If the change is meant: python tests/models/test_models.py writes tests/golden/parameters.json anew."

# The lightest of each file, and whether it learns quickly enough for every run.
LIGHTEST = {
    "lenet5": True,
    "lenet_caffe": True,
    "convnet": True,
    "digitnet": True,
    "alexnet": False,
    "vgg11": False,
    "googlenet": False,
    "squeezenet1_1": False,
    "resnet9_x0_5": False,
    "airnet": False,
    "resnet20": True,
    "resnet18": False,
    "mobilenet_v1_x0_25": True,
    "mobilenet_v2": False,
    "mobilenet_v3_small": False,
    "shufflenet_v1": False,
    "shufflenet_v2_x0_5": False,
}

# Learning rate and steps; deep networks without norms want smaller steps.
PACE = defaultdict(lambda: (3e-3, 30), vgg11=(3e-4, 30), squeezenet1_1=(5e-4, 60))

every_model = pytest.mark.parametrize("name", models.names())
every_classifier = pytest.mark.parametrize("name", models.names("classification"))
one_of_each_file = pytest.mark.parametrize("name", LIGHTEST)


def home(name: str) -> str:
    """The file that registers this model."""
    build = models.spec(name).build
    return getattr(build, "func", build).__module__


def contents(name: str) -> dict[str, str]:
    """What a checkpoint holds of each part of the published network: a digest of the names and shapes."""
    parts = defaultdict(list)
    H, W, C = models.spec(name).input
    with without_values():
        model = models.create(name, classes=models.spec(name).classes, in_channels=C, image_size=(H, W))
    for key, array in model.state_dict().items():
        parts[key.partition(".")[0]].append((key, array.shape))
    return {part: digest(arrays) for part, arrays in parts.items()}


def digest(arrays: list[tuple[str, tuple[int, ...]]]) -> str:
    told = hashlib.sha256("\n".join(f"{key} {shape}" for key, shape in arrays).encode()).hexdigest()
    return f"{len(arrays)} arrays, {sum(int(np.prod(shape)) for _, shape in arrays)} numbers, {told[:12]}"


def logits_of(y: Tensor | nn.WithAuxiliary) -> Tensor:
    return y.logits if isinstance(y, nn.WithAuxiliary) else y


def test_one_of_each_file_is_tried():
    assert {home(name) for name in LIGHTEST} == {home(name) for name in models.names("classification")}


@every_classifier
def test_the_result_is_a_logit_per_class(name):
    with without_values():
        model = models.create(name, classes=101, in_channels=1, image_size=(48, 36)).eval()
    assert model.output_shape((2, 48, 36, 1)) == (2, 101)


@one_of_each_file
@pytest.mark.parametrize("image_size", [(33, 32), (65, 90)])
def test_images_may_have_odd_sizes(name, image_size):
    with without_values():
        model = models.create(name, classes=3, in_channels=3, image_size=image_size).eval()
    assert model.output_shape((2, *image_size, 3)) == (2, 3)


@one_of_each_file
def test_a_forward_pass_gives_what_the_shapes_promise(name):
    model = models.create(name, classes=3, image_size=(33, 32)).eval()
    with no_grad():
        y = model(np.random.default_rng(0).normal(size=(2, 33, 32, 1)).astype(np.float32))
    assert y.shape == (2, 3) and np.isfinite(y.data).all()


@every_model
def test_names_and_shapes_of_parameters_stay(name):
    golden = json.loads(GOLDEN.read_text())
    assert golden.get(name) == contents(name), f"Saved weights of {name} would no longer load. {REGENERATE}"


@one_of_each_file
def test_the_state_goes_round(name):
    model = models.create(name, image_size=(32, 32), rng=np.random.default_rng(1))
    other = models.create(name, image_size=(32, 32), rng=np.random.default_rng(2))
    other.load_state_dict(model.state_dict())
    for key, array in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[key], array)


@one_of_each_file
@pytest.mark.slow
def test_first_weights_follow_from_the_rng(name):
    first, again, other = (
        models.create(name, image_size=(32, 32), rng=np.random.default_rng(seed)).parameters() for seed in (1, 1, 2)
    )
    assert all((a.data == b.data).all() for a, b in zip(first, again, strict=True))
    assert any((a.data != b.data).any() for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(
    "name", [name if quick else pytest.param(name, marks=pytest.mark.slow) for name, quick in LIGHTEST.items()]
)
def test_eight_images_are_learned_by_heart(name):
    rng = np.random.default_rng(0)
    side = 32 if name == "vgg11" else 16
    x, labels = rng.normal(size=(8, side, side, 1)).astype(np.float32), np.arange(8) % 3
    model = models.create(name, classes=3, image_size=(side, side), rng=rng)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.1  # thirty steps are too few for slower averages
    lr, steps = PACE[name]
    optimiser = optim.Adam(model.parameters(), lr=lr)
    with kernels.use(threads=1):  # too little work to share
        for _ in range(steps):
            optimiser.zero_grad()
            ops.cross_entropy(logits_of(model(x)), labels).backward()
            optimiser.step()
        with no_grad():
            for _ in range(20 if any(isinstance(module, nn.BatchNorm2d) for module in model.modules()) else 0):
                model(x)  # running averages arrive where the weights already are
    with no_grad():
        assert (model.eval()(x).data.argmax(1) == labels).all()


@every_classifier
def test_an_image_too_small_names_layer_and_smallest_size(name):
    with pytest.raises(UsageError, match=rf"Images of 2x3 pixels are too small for {name}, which needs \d+x\d+. "):
        models.create(name, image_size=(2, 3))


@every_classifier
def test_the_smallest_size_that_is_named_is_enough(name):
    with without_values():
        with pytest.raises(UsageError) as caught:
            models.create(name, image_size=(1, 1))
        side = int(str(caught.value).partition("--image-size ")[2].partition(")")[0])
        models.create(name, image_size=(side, side)).output_shape((1, side, side, 1))
        with pytest.raises(UsageError):
            models.create(name, image_size=(side - 1, side - 1))


@every_model
def test_the_spec_describes_the_model(name):
    spec = models.spec(name)
    assert spec.name == name and spec.paper and spec.summary.endswith(".") and len(spec.summary) < 100
    assert home(name).startswith("cnnkit.models.")


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({name: contents(name) for name in models.names()}, indent=1) + "\n")
