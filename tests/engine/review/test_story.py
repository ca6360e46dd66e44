"""What the events of a run tell, also where the file is damaged or somebody else's."""

import json

import pytest

from cnnkit.engine.records.events import Note, StepEnd
from cnnkit.engine.review.story import Story, story_of
from cnnkit.engine.run.folder import Run


def epoch(number: int, **more: object) -> dict[str, object]:
    return {"event": "EpochEnd", "epoch": number, "train_loss": 1 / number, "val_top1": 0.5, "best": True, **more}


def test_a_run_is_told_as_its_file_tells_it(tiny, tmp_path):
    live, folder = Story(), tmp_path / "run"
    for event in tiny.fit(folder):
        live.tell(event)
    read = story_of(Run(folder))
    assert read.rows == live.rows and len(read.rows) == 3
    assert read.loss.points() == live.loss.points() and len(read.loss.points()) == 12
    assert (read.step, read.steps, read.ended) == (12, 12, "Finished") == (live.step, live.steps, live.ended)
    assert read.started == live.started and read.started["test_images"] == 30


def test_what_is_no_event_is_counted_and_passed_over(tmp_path):
    lines = [
        json.dumps(epoch(1)),
        "{",
        "[1, 2]",
        '{"event": "StepEnd", "step": "many", "loss": 1}',
        '{"event": "StepEnd", "step": 1, "loss": NaN}',
        '{"event": "EpochEnd", "epoch": null}',
        "[" * 100_000,
        json.dumps({"event": "somebody else's"}),
        json.dumps(epoch(2)),
        '{"event": "EpochEnd", "epo',
    ]
    (tmp_path / "events.jsonl").write_bytes("\n".join(lines).encode() + b"\xff\xfe")
    story = story_of(Run(tmp_path))
    assert [row["epoch"] for row in story.rows] == [1, 2]
    assert story.damaged == 7


def test_a_run_without_events_is_told_by_its_table(tmp_path):
    (tmp_path / "results.csv").write_text("epoch,train_loss,val_top1,best\n1,0.5,0.9,True\n2,0.4,none,False\n")
    story = story_of(Run(tmp_path))
    assert story.rows[0]["val_top1"] == 0.9 and "val_top1" not in story.rows[1]
    assert story.curve("train_loss") == [(1, 0.5), (2, 0.4)] and not story.damaged


def test_a_folder_without_files_has_an_empty_story(tmp_path):
    story = story_of(Run(tmp_path))
    assert not story.rows and not story.damaged and not story.loss.points()


def test_a_line_that_never_ends_is_not_held_as_a_whole(tmp_path):
    (tmp_path / "events.jsonl").write_bytes(b"x" * 3_000_000)
    assert story_of(Run(tmp_path)).damaged == 3


def test_an_epoch_that_was_judged_again_counts_once():
    story = Story()
    for row in (epoch(1, val_top1=0.1), epoch(1, val_top1=0.2)):
        story.read(row)
    assert story.curve("val_top1") == [(1, 0.2)]


def test_speed_is_that_of_each_epoch_alone():
    """Ten steps of an image: at 10 a second, then at 5: 20 of them took 3 seconds."""
    story = Story()
    story.read(epoch(1, step=10, images_per_second=10.0))
    story.read(epoch(2, step=20, images_per_second=20 / 3))
    assert story.speed() == [(1, 10.0), (2, pytest.approx(5.0))]


def test_a_run_that_goes_on_has_not_ended():
    story = Story()
    story.read({"event": "Interrupted", "text": "SIGINT"})
    assert story.ended == "Interrupted"
    story.read({"event": "RunStarted", "model": "net", "notes": ["a", 3]})
    assert story.ended == "" and story.notes == ["a"]
    story.tell(Note("a"))
    assert story.notes == ["a"]


def test_other_events_change_nothing():
    story = Story()
    story.tell(StepEnd(1, 1, 1, 1, 1, 1, 0.5, {}, 0.1, 10.0, 3.0))
    assert story.loss.points() == [(1, 0.5)] and story.seconds_left == 3.0
