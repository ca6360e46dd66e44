"""What `--tensorboard` writes is read by the package's own reader, where it is installed."""

import importlib.util
import json
import shutil
import sys

import pytest

from cnnkit.engine.records.events import CheckpointSaved
from cnnkit.engine.run.event_file import check_tensorboard
from cnnkit.engine.run.folder import Run
from cnnkit.errors import CnnkitError

needs_tensorboard = pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed"
)


def curves(folder):
    """{tag: [(step, value)]} of a run, as TensorBoard reads its folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util import tensor_util

    read = EventAccumulator(str(folder / "tensorboard"), size_guidance={"tensors": 0})
    read.Reload()
    return {
        tag: [(event.step, float(tensor_util.make_ndarray(event.tensor_proto))) for event in read.Tensors(tag)]
        for tag in read.Tags()["tensors"]
    }


def logged(folder, kind):
    records = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    return [record for record in records if record["event"] == kind]


def stopped(tiny, folder, **changes):
    """A run that was killed behind its state of step 8, when more steps were done and told."""
    events = tiny.fit(folder, **changes)
    for event in events:
        if getattr(event, "step", 0) == 10:
            break
    events.close()
    return folder


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    list(tiny.fit(folder, tensorboard=True))
    return folder


@needs_tensorboard
def test_steps_epochs_and_the_test_are_told_as_in_the_log(whole):
    read = curves(whole)
    for name in ("loss", "accuracy", "lr", "images_per_second"):
        expected = [(record["step"], record[name]) for record in logged(whole, "StepEnd")]
        # A float32 is what TensorBoard keeps.
        assert [step for step, _ in read[f"step/{name}"]] == list(range(1, 13)) == [step for step, _ in expected]
        assert [value for _, value in read[f"step/{name}"]] == pytest.approx([v for _, v in expected], rel=1e-6)
    for name in ("train_loss", "train_accuracy", "val_loss", "val_top1", "lr", "images_per_second", "seconds"):
        expected = [(record["step"], pytest.approx(record[name], rel=1e-6)) for record in logged(whole, "EpochEnd")]
        assert read[f"epoch/{name}"] == expected and len(expected) == 3
    result = Run(whole).read_result()
    assert read["test/top1"] == [(12, pytest.approx(result["top1"], rel=1e-6))]
    assert read["test/loss"] == [(12, pytest.approx(result["test_loss"], rel=1e-6))]


@needs_tensorboard
@pytest.mark.parametrize("from_the_start", [True, False])
def test_a_run_that_goes_on_has_each_step_once_also_those_before_the_option(tiny, whole, tmp_path, from_the_start):
    folder = stopped(tiny, tmp_path / "run", tensorboard=from_the_start)
    list(tiny.resume(folder, **({} if from_the_start else {"tensorboard": True})))
    read, expected = curves(folder), curves(whole)
    assert read.keys() == expected.keys()
    for tag, points in read.items():
        if "second" not in tag:
            assert points == expected[tag], tag
        assert [step for step, _ in points] == [step for step, _ in expected[tag]], tag
    assert len(list((folder / "tensorboard").iterdir())) == 1


@needs_tensorboard
def test_a_longer_run_adds_to_its_curves_and_has_one_test_at_its_end(tiny, whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "run")
    list(tiny.resume(folder, epochs=4))
    read = curves(folder)
    assert [step for step, _ in read["step/loss"]] == list(range(1, 17))
    assert [step for step, _ in read["epoch/val_loss"]] == [4, 8, 12, 16]
    assert [step for step, _ in read["test/top1"]] == [16]


@needs_tensorboard
def test_what_others_put_into_the_folder_stays_and_lines_that_are_none_are_passed_over(tiny, tmp_path):
    folder = stopped(tiny, tmp_path / "run", tensorboard=True)
    foreign = folder / "tensorboard" / "events.out.tfevents.1.somebody"
    foreign.write_bytes(b"")
    state = next(event for event in tiny.resume(folder) if isinstance(event, CheckpointSaved))
    log = folder / "events.jsonl"
    hostile = [
        '{"event": "StepEnd", "step": 1e999}',
        "[" * 100_000,
        '{"event": [], "step": 1}',
        '{"event": "Finished"}',
    ]
    lines = log.read_bytes().splitlines()
    log.write_bytes(b"\n".join([*lines[:2], *(line.encode() for line in hostile), *lines[2:]]) + b"\n")
    from cnnkit.engine.run.event_file import EventFile

    EventFile(Run(folder))
    assert foreign.read_bytes() == b""
    assert [step for step, _ in curves(folder)["step/loss"]] == list(range(1, state.step + 1))


@needs_tensorboard
def test_times_rise_with_the_steps(whole):
    from cnnkit.engine.run.event_file import _lines, _timed

    seconds = [at for at, _ in _timed(_lines(Run(whole).events))]
    assert len(seconds) == 16 and seconds == sorted(seconds) and seconds[0] > 0


def test_without_the_package_one_sentence_is_said_and_nothing_is_written(tiny, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.record_writer", None)
    with pytest.raises(CnnkitError, match=r'--tensorboard needs .* pip install "cnnkit\[tensorboard\]"') as raised:
        list(tiny.fit(tmp_path / "run", tensorboard=True))
    assert raised.value.exit_code == 1 and not (tmp_path / "run").exists()
    with pytest.raises(CnnkitError):
        check_tensorboard()
