"""In what runs differ, from their config and their manifest."""

from dataclasses import replace

from cnnkit.engine.comparison.differing import differing
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.review.papers import Papers
from cnnkit.tasks import ClassificationTask

MANIFEST = {
    "data": {"name": "digits", "sha256": "ab" * 32, "found": "..."},
    "threads": 2,
    "machine": {"cpu": "one", "cores": 8},
    "versions": {"numpy": "2.4"},
}
PAPERS = Papers("finished", ClassificationTask, "", FitOptions(lr=0.1), MANIFEST, None, "")


def told(*papers):
    return {(one.kind, one.name): one.values for one in differing(papers)}


def test_the_same_papers_differ_in_nothing_and_where_they_lie_is_no_difference():
    moved = replace(PAPERS, options=FitOptions(lr=0.1, output="runs/b", exist_ok=True, tensorboard=True))
    assert told(PAPERS, PAPERS, moved) == {}


def test_options_data_and_machine_are_told_for_each_run():
    other = MANIFEST | {"data": {"name": "digits", "sha256": "cd" * 32}, "machine": {"cpu": "two", "cores": 8}}
    found = told(PAPERS, replace(PAPERS, options=FitOptions(lr=0.2, seed=1, image_size=(32, 24)), manifest=other))
    assert found == {
        ("option", "lr"): ("0.1", "0.2"),
        ("option", "seed"): ("0", "1"),
        ("option", "image_size"): (None, "32x24"),
        ("data", "checksum"): ("ab" * 16, "cd" * 16),
        ("machine", "cpu"): ("one", "two"),
    }


def test_threads_that_were_asked_for_are_those_that_were_used():
    asked = replace(PAPERS, options=FitOptions(lr=0.1, threads=2))
    assert told(PAPERS, asked) == {}


def test_damaged_papers_say_nothing_and_long_values_are_cut():
    odd = replace(PAPERS, options=None, manifest={"data": 7, "machine": [], "versions": {"numpy": "x" * 10_000}})
    found = told(PAPERS, odd)
    assert found["option", "lr"] == ("0.1", None) and found["data", "name"] == ("digits", None)
    assert len(found["machine", "numpy"][1] or "") == 300
