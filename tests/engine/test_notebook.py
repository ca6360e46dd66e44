"""The line of progress of Python."""

from cnnkit.engine.notebook import bar_of
from cnnkit.engine.records.events import StepEnd


def test_more_than_a_day_that_is_left_is_told_as_such():
    event = StepEnd(
        1, 9, 1, 90, 1, 10, loss=1.0, running={"accuracy": 0.5}, lr=0.1, images_per_second=1.0, seconds_left=108_000.2
    )
    assert bar_of(event, "").endswith("epoch 1, loss 1.0000, 1 day, 6:00:00 left")
