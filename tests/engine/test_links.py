"""A run folder from somebody else may hold links: whatever is trained on in it, no file outside it changes."""

import os
import shutil

import pytest

from cnnkit.engine.records.events import CheckpointSaved, Finished
from cnnkit.errors import CnnkitError, UsageError

FILES = (
    "config.toml",
    "manifest.json",
    "parts.csv",
    "events.jsonl",
    "results.csv",
    "result.json",
    "weights/best.safetensors",
    "weights/last.safetensors",
    "state/step-00000012.safetensors",
    "state/step-00000008.safetensors",
)


@pytest.fixture(scope="module")
def once(tiny, tmp_path_factory):
    """A run that can go on."""
    folder = tmp_path_factory.mktemp("once") / "run"
    events = tiny.fit(folder)
    for event in events:
        if isinstance(event, CheckpointSaved) and event.step == 8:
            break
    events.close()
    return folder


@pytest.fixture
def stopped(once, tmp_path):
    """A copy of it, to be spoilt."""
    return shutil.copytree(once, tmp_path / "run")


def snapshot(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("name", FILES)
def test_a_link_in_place_of_a_file(tiny, stopped, tmp_path, name, hard):
    outside, place = tmp_path / "outside", stopped / name
    outside.mkdir()
    # The foreign file has the right content: what is written would otherwise be refused for another reason.
    (outside / "foreign").write_bytes(place.read_bytes() if place.exists() else b"somebody's")
    place.unlink(missing_ok=True)
    if hard:
        os.link(outside / "foreign", place)
    else:
        place.symlink_to(outside / "foreign")
    before = snapshot(outside)
    message = ""
    try:
        tiny.go_on(stopped)
    except CnnkitError as error:
        message = str(error)
    assert not message or "is a link" in message
    assert snapshot(outside) == before


@pytest.mark.parametrize("name", ["state", "weights"])
def test_a_link_in_place_of_a_folder(tiny, stopped, tmp_path, name):
    shutil.move(stopped / name, tmp_path / "outside")
    (stopped / name).symlink_to(tmp_path / "outside")
    before = snapshot(tmp_path / "outside")
    with pytest.raises(UsageError, match=f"{name} is a link"):
        tiny.go_on(stopped)
    with pytest.raises(UsageError, match="is a link"):
        list(tiny.fit(stopped, exist_ok=True))
    assert snapshot(tmp_path / "outside") == before


def test_temporary_names_of_old_are_no_way_out(tiny, stopped, tmp_path):
    (tmp_path / "foreign").write_bytes(b"somebody's")
    for name in FILES:
        place = stopped / name
        place.with_name(f".{place.name}.tmp").symlink_to(tmp_path / "foreign")
    assert isinstance(tiny.go_on(stopped), Finished)
    assert (tmp_path / "foreign").read_bytes() == b"somebody's"
    assert not list(stopped.rglob(".*"))


def test_the_run_folder_itself_may_be_a_link(tiny, stopped, tmp_path, same_weights):
    (tmp_path / "link").symlink_to(stopped)
    assert isinstance(tiny.go_on(tmp_path / "link"), Finished)
    same_weights(stopped)
