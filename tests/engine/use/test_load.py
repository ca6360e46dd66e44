"""Weights that are left to their file: held once, and read again where somebody asks."""

import numpy as np
import pytest

from cnnkit import models
from cnnkit.autograd import Tensor, no_grad
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.run.checkpoint import save_weights
from cnnkit.engine.use.load import leave_to_file, load
from cnnkit.errors import CheckpointError

SIDE = 32


@pytest.fixture
def path(tmp_path):
    return saved(tmp_path / "w.safetensors", 0)


def saved(path, seed):
    network = models.create(
        "resnet20", classes=3, in_channels=3, image_size=(SIDE,) * 2, rng=np.random.default_rng(seed)
    )
    preprocessing = Preprocessing(SIDE, SIDE, 3, mean=(0.5,) * 3, std=(0.25,) * 3)
    record = {"model": "resnet20", "classes": ["a", "b", "c"], "preprocessing": preprocessing.to_record()}
    save_weights(path, network.state_dict(), record)
    return path


def logits(predictor, count=1):
    x = np.random.default_rng(1).standard_normal((count, SIDE, SIDE, 3)).astype(np.float32)
    with no_grad():
        return predictor.planned(Tensor(x)).numpy()


def held(predictor):
    return [parameter._array is not None for parameter in predictor.module.parameters() if parameter.ndim == 4]


def test_filters_with_a_norm_are_let_go_of_as_they_are_laid_out_and_answers_stay(path):
    ours, kept = load(path), load(path)
    leave_to_file(ours)
    assert all(held(ours))
    for count in (1, 2):  # another shape asks for no numbers again
        np.testing.assert_array_equal(logits(ours, count), logits(kept, count))
        assert not any(held(ours))
    assert all(held(kept))


def test_who_asks_has_the_same_numbers_from_the_file(path):
    ours = load(path)
    before = {name: array.copy() for name, array in ours.module.state_dict().items()}
    leave_to_file(ours)
    logits(ours)
    after = ours.module.state_dict()
    assert all(after[name].tobytes() == array.tobytes() for name, array in before.items()) and all(held(ours))


def test_a_file_that_is_another_one_now_is_refused(path):
    ours = load(path)
    leave_to_file(ours)
    logits(ours)
    saved(path, 1)
    with pytest.raises(CheckpointError, match="is another file than it was"):
        ours.module.state_dict()


def test_numbers_that_are_given_later_are_kept(path):
    ours = load(path)
    leave_to_file(ours)
    weight = next(parameter for parameter in ours.module.parameters() if parameter.ndim == 4)
    weight.data = np.ones(weight.shape, np.float32)
    logits(ours)
    assert (weight.data == 1).all()


def test_a_network_without_a_file_of_ours_keeps_its_numbers(path):
    ours = load(path)
    ours.file = None
    leave_to_file(ours)
    logits(ours)
    assert all(held(ours))
