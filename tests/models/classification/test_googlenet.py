"""GoogLeNet: auxiliary classifiers in training, and its sizes."""

import numpy as np
import pytest

from cnnkit import models
from cnnkit.autograd import no_grad
from cnnkit.models.weights.layouts import flattened
from cnnkit.nn import Module, WithAuxiliary

X = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype(np.float32)


@pytest.fixture
def model() -> Module:
    return models.create("googlenet", classes=3, image_size=(8, 8))


def test_training_gives_three_classifiers_and_use_one(model):
    with no_grad():
        trained, used = model.train()(X), model.eval()(X)
    assert isinstance(trained, WithAuxiliary) and trained.weight == 0.3
    assert [y.shape for y in (trained.logits, *trained.auxiliary)] == [(2, 3)] * 3
    assert used.shape == (2, 3)


def test_a_state_for_use_lacks_the_auxiliary_classifiers(model):
    needed = model.needed_in_use()
    assert not any(name.startswith("aux") or name.endswith("counter") for name in needed)
    model.load_state_dict(needed)


def test_no_auxiliary_layer_is_counted_or_listed():
    told = models.summary("googlenet", classes=3)
    assert not any(row.name.startswith("aux") for row in told.layers)
    assert told.parameters == 6_624_904 - 997 * 1025


def test_the_dense_layers_of_auxiliary_classifiers_follow_a_flatten(model):
    assert flattened(model, X.shape) == {"aux1.fc1.weight": (4, 4, 128), "aux2.fc1.weight": (4, 4, 128)}


def test_looking_at_the_layers_changes_nothing(model):
    before = {name: array.copy() for name, array in model.train().state_dict().items()}
    model.watched(X.shape, auxiliary=True)
    assert all(module.training for module in model.modules())
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    ("size", "shapes"),
    [
        (224, {"conv1.norm": (112, 112, 64), "maxpool2": (28, 28, 192), "maxpool4": (7, 7, 832)}),
        # Partly filled windows count: 95 -> 48 -> 24 -> 12 -> 6 -> 3.
        (95, {"conv1.norm": (48, 48, 64), "maxpool2": (12, 12, 192), "maxpool4": (3, 3, 832)}),
        (32, {"conv1.norm": (32, 32, 64), "maxpool2": (16, 16, 192), "maxpool4": (4, 4, 832)}),
    ],
)
def test_sizes_are_those_of_the_table(size, shapes):
    found = {row.name: row.output for row in models.summary("googlenet", image_size=(size, size)).layers}
    assert {name: found[name] for name in shapes} == shapes
