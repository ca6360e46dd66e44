"""How samples are cut into batches."""

import pytest

from cnnkit.data.load.batching import Batching


def lengths(batching):
    order = list(range(batching.samples))
    return [len(order[batching.batch(k)]) for k in range(len(batching))]


@pytest.mark.parametrize(
    ("samples", "size", "least", "drop_last", "expected"),
    [
        (33, 16, 1, False, [16, 16, 1]),
        (33, 16, 2, False, [16, 17]),
        (32, 16, 2, False, [16, 16]),
        (34, 16, 2, False, [16, 16, 2]),
        (17, 16, 2, False, [17]),
        (3, 2, 2, False, [3]),
        (1, 16, 2, False, [1]),
        (5, 16, 2, False, [5]),
        (33, 16, 2, True, [16, 16]),
        (5, 16, 1, True, []),
        (0, 4, 2, False, []),
        (3, 1, 1, False, [1, 1, 1]),
    ],
)
def test_a_last_batch_that_is_too_small_joins_the_one_before(samples, size, least, drop_last, expected):
    batching = Batching(samples, size, least, drop_last)
    assert lengths(batching) == expected and len(batching) == len(expected)
    assert batching.sizes() == sorted(set(expected), reverse=True)


@pytest.mark.parametrize("least", [1, 2])
def test_every_sample_is_in_one_batch(least):
    for samples in range(1, 30):
        for size in range(least, 9):
            batching, order = Batching(samples, size, least), list(range(samples))
            assert [i for k in range(len(batching)) for i in order[batching.batch(k)]] == order
            assert batching.sizes() == sorted(set(lengths(batching)), reverse=True)
