"""Every registered model under the same tests."""

import json
from pathlib import Path

import numpy as np
import pytest

from cnnkit import kernels, models, ops, optim
from cnnkit.autograd import no_grad
from cnnkit.errors import UsageError

GOLDEN = Path(__file__).parents[1] / "golden" / "parameters.json"
REGENERATE = "If the change is meant: python tests/models/test_models.py writes tests/golden/parameters.json anew."

every_model = pytest.mark.parametrize("name", models.names())


def shapes() -> dict[str, dict[str, list[int]]]:
    """Names and shapes of all that a checkpoint of every model holds, as created without options."""
    return {
        name: {key: list(array.shape) for key, array in models.create(name).state_dict().items()}
        for name in models.names()
    }


@every_model
@pytest.mark.parametrize(
    ("classes", "in_channels", "image_size"), [(10, 1, (28, 28)), (3, 3, (32, 20)), (101, 1, (17, 16))]
)
def test_the_result_is_a_logit_per_class(name, classes, in_channels, image_size):
    model = models.create(name, classes=classes, in_channels=in_channels, image_size=image_size).eval()
    assert model.output_shape((2, *image_size, in_channels)) == (2, classes)


@every_model
def test_a_forward_pass_gives_what_the_shapes_promise(name):
    model = models.create(name, classes=3, image_size=(13, 12)).eval()
    with no_grad():
        y = model(np.random.default_rng(0).normal(size=(2, 13, 12, 1)).astype(np.float32))
    assert y.shape == (2, 3) and np.isfinite(y.data).all()


@every_model
def test_names_and_shapes_of_parameters_stay(name):
    golden = json.loads(GOLDEN.read_text())
    assert golden.get(name) == shapes()[name], f"Saved weights of {name} would no longer load. {REGENERATE}"


@every_model
def test_the_state_goes_round(name):
    model = models.create(name, rng=np.random.default_rng(1))
    other = models.create(name, rng=np.random.default_rng(2))
    other.load_state_dict(model.state_dict())
    for key, array in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[key], array)


@every_model
def test_first_weights_follow_from_the_rng(name):
    first, again, other = (models.create(name, rng=np.random.default_rng(seed)).parameters() for seed in (1, 1, 2))
    assert all((a.data == b.data).all() for a, b in zip(first, again, strict=True))
    assert any((a.data != b.data).any() for a, b in zip(first, other, strict=True))


@every_model
def test_eight_images_are_learned_by_heart(name):
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(8, 16, 16, 1)).astype(np.float32), np.arange(8) % 3
    model = models.create(name, classes=3, image_size=(16, 16), rng=rng)
    optimiser = optim.Adam(model.parameters(), lr=3e-3)
    with kernels.use(threads=1):  # too little work to share
        for _ in range(30):
            optimiser.zero_grad()
            ops.cross_entropy(model(x), labels).backward()
            optimiser.step()
    with no_grad():
        assert (model.eval()(x).data.argmax(1) == labels).all()


@every_model
def test_an_image_too_small_names_layer_and_smallest_size(name):
    with pytest.raises(UsageError, match=rf"Images of 2x3 pixels are too small for {name}, which needs \d+x\d+. "):
        models.create(name, image_size=(2, 3))


@every_model
def test_the_smallest_size_that_is_named_is_enough(name):
    with pytest.raises(UsageError) as caught:
        models.create(name, image_size=(1, 1))
    side = int(str(caught.value).partition("--image-size ")[2].partition(")")[0])
    models.create(name, image_size=(side, side))
    with pytest.raises(UsageError):
        models.create(name, image_size=(side - 1, side - 1))


@every_model
def test_the_spec_describes_the_model(name):
    spec = models.spec(name)
    assert spec.name == name and spec.paper and spec.summary.endswith(".")
    assert spec.build.__module__.startswith("cnnkit.models.")


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(shapes(), indent=1) + "\n")
