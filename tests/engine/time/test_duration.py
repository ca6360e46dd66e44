import pytest

from cnnkit.engine.time.duration import duration


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "0 s"),
        (-1, "0 s"),
        (0, "0 s"),
        (11.6, "12 s"),
        (59.4, "59 s"),
        (59.6, "1:00"),
        (61, "1:01"),
        (187, "3:07"),
        (3909, "1:05:09"),
    ],
)
def test_a_time_is_shown_in_few_characters(seconds, shown):
    assert duration(seconds) == shown
