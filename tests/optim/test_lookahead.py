"""Weights that go back to an average of where they were."""

import numpy as np
import pytest

from cnnkit import nn
from cnnkit.errors import CheckpointError, UsageError
from cnnkit.optim import Lookahead


@pytest.fixture
def module() -> nn.Module:
    return nn.Sequential({"dense": nn.Linear(2, 3), "norm": nn.BatchNorm2d(3)})


def test_every_so_many_steps_the_weights_are_where_the_average_is(module):
    lookahead, start = Lookahead(module, 2), module.dense.weight.data.copy()
    module.dense.weight.data[...] = 1
    lookahead.update(0.5)
    assert (module.dense.weight.data == 1).all()
    lookahead.update(0.5)
    kept = 0.95**5 / 8
    # one product and one sum in float32
    np.testing.assert_allclose(module.dense.weight.data, kept * start + (1 - kept), rtol=1e-6)
    np.testing.assert_array_equal(lookahead.state_dict()["dense.weight"], module.dense.weight.data)


def test_at_the_start_of_a_run_nothing_pulls(module):
    lookahead = Lookahead(module, 1)
    module.dense.weight.data[...] = 3
    lookahead.update(0.0)
    assert (module.dense.weight.data == 3).all() and (lookahead.state_dict()["dense.weight"] == 3).all()


def test_running_statistics_are_averaged_along(module):
    lookahead = Lookahead(module, 1)
    module.norm.running_mean[...] = 1
    lookahead.update(1.0)
    np.testing.assert_allclose(module.norm.running_mean, 1 - 0.95**5, rtol=1e-6)


def test_swapped_lends_the_average_to_the_module_and_takes_it_back(module):
    lookahead = Lookahead(module, 5)
    average, own = lookahead.state_dict()["dense.weight"].copy(), module.dense.weight.data
    own[...], module.norm.running_var[...] = 7, 8
    with lookahead.swapped():
        np.testing.assert_array_equal(module.dense.weight.data, average)
        assert (module.norm.running_var == 1).all()
    assert module.dense.weight.data is own and (own == 7).all() and (module.norm.running_var == 8).all()
    np.testing.assert_array_equal(lookahead.state_dict()["dense.weight"], average)


def test_swapped_ends_with_an_error_too(module):
    lookahead = Lookahead(module, 5)
    module.dense.weight.data[...] = 7
    with pytest.raises(ZeroDivisionError), lookahead.swapped():
        1 / 0  # noqa: B018
    assert (module.dense.weight.data == 7).all()


def test_saved_restored_and_continued_gives_the_same_bits(module):
    other = nn.Sequential({"dense": nn.Linear(2, 3), "norm": nn.BatchNorm2d(3)})
    lookahead, again = Lookahead(module, 2), Lookahead(other, 2)
    module.dense.weight.data[...] = 3
    lookahead.update(0.3)
    again.load_state_dict({name: array.copy() for name, array in lookahead.state_dict().items()})
    other.load_state_dict(module.state_dict())
    for one in (lookahead, again):
        one.update(0.4)
    for name, array in lookahead.state_dict().items():
        np.testing.assert_array_equal(array, again.state_dict()[name])
    np.testing.assert_array_equal(module.dense.weight.data, other.dense.weight.data)


def test_a_state_of_another_model_is_refused(module):
    with pytest.raises(CheckpointError, match=r"does not fit this model at .*\. Is it of the same model"):
        Lookahead(module, 5).load_state_dict({"steps": np.array(1)})


def test_what_does_not_learn_has_no_average(module):
    module.dense.bias.requires_grad = module.norm.weight.requires_grad = False
    names = {"steps", "dense.weight", "norm.bias", "norm.running_mean", "norm.running_var"}
    assert Lookahead(module, 5).state_dict().keys() == names


def test_no_steps_at_all_are_refused(module):
    with pytest.raises(UsageError, match="every is 0, expected a number of steps"):
        Lookahead(module, 0)
