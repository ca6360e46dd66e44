import pytest

from cnnkit.metrics import wilson


def test_the_ends_are_where_the_share_lies_just_z_deviations_off():
    # The definition: p is an end if |right / n - p| = z √(p (1 - p) / n).
    for right, n in [(1, 10), (90, 100), (1987, 2000)]:
        for p in wilson(right, n):
            assert abs(right / n - p) == pytest.approx(1.959963984540054 * (p * (1 - p) / n) ** 0.5, rel=1e-9)


def test_all_right_is_no_certainty_and_no_share_leaves_0_to_1():
    low, high = wilson(20, 20)
    assert low == pytest.approx(20 / (20 + 1.959963984540054**2)) and high == 1
    assert wilson(0, 20) == pytest.approx((0, 1 - low))


def test_more_images_say_more():
    narrow, wide = wilson(900, 1000), wilson(9, 10)
    assert narrow[1] - narrow[0] < wide[1] - wide[0]
    assert wilson(0, 0) == (0, 1)
