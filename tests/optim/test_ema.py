"""The running average of the weights."""

import numpy as np
import pytest

from cnnkit import nn
from cnnkit.errors import CheckpointError, UsageError
from cnnkit.optim import EMA


@pytest.fixture
def module() -> nn.Module:
    return nn.Linear(2, 3)


def test_the_average_follows_its_formula(module):
    ema = EMA(module, 0.5)
    start = module.weight.data.copy()
    module.weight.data[...] = 1
    ema.update()
    # the decay of the first step is (1 + 1) / (10 + 1)
    np.testing.assert_allclose(ema.state_dict()["weight"], 2 / 11 * start + 9 / 11, rtol=1e-6)


def test_swapped_lends_the_average_to_the_module(module):
    ema = EMA(module, 0.9)
    own, average = module.weight.data, ema.state_dict()["weight"]
    with ema.swapped():
        assert module.weight.data is average
        assert module.state_dict()["weight"] is average
    assert module.weight.data is own


def test_swapped_ends_with_an_error_too(module):
    ema = EMA(module, 0.9)
    own = module.weight.data
    with pytest.raises(ZeroDivisionError), ema.swapped():
        1 / 0  # noqa: B018
    assert module.weight.data is own


def test_saved_restored_and_continued_gives_the_same_bits(module):
    ema, again = EMA(module, 0.9), EMA(nn.Linear(2, 3), 0.9)
    module.weight.data[...] = 3
    ema.update()
    again.load_state_dict({name: array.copy() for name, array in ema.state_dict().items()})
    again._parameters["weight"].data[...] = module.weight.data
    ema.update()
    again.update()
    np.testing.assert_array_equal(ema.state_dict()["weight"], again.state_dict()["weight"])


def test_a_state_of_another_model_is_refused(module):
    with pytest.raises(CheckpointError, match=r"does not fit this model at (bias|weight)\. Is it of the same model"):
        EMA(module, 0.9).load_state_dict({"steps": np.array(1)})


def test_a_decay_that_cannot_be_is_refused(module):
    with pytest.raises(UsageError, match="decay is 1, expected"):
        EMA(module, 1)


def test_what_does_not_learn_has_no_average(module):
    module.bias.requires_grad = False
    assert EMA(module, 0.9).state_dict().keys() == {"steps", "weight"}
