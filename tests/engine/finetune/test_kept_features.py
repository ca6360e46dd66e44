"""Features of a frozen trunk that a run keeps until its end."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cnnkit import kernels
from cnnkit.data.open.splits import split_parts
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.engine.finetune import kept_features
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import Note, StepEnd, TrunkStep
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.folder import Run
from cnnkit.engine.session.assemble import begin
from cnnkit.errors import ResourceError
from cnnkit.serialize import safe


def data(classes=4):
    train, test = (synthetic(15 * classes, classes, 8, 1, seed=seed) for seed in (5, 6))
    return split_parts(train, None, test, found="synthetic", notes=[], seed=0, val_fraction=0.2)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights") / "run"
    list(fit(FitOptions(model="digitnet", epochs=1, batch_size=16, lr=0.05, output=str(folder)), data=data(3)))
    return folder


@pytest.fixture
def options(weights, monkeypatch):
    monkeypatch.setenv("CNNKIT_CHECKPOINT_SECONDS", "0")

    def make(folder, **changes):
        plain = {"epochs": 4, "batch_size": 16, "augment": "light", "seed": 3, "freeze": "trunk", "views": 2}
        return FitOptions(output=str(folder), weights=str(weights), **(plain | changes))

    return make


def stopped(options, step=5):
    events = fit(options, data=data())
    next(event for event in events if isinstance(event, StepEnd) and event.step == step)
    events.close()
    return Run(Path(options.output))


def trunk_steps(events):
    return [event for event in events if isinstance(event, TrunkStep)]


def notes(events):
    return [event.text for event in events if isinstance(event, Note)]


def test_a_run_that_goes_on_does_not_compute_them_again_and_ends_with_the_same_bits(options, tmp_path):
    whole = list(fit(options(tmp_path / "whole"), data=data()))
    assert trunk_steps(whole) and not Run(tmp_path / "whole").features.exists()
    run = stopped(options(tmp_path / "run"))
    assert run.features.exists()
    events = list(resume(run.path, data=data()))
    assert not trunk_steps(events) and any("not computed again" in text for text in notes(events))
    for name in ("best", "last"):
        ours, theirs = (tmp_path / each / f"weights/{name}.safetensors" for each in ("run", "whole"))
        assert ours.read_bytes() == theirs.read_bytes()
    assert not run.features.exists()


def flip_a_byte(run):
    content = bytearray(run.features.read_bytes())
    content[-5] ^= 1
    run.features.write_bytes(content)


def cut(run):
    run.features.write_bytes(run.features.read_bytes()[:-4])


def of_other_weights(run):
    arrays, record = safe.load(run.features)
    safe.save(run.features, {name: array + 1 for name, array in arrays.items()}, record | {"key": "other"})


def of_another_shape(run):
    arrays, record = safe.load(run.features)
    safe.save(run.features, {"train": arrays["train"][::-1].T.copy(), "val": arrays["val"]}, record)


def as_another_kind(run):
    shutil.copy(run.best, run.features)


@pytest.mark.parametrize("spoil", [flip_a_byte, cut, of_other_weights, of_another_shape, as_another_kind])
def test_a_file_that_is_not_theirs_is_passed_over(options, tmp_path, spoil):
    list(fit(options(tmp_path / "whole"), data=data()))
    run = stopped(options(tmp_path / "run"))
    spoil(run)
    assert trunk_steps(list(resume(run.path, data=data())))
    assert run.last.read_bytes() == Run(tmp_path / "whole").last.read_bytes()


@pytest.mark.slow
def test_what_decides_them_is_in_their_key(options, tmp_path):
    def key(**changes):
        ready = begin(options(tmp_path / "unused", **changes), None, data())
        return kept_features.key(ready.training, ready.splits)

    plain = key()
    with kernels.use(backend="reference"):
        assert key() != plain
    assert key() == plain == key(lr=0.3, epochs=9, batch_size=5)
    assert len({plain, key(seed=4), key(views=3), key(augment="strong"), key(crop=False)}) == 5
    ready = begin(options(tmp_path / "unused"), None, data())
    frozen = next(part for part in ready.training.module.modules() if part.frozen and part.state_dict())
    next(iter(frozen.state_dict().values())).flat[0] += 1
    assert kept_features.key(ready.training, ready.splits) != plain


@pytest.mark.parametrize("most", ["LARGEST", "PER_SECOND"])
def test_what_is_too_large_or_soon_computed_is_not_kept_and_the_time_is_told(options, tmp_path, monkeypatch, most):
    monkeypatch.setattr(kept_features, most, 1)
    monkeypatch.setattr(kept_features, "SMALL", 1)
    run = stopped(options(tmp_path / "run"))
    assert not run.features.exists()
    events = list(resume(run.path, data=data()))
    assert trunk_steps(events)
    assert any("not saved: if the run is resumed, they are computed again" in text for text in notes(events))


def test_a_full_disk_costs_the_file_and_not_the_run(options, tmp_path, monkeypatch):
    def full(path, arrays, record):
        raise ResourceError("No space left.")

    monkeypatch.setattr(kept_features, "safe", SimpleNamespace(save=full, load=safe.load))
    events = list(fit(options(tmp_path / "run"), data=data()))
    assert any("No space left" in text for text in notes(events))
    assert np.isfinite(events[-1].result.test_loss)
