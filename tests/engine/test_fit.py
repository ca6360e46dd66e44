"""A whole training: what it tells, what it leaves behind; its result depends on nothing but options and data."""

import dataclasses
import json
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest

from cnnkit import kernels, nn
from cnnkit.autograd import Tensor
from cnnkit.data.load.loader import Loader
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.subset import Subset
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import CheckpointSaved, EpochEnd, Finished, Note, RunStarted, StepEnd
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.find import newest_run
from cnnkit.engine.run.folder import Run
from cnnkit.errors import CheckpointError, DataError, NumericError, ResourceError, UsageError
from cnnkit.serialize import safe


def test_the_events_tell_the_course(tiny, tmp_path):
    events = list(tiny.fit(tmp_path / "run"))
    assert isinstance(events[0], RunStarted) and isinstance(events[-1], Finished)
    steps = [e for e in events if isinstance(e, StepEnd)]
    assert [e.step for e in steps] == list(range(1, 13)) and steps[-1].steps == 12 and steps[-1].epoch == 3
    epochs = [e for e in events if isinstance(e, EpochEnd)]
    assert [e.epoch for e in epochs] == [1, 2, 3] and any(e.best for e in epochs)
    assert [e.step for e in events if isinstance(e, CheckpointSaved)] == [4, 8, 12]


def test_it_learns(tiny, tmp_path):
    result = list(tiny.fit(tmp_path / "run", epochs=8, augment="none"))[-1].result
    # Three patterns that differ in every cell, far above the noise.
    assert result.top1 > 0.9


def test_the_run_folder_is_complete(smooth):
    run = Run(smooth)
    assert FitOptions.read(run.config).epochs == 3
    manifest = json.loads(run.manifest.read_text())
    assert manifest["started"].endswith("+00:00") and manifest["seed"] == 3 and manifest["machine"]["cpu"]
    assert {"cnnkit", "numpy", "numba", "python"} <= manifest["versions"].keys() and len(
        manifest["data"]["sha256"]
    ) == 64
    assert sorted(path.name for path in run.states.iterdir()) == [
        "step-00000008.safetensors",
        "step-00000012.safetensors",
    ]
    result = json.loads(run.result.read_text())
    assert result["run"] == str(smooth) and result["checkpoint"] == str(run.best)
    record = safe.read_record(run.best)
    assert record["top1"] == result["top1"] and record["epoch"] == result["best_epoch"]
    assert record["classes"] == ["0", "1", "2"] and record["command"].startswith("cnnkit train")
    assert tomllib.loads(run.config.read_text())["schedule"] == "one-cycle"
    leftovers = [path for path in smooth.rglob("*") if path.name.startswith(".")]
    assert not leftovers


def test_a_second_run_has_the_same_weights(tiny, tmp_path, same_weights):
    list(tiny.fit(tmp_path / "run"))
    same_weights(tmp_path / "run")


def test_the_number_of_threads_changes_nothing(tiny, tmp_path, same_weights):
    list(tiny.fit(tmp_path / "run", threads=1))
    same_weights(tmp_path / "run")


def test_the_average_is_what_is_judged_and_kept(tiny, tmp_path):
    list(tiny.fit(tmp_path / "run", epochs=1))
    run = Run(tmp_path / "run")
    state, _ = safe.load(next(run.states.iterdir()))
    last, _ = safe.load(run.last)
    np.testing.assert_array_equal(last["dense.weight"], state["ema/dense.weight"])
    assert np.any(last["dense.weight"] != state["model/dense.weight"])


def test_a_run_folder_in_use_is_not_taken(tiny, tmp_path):
    list(tiny.fit(tmp_path / "run", epochs=1))
    with pytest.raises(UsageError, match=r"exists and is not empty. Go on with --resume"):
        next(tiny.fit(tmp_path / "run"))
    before = Run(tmp_path / "run").read_manifest()["started"]
    list(tiny.fit(tmp_path / "run", epochs=2, exist_ok=True))
    assert Run(tmp_path / "run").read_manifest()["started"] > before
    assert Run(tmp_path / "run").read_result()["epochs"] == 2


def test_runs_are_numbered_and_the_newest_is_found(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        list(fit(FitOptions(epochs=1, batch_size=40, lr=0.01), module=tiny.Tiny(), data=tiny.data()))
    names = sorted(path.name for path in Path("runs/classification").iterdir())
    assert names == ["tiny-synthetic-1", "tiny-synthetic-2"]
    assert newest_run() == Path("runs/classification/tiny-synthetic-2")


@pytest.mark.parametrize(
    "optimiser", ["sgd", *(pytest.param(name, marks=pytest.mark.slow) for name in ("adam", "adamw"))]
)
def test_stopping_anywhere_changes_nothing(tiny, tmp_path, optimiser):
    """Abandon the generator after every possible event, as a crash of the caller would, and go on."""
    changes = {"optimiser": optimiser, "epochs": 2, "clip": 1.0, "lr": 0.01}
    whole = tmp_path / "whole"
    count = len(list(tiny.fit(whole, **changes)))
    for stop in range(1, count, 7):
        folder = tmp_path / f"stopped-{stop}"
        events = tiny.fit(folder, **changes)
        for _ in range(stop):
            next(events)
        events.close()
        list(tiny.resume(folder))
        for name in ("best", "last"):
            assert (folder / f"weights/{name}.safetensors").read_bytes() == (
                whole / f"weights/{name}.safetensors"
            ).read_bytes()


def test_a_run_on_mixed_images_goes_on_exactly(tiny, tmp_path):
    mixed = {"mixup": 0.2, "cutmix": 1.0, "class_weights": "balanced"}
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    list(tiny.fit(whole, **mixed))
    events = tiny.fit(stopped, **mixed)
    while not isinstance(event := next(events), StepEnd) or event.step < 6:
        pass
    events.close()
    list(tiny.resume(stopped))
    plain = tmp_path / "plain"
    list(tiny.fit(plain))
    last = [(folder / "weights/last.safetensors").read_bytes() for folder in (whole, stopped, plain)]
    assert last[0] == last[1] != last[2]


def test_a_run_that_looks_ahead_goes_on_exactly_and_its_average_is_kept(tiny, tmp_path):
    ahead = {"ema": 0.0, "lookahead": 3, "schedule": "triangle", "keep": "last"}
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    list(tiny.fit(whole, **ahead, threads=1))
    events = tiny.fit(stopped, **ahead)
    while not isinstance(event := next(events), StepEnd) or event.step < 8:  # two steps after the weights went back
        pass
    events.close()
    list(tiny.resume(stopped))
    last = [(folder / "weights/last.safetensors").read_bytes() for folder in (whole, stopped)]
    assert last[0] == last[1]
    run = Run(whole)
    state, _ = safe.load(max(run.states.iterdir()))
    kept, _ = safe.load(run.last)
    np.testing.assert_array_equal(kept["dense.weight"], state["lookahead/dense.weight"])


def test_shifts_of_batch_norms_may_learn_faster_than_the_rest(tiny, tmp_path):
    """One step of plain descent moves them by so many times as much, and nothing else."""

    def moved(rate: float) -> dict[str, np.ndarray]:
        module = nn.Sequential(
            {"conv": nn.ConvNorm(1, 4, 3), "flatten": nn.Flatten(), "dense": nn.Linear(8 * 8 * 4, 3)}
        )
        before = {name: parameter.numpy().copy() for name, parameter in module.named_parameters()}
        plain = {"steps": 1, "epochs": None, "momentum": 0.0, "schedule": "constant", "ema": 0.0, "shift_rate": rate}
        list(fit(tiny.options(tmp_path / str(rate), **plain), module=module, data=tiny.data()))
        return {name: parameter.numpy() - before[name] for name, parameter in module.named_parameters()}

    usual, faster = moved(1.0), moved(8.0)
    # a shift of 0 is moved by one product
    np.testing.assert_allclose(faster.pop("conv.norm.bias"), 8 * usual.pop("conv.norm.bias"), rtol=1e-6)
    for name, change in usual.items():
        np.testing.assert_array_equal(faster[name], change)


def test_class_weights_change_what_is_learned_where_classes_are_of_unequal_size(tiny, tmp_path):
    """A rare class is answered more often once its images count for more."""
    found = []
    for weights in ("none", "balanced"):
        data = tiny.data()
        labels = data.train.labels()
        kept = np.flatnonzero((labels != 2) | (np.cumsum(labels == 2) <= 2))
        few = dataclasses.replace(data, train=Subset(data.train, kept))
        options = tiny.options(tmp_path / weights, epochs=2, ema=0.0, augment="none", class_weights=weights)
        module = tiny.Tiny()
        list(fit(options, module=module, data=few))
        module.eval()
        batch = next(Loader(data.test, len(data.test), prefetch=0).epoch(0))
        found.append(kernels.of(batch.x).softmax(module(Tensor(batch.x)).numpy())[:, 2].mean())
    assert found[1] > found[0]


def test_resuming_a_finished_run_says_so_and_repeats_its_result(tiny, tmp_path):
    first = list(tiny.fit(tmp_path / "run"))[-1]
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    note, again = tiny.resume(tmp_path / "run")
    assert isinstance(note, Note) and "is finished: 3 epochs" in note.text
    assert again == first
    assert before == {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}


def test_more_epochs_go_on_with_a_new_cycle_and_its_rates_are_told(tiny, tmp_path):
    list(tiny.fit(tmp_path / "run"))
    (note, _) = tiny.resume(tmp_path / "run")
    assert (
        "epochs=6) would go on. A new cycle of the schedule (one-cycle) then begins, with learning rates up to 0.05"
        in note.text
    )
    events = list(tiny.resume(tmp_path / "run", epochs=5))
    assert [n for n in events[0].notes if "a new cycle (one-cycle) begins: the learning rate starts at 0.002" in n]
    rates = [e.lr for e in events if isinstance(e, StepEnd)]
    assert max(rates) == 0.05 and rates[0] == 0.002 and rates[-1] < 0.005 and len(rates) == 8
    assert events[-1].result.epochs == 5
    # The command in the record says it all: a run with these options from the start is the same run.
    list(tiny.fit(tmp_path / "straight", epochs=5, schedule_until=12, schedule_again=True))
    for name in ("best", "last"):
        ours, theirs = (tmp_path / run / f"weights/{name}.safetensors" for run in ("run", "straight"))
        assert ours.read_bytes() == theirs.read_bytes()


def test_a_new_schedule_begins_where_the_run_stands(tiny, tmp_path):
    list(tiny.fit(tmp_path / "run"))
    events = list(tiny.resume(tmp_path / "run", epochs=5, schedule="cosine", lr=0.02))
    rates = [e.lr for e in events if isinstance(e, StepEnd)]
    assert rates[0] == 0.02 and rates == sorted(rates, reverse=True) and len(rates) == 8


def test_an_extended_run_that_is_stopped_goes_on_to_its_new_end(tiny, tmp_path):
    list(tiny.fit(tmp_path / "run"))
    events = tiny.resume(tmp_path / "run", epochs=4)
    next(e for e in events if isinstance(e, StepEnd))
    events.close()
    assert list(tiny.resume(tmp_path / "run"))[-1].result.epochs == 4


def test_what_cannot_change_is_refused(tiny, tmp_path):
    list(tiny.fit(tmp_path / "run"))
    with pytest.raises(UsageError, match="batch_size cannot change when a run is resumed"):
        list(tiny.resume(tmp_path / "run", batch_size=3))
    with pytest.raises(UsageError, match="epochs is 2, but the run has done 3 already"):
        list(tiny.resume(tmp_path / "run", epochs=2))


def test_changed_data_are_refused(tiny, tmp_path):
    list(tiny.fit(tmp_path / "run"))
    with pytest.raises(DataError, match=r"data have changed since"):
        list(resume(tmp_path / "run", {"epochs": 4}, module=tiny.Tiny(), data=tiny.data(seed=9)))


def test_a_damaged_checkpoint_falls_back_to_the_one_before(tiny, tmp_path, same_weights):
    list(tiny.fit(tmp_path / "run"))
    newest = tmp_path / "run/state/step-00000012.safetensors"
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 1
    newest.write_bytes(data)
    events = list(tiny.resume(tmp_path / "run"))
    notes = events[0].notes
    assert "is damaged" in notes[0] and "Resuming from the previous state, step-00000008" in notes[1]
    same_weights(tmp_path / "run")
    assert newest.with_suffix(".damaged").exists()


def test_no_whole_checkpoint_is_an_error(tiny, tmp_path):
    list(tiny.fit(tmp_path / "run"))
    for path in (tmp_path / "run/state").iterdir():
        path.write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match=r"No checkpoint in .* is whole"):
        list(tiny.resume(tmp_path / "run"))


def test_a_folder_without_a_run_is_named(tiny, tmp_path):
    with pytest.raises(CheckpointError, match=r"There is no run folder"):
        list(tiny.resume(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    with pytest.raises(CheckpointError, match=r"not a run folder: it has no config\.toml"):
        list(tiny.resume(tmp_path / "run"))


def test_two_processes_cannot_train_in_one_folder(tiny, tmp_path):
    events = tiny.fit(tmp_path / "run")
    next(events)
    with pytest.raises(UsageError, match="Another process is training in"):
        list(tiny.resume(tmp_path / "run"))
    events.close()
    list(tiny.resume(tmp_path / "run"))


def test_a_loss_that_is_not_finite_names_the_step_and_keeps_the_last_good_state(tiny, tmp_path):
    list(tiny.fit(tmp_path / "run", epochs=1))
    state = tmp_path / "run/state/step-00000004.safetensors"
    good = state.read_bytes()
    with pytest.raises(NumericError, match=r"(loss is|no longer finite).*last good state is kept: .*step-00000004"):
        list(tiny.resume(tmp_path / "run", epochs=30, lr=1e6))
    # The options of the way on are in it now, the weights are the old ones.
    before = tmp_path / "before.safetensors"
    before.write_bytes(good)
    kept = max(state.parent.iterdir())
    old, new = safe.load(before)[0], safe.load(kept)[0]
    assert all(np.isfinite(array).all() for array in new.values())
    assert kept != state or all(np.array_equal(old[name], new[name]) for name in old)


def test_a_validation_loss_that_is_not_finite_stops_the_run(tiny, tmp_path):
    class Overflowing(tiny.Tiny):
        def forward(self, x):
            y = super().forward(x)
            return y if self.training else y * 1e38 * 1e38

    with pytest.raises(NumericError, match=r"validation loss is (nan|inf) after step 4"):
        list(fit(tiny.options(tmp_path / "run"), module=Overflowing(), data=tiny.data()))


def test_a_test_loss_that_is_not_finite_is_no_result(tiny, tmp_path):
    """As a training loss that is not finite: exit code 6, and no result with NaN in it is written."""

    class Brittle(tiny.Tiny):
        """The test part alone has an image of one value."""

        def forward(self, x):
            y = super().forward(x)
            return y * 1e38 * 1e38 if np.ptp(x.numpy()[0]) == 0 else y

    whole = tiny.data()
    flat = synthetic(6, 3, 8)
    flat.images[:] = 7
    splits = DataSplits(whole.train, whole.val, flat, "flat")
    for go in (
        lambda: fit(tiny.options(tmp_path / "run"), module=Brittle(), data=splits),
        lambda: resume(tmp_path / "run", module=Brittle(), data=splits),
    ):
        with pytest.raises(NumericError, match=r"The test loss is (nan|inf) after step 12") as refusal:
            list(go())
        assert refusal.value.exit_code == 6 and not Run(tmp_path / "run").result.exists()
        assert safe.read_record(Run(tmp_path / "run").best)["top1"] is None


def test_too_large_a_batch_is_refused_before_the_first_step(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("cnnkit.kernels.cpu.machine.home.available_memory", lambda: 60_000)
    with pytest.raises(ResourceError, match=r"--batch-size \d+ would fit"):
        next(tiny.fit(tmp_path / "run", batch_size=64))
    assert not (tmp_path / "run").exists()


def test_the_definitions_can_train_too(tiny, tmp_path):
    with kernels.use("reference"):
        result = list(tiny.fit(tmp_path / "run", epochs=1))[-1].result
    assert math.isfinite(result.test_loss)
