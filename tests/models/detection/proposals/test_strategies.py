"""What a search is asked for is checked once."""

import pytest

from cnnkit.errors import UsageError
from cnnkit.models.detection.proposals import FAST, QUALITY, Strategies


def test_the_papers_two_have_8_and_80_strategies():
    assert [len(s.spaces) * len(s.ks) * len(s.measures) for s in (FAST, QUALITY)] == [8, 80]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"spaces": ("hsb",)}, "hsv"),
        ({"spaces": ()}, "at least one"),
        ({"ks": (50, 0)}, "k is 0"),
        ({"measures": ((0, 0, 0, 0),)}, "not all of them 0"),
        ({"measures": ((1, 1, 1),)}, "four numbers"),
        ({"measures": ((1, 1, float("nan"), 1),)}, "four numbers"),
        ({"sigma": 0.0}, "sigma is 0.0"),
        ({"longest": 5000}, "longest is 5000"),
    ],
)
def test_what_cannot_be_is_refused(options, said):
    with pytest.raises(UsageError, match=said):
        Strategies(**options)
