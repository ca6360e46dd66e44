import numpy as np

from cnnkit.metrics import hardest


def test_the_highest_come_first_and_equal_ones_keep_their_order():
    assert hardest(np.array([1.0, 3.0, 0.5, 3.0, 2.0]), 3).tolist() == [1, 3, 4]


def test_no_number_and_an_infinite_one_are_the_worst():
    assert hardest(np.array([1.0, np.nan, 9.0, np.inf]), 3).tolist() == [1, 3, 2]


def test_more_than_there_are_is_all_and_none_is_none():
    losses = np.random.default_rng(0).random(5)
    assert hardest(losses, 9).tolist() == sorted(range(5), key=lambda i: -losses[i])
    assert hardest(losses, 0).tolist() == [] == hardest(np.empty(0), 3).tolist()
