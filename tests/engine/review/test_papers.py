"""What the files of a run say, also where they are damaged or somebody else's."""

import json

import pytest

from cnnkit.engine.review.papers import papers_of
from cnnkit.engine.review.story import story_of
from cnnkit.engine.run.folder import Run


@pytest.mark.parametrize("seconds", ["abc", [1], None, float("nan"), float("inf"), 10**400])
def test_a_result_has_finite_numbers_and_a_time_that_is_one(tmp_path, seconds):
    run = Run(tmp_path)
    run.result.write_text(json.dumps({"seconds": seconds, "top1": float("nan"), "best_epoch": 2, "model": "mine"}))
    assert papers_of(run, story_of(run)).result == {"best_epoch": 2, "model": "mine"}
    run.result.write_text(json.dumps({"seconds": 3, "top1": 0.5}))
    assert papers_of(run, story_of(run)).result == {"seconds": 3, "top1": 0.5}


def test_a_number_that_is_no_size_of_anything_is_left_out_of_the_start(tmp_path):
    run = Run(tmp_path)
    run.events.write_text(json.dumps({"event": "RunStarted", "model": "mine", "parameters": 10**400, "val_images": 3}))
    assert story_of(run).started == {"model": "mine", "val_images": 3}
