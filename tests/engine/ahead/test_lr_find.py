"""The range test of the learning rate."""

import numpy as np
import pytest

from cnnkit.engine.ahead.lr_find import lr_find, smooth
from cnnkit.engine.records.events import Note
from cnnkit.engine.records.lr_range import LrFound, RateTried
from cnnkit.errors import NumericError, UsageError


@pytest.fixture
def search(tiny, tmp_path):
    def run(module=None, **changes):
        rest = {name: changes.pop(name) for name in ("steps", "lowest", "highest") if name in changes}
        return list(
            lr_find(tiny.options(tmp_path / "run", **changes), module=module or tiny.Tiny(), data=tiny.data(), **rest)
        )

    return run


def test_the_rates_grow_by_one_factor_and_a_rate_is_suggested(search, tmp_path):
    events = search(augment="none", steps=120, highest=100.0)
    tried = [e for e in events if isinstance(e, RateTried)]
    ratios = np.diff(np.log([e.lr for e in tried]))
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-9)
    assert tried[0].lr == 1e-6 and any(isinstance(e, Note) for e in events)
    result = events[-1].result
    assert isinstance(events[-1], LrFound)
    assert result.suggested == pytest.approx(result.lowest / 10, rel=0.05) and result.steepest <= result.lowest
    assert result.lowest == result.rates[int(np.argmin(result.smoothed))]
    assert f"--lr {result.suggested}" in result.command
    assert not (tmp_path / "run").exists()


def test_it_ends_when_the_loss_has_run_away(search):
    result = search(augment="none", steps=100, highest=1e6)[-1].result
    assert result.diverged and len(result.rates) < 100


def test_a_module_is_left_as_it_was(search, tiny):
    module = tiny.Tiny()
    search(module, steps=30)
    for name, array in module.state_dict().items():
        np.testing.assert_array_equal(array, tiny.Tiny().state_dict()[name], err_msg=name)


def test_where_the_loss_falls_at_no_rate_none_is_suggested(search):
    result = search(steps=40, highest=2e-6)[-1].result
    assert result.suggested is None and not result.diverged


def test_a_seed_decides_the_curve(search):
    first, second = (search(steps=30)[-1].result for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lowest": 1.0, "highest": 0.1}, "The rates go from 1 to 0.1"),
        ({"steps": 5}, "steps is 5, too few for a curve"),
        ({"optimiser": "sdg"}, "Did you mean 'sgd'"),
    ],
)
def test_what_cannot_be_meant_is_refused(search, changes, message):
    with pytest.raises(UsageError, match=message):
        search(**changes)


def test_a_loss_that_is_no_number_from_the_start_is_told(search, tiny):
    module = tiny.Tiny()
    module.dense.bias.data[0] = np.nan
    with pytest.raises(NumericError, match="not a number after 0 steps"):
        search(module)


def test_smoothing_is_centred():
    np.testing.assert_allclose(smooth(np.array([0.0, 3.0, 6.0, 0.0]), 1), [1.5, 3.0, 3.0, 3.0])
