"""Records with a right checksum and wrong values: refused by the name of the field, and never with a traceback."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cnnkit.engine.records.events import CheckpointSaved, Finished
from cnnkit.engine.run import checkpoint
from cnnkit.engine.run.find import newest_run
from cnnkit.engine.run.folder import Run
from cnnkit.engine.use.load import load
from cnnkit.errors import CheckpointError
from cnnkit.serialize import safe

LONG = 10**400
NOT_FINITE = float("inf")


@pytest.fixture(scope="module")
def states(tiny, tmp_path_factory):
    """A run in the middle of its third epoch."""
    folder = tmp_path_factory.mktemp("records") / "run"
    events = tiny.fit(folder)
    for event in events:
        if isinstance(event, CheckpointSaved) and event.step == 8:
            break
    events.close()
    return folder


@pytest.fixture
def run(states, tmp_path):
    shutil.copytree(states, tmp_path / "run")
    return tmp_path / "run"


def changed(path, place, value):
    """The file with another value in its record, and a checksum that is right; `...` takes the field away."""
    arrays, record = safe.load(path)
    *way, last = place.split("/")
    within = record
    for name in way:
        within = within[int(name)] if isinstance(within, list) else within[name]
    if value is ...:
        del within[last]
    else:
        within[int(last) if isinstance(within, list) else last] = value
    with pytest.MonkeyPatch.context() as patch:
        # JSON may hold numbers that are not finite, though ours never does.
        patch.setattr(safe.json, "dumps", lambda *a, real=json.dumps, **k: real(*a, **(k | {"allow_nan": True})))
        safe.save(path, arrays, record)


STATE = [
    ("kind", 5),
    ("kind", ...),
    ("options", None),
    ("options", []),
    ("options", ...),
    ("options/batch_size", -1),
    ("options/batch_size", "16"),
    ("options/lr", LONG),
    ("options/lr", NOT_FINITE),
    ("options/seed", -1),
    ("options/colour", 3),
    ("options/optimiser", "sdg"),
    ("options/lr", ...),
    ("options/model", ...),
    ("options/augment", ...),
    ("options/batch_size", None),
    ("options/epochs", 1),
    ("options/image_size", [1]),
    ("progress", None),
    ("progress", ...),
    ("progress/step", "1"),
    ("progress/step", 10**20),
    ("progress/step", 0),
    ("progress/batch", -1),
    ("progress/batch", 1.0),
    ("progress/epoch", 1),
    ("progress/epoch", 10**9),
    ("progress/epoch", True),
    ("progress/loss_sum", NOT_FINITE),
    ("progress/loss_sum", None),
    ("progress/seconds", LONG),
    ("progress/new_head", 1),
    ("progress/history", ...),
    ("progress/other", 1),
    ("progress/best", None),
    ("progress/best", "a"),
    ("progress/best/top1", "a"),
    ("progress/best/top1", 1.5),
    ("progress/best/loss", ...),
    ("progress/history", {}),
    ("progress/history", []),
    ("progress/history/0", None),
    ("progress/history/0/lr", ...),
    ("progress/history/0/val_top1", "0.5"),
    ("progress/history/0/val_loss", NOT_FINITE),
    ("progress/history/1/colour", 1),
    ("events_length", "12"),
    ("events_length", -1),
    ("about", None),
    ("about", ...),
    ("about/classes", "abc"),
    ("about/classes", [1, 2, 3]),
    ("about/classes", []),
    ("about/model", None),
    ("about/own_module", "no"),
    ("about/padding", 1.5),
    ("about/data_sha256", 5),
    ("about/preprocessing", None),
    ("about/preprocessing/mean", [LONG]),
    ("about/preprocessing/std", [NOT_FINITE]),
    ("about/preprocessing/std", [5e-324]),
    ("about/preprocessing/height", LONG),
    ("about/preprocessing/channels", [1]),
    ("about/preprocessing/fit", ["crop"]),
    ("about/preprocessing/version", 3),
    ("about/preprocessing/multiple", LONG),
    ("about/data_options", []),
    ("about/data_options/seed", "0"),
    ("about/data_options/seed", None),
    ("about/data_options/val_fraction", None),
]


def named(place):
    return place.split("/")[-1] if not place.split("/")[-1].isdigit() else place.split("/")[-2]


@pytest.mark.parametrize(("place", "value"), STATE, ids=[f"{place} {value!s:.12}" for place, value in STATE])
def test_a_state(run, place, value):
    newest = checkpoint.generations(Run(run))[0]
    changed(newest, place, value)
    with pytest.raises(CheckpointError, match=rf"step-00000008\.safetensors.*{named(place)}"):
        checkpoint.read(newest)


@pytest.mark.parametrize(("place", "value"), [("options", None), ("progress/step", "1"), ("about/classes", [])])
def test_a_run_without_a_right_state_is_left_as_it_is(tiny, run, place, value):
    for path in checkpoint.generations(Run(run)):
        changed(path, place, value)
    before = sorted(path.read_bytes() for path in (run / "state").iterdir())
    with pytest.raises(CheckpointError, match=named(place)):
        tiny.go_on(run)
    assert before == sorted(path.read_bytes() for path in (run / "state").iterdir())


def test_a_batch_behind_the_end_of_its_epoch(tiny, run):
    for path in checkpoint.generations(Run(run)):
        arrays, record = safe.load(path)
        record["progress"] |= {"batch": 400, "step": 402}
        safe.save(path, arrays, record)
    with pytest.raises(CheckpointError, match="400"):
        tiny.go_on(run)


def test_a_state_that_is_wrong_gives_way_to_the_one_before(tiny, run, same_weights):
    changed(checkpoint.generations(Run(run))[0], "progress/step", "8")
    assert isinstance(tiny.go_on(run), Finished)
    same_weights(run)


ARRAYS = {
    "no integer": ("optimiser/steps", lambda array: array.astype(np.float64)),
    "another shape": ("model/", lambda array: np.zeros((7, 7), np.float32)),
    "not finite": ("best/", lambda array: np.full(array.shape, np.nan, np.float32)),
    "infinite": ("optimiser/velocity", lambda array: np.full(array.shape, np.inf, np.float32)),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_that_do_not_fit(tiny, run, kind):
    beginning, change = ARRAYS[kind]
    for path in checkpoint.generations(Run(run)):
        arrays, record = safe.load(path)
        for name in [name for name in arrays if name.startswith(beginning)]:
            arrays[name] = change(arrays[name])
        safe.save(path, arrays, record)
    with pytest.raises(CheckpointError, match=r"step-0000000\d\.safetensors"):
        tiny.go_on(run)


WEIGHTS = [
    *((place.removeprefix("about/"), value) for place, value in STATE if place.startswith("about/")),
    ("top1", "0.9"),
    ("top1", 3),
    ("epoch", -1),
    ("val_top1", NOT_FINITE),
    ("cnnkit", 1),
]


@pytest.mark.parametrize(("place", "value"), WEIGHTS, ids=[f"{place} {value!s:.12}" for place, value in WEIGHTS])
def test_a_weight_file(tiny, run, place, value):
    path = run / "weights" / "best.safetensors"
    changed(path, place, value)
    for source in (run, path):
        with pytest.raises(CheckpointError, match=rf"best\.safetensors.*{named(place)}"):
            load(source, module=tiny.Tiny())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("top1", None),
        ("top1", "1"),
        ("run", 5),
        ("steps", -1),
        ("epochs", "3"),
        ("colour", 1),
        ("test_loss", NOT_FINITE),
    ],
)
def test_a_result_is_made_again(tiny, tmp_path, smooth, field, value):
    shutil.copytree(smooth, tmp_path / "run")
    run = Run(tmp_path / "run")
    right = run.read_result()
    run.result.write_text(json.dumps({**right, field: value}))
    last = tiny.go_on(run.path)
    assert last.result.top1 == right["top1"] and type(last.result.top1) is float
    assert {**run.read_result(), "seconds": 0, "run": ""} == {
        **right,
        "seconds": 0,
        "run": "",
        "checkpoint": str(run.best),
    }


@pytest.mark.parametrize(
    "text", ["[]", "null", '{"data": "x"}', '{"data": {"sha256": 5}}', "[" * 100_000, "{", "1" * 5000]
)
def test_a_manifest_says_nothing_or_something(tmp_path, text):
    run = Run(tmp_path / "one")
    run.path.mkdir()
    run.manifest.write_text(text)
    assert run.read_manifest() in ({}, json.loads(text) if text.startswith('{"') else {})
    assert run.data_sha256() is None and run.started() is None
    assert newest_run(tmp_path) is None


def test_a_run_that_begins_at_no_time_or_in_the_future_is_never_the_newest(tmp_path):
    soon = datetime.now(UTC)
    for name, started in {
        "a": "zzz",
        "b": "2999-01-01T00:00:00+00:00",
        "c": 5,
        "d": (soon + timedelta(days=3)).isoformat(),
        "right": "2026-05-01T10:00:00.000000+00:00",
        "naive": "2025-05-01T10:00:00",
    }.items():
        (tmp_path / name).mkdir()
        Run(tmp_path / name).manifest.write_text(json.dumps({"started": started}))
    assert newest_run(tmp_path) == tmp_path / "right"
