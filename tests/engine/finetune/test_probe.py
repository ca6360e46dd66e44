"""A new head learns alone before the whole network does."""

import numpy as np
import pytest

from cnnkit.data.open.splits import split_parts
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import CheckpointSaved, Note, StepEnd, TrunkStep
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.use.load import load
from cnnkit.serialize import safe


def data(classes=4):
    train, test = (synthetic(15 * classes, classes, 8, 1, seed=seed) for seed in (5, 6))
    return split_parts(train, None, test, found="synthetic", notes=[], seed=0, val_fraction=0.2)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights") / "run"
    list(fit(FitOptions(model="resnet20", epochs=1, batch_size=16, lr=0.05, output=str(folder)), data=data(3)))
    return folder


def options(output, weights, **changes):
    plain = {"epochs": 1, "batch_size": 16, "seed": 3, "freeze": "none"}
    return FitOptions(output=str(output), weights=str(weights), **(plain | changes))


def told(events):
    return [event.text for event in events if isinstance(event, Note) and "new head was trained alone" in event.text]


def test_the_head_learns_from_the_trunk_as_it_came(weights, tmp_path):
    given = load(weights).module.state_dict()
    events = fit(options(tmp_path / "run", weights, ema=0.9), data=data())
    for event in events:
        if isinstance(event, CheckpointSaved):
            break
    state, record = safe.load(tmp_path / "run" / "state" / "step-00000000.safetensors")
    for name, array in given.items():
        if not name.startswith("fc."):
            np.testing.assert_array_equal(state[f"model/{name}"], array, err_msg=name)
    assert np.any(state["model/fc.weight"]) and record["progress"]["new_head"] is False
    np.testing.assert_array_equal(state["ema/fc.weight"], state["model/fc.weight"])
    list(events)
    after = load(tmp_path / "run").module.state_dict()
    name = next(iter(given))
    assert np.any(after[name] != given[name])


def test_the_first_step_of_the_whole_network_begins_below_chance(weights, tmp_path):
    events = list(fit(options(tmp_path / "run", weights), data=data()))
    first = next(event for event in events if isinstance(event, StepEnd))
    assert len(told(events)) == 1 and first.loss < np.log(4)


def test_a_head_that_fits_needs_no_such_start(weights, tmp_path):
    events = list(fit(options(tmp_path / "run", weights), data=data(3)))
    assert not told(events) and not any(isinstance(event, TrunkStep) for event in events)


@pytest.mark.slow
@pytest.mark.parametrize("stop", ["first", "trunk", "saved", "step"])
def test_stopped_before_or_behind_it_a_run_ends_with_the_same_bits(weights, tmp_path, stop):
    list(fit(options(tmp_path / "whole", weights), data=data()))
    kinds = {"first": object, "trunk": TrunkStep, "saved": CheckpointSaved, "step": StepEnd}
    events = fit(options(tmp_path / "stopped", weights), data=data())
    for event in events:
        if isinstance(event, kinds[stop]):
            break
    events.close()
    list(resume(tmp_path / "stopped", data=data()))
    for name in ("best", "last"):
        ours, theirs = (tmp_path / run / "weights" / f"{name}.safetensors" for run in ("stopped", "whole"))
        assert ours.read_bytes() == theirs.read_bytes()
