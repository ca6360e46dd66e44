"""Dropout: what is dropped follows from seed and counter."""

import numpy as np
import pytest

from cnnkit import kernels, nn, ops
from cnnkit.errors import UsageError

X = np.ones((50, 40))


def test_in_use_it_does_nothing():
    layer = nn.Dropout(0.5).eval()
    np.testing.assert_array_equal(layer(X).data, X)
    assert layer.counter == 0


def test_in_training_it_keeps_the_mean():
    y = nn.Dropout(0.25)(X).data
    assert set(np.unique(y)) == {0, 1 / 0.75}
    # 2,000 draws: the share of kept elements has a deviation of 0.01
    assert abs((y > 0).mean() - 0.75) < 0.05


def test_every_pass_drops_others():
    layer = nn.Dropout(0.5)
    assert (layer(X).data != layer(X).data).any()
    assert layer.counter == 2


def test_a_saved_counter_goes_on_exactly():
    layer, resumed = nn.Dropout(0.5, seed=4), nn.Dropout(0.5, seed=4)
    layer(X)
    resumed.load_state_dict({name: array.copy() for name, array in layer.state_dict().items()})
    np.testing.assert_array_equal(resumed(X).data, layer(X).data)


def test_a_walk_through_shapes_counts_nothing():
    layer = nn.Dropout(0.5)
    with kernels.shapes_only():
        assert layer(X.astype(np.float32)).shape == X.shape
    assert layer.counter == 0


def test_a_counter_stays_the_same_array():
    """A step that is made again knows it by its place in memory."""
    layer = nn.Dropout(0.5)
    counter = layer.counter
    layer(X)
    layer.load_state_dict({"counter": np.array(7)})
    layer(X)
    assert layer.counter is counter and counter == 8


def test_the_op_takes_a_number_or_a_counter():
    counter = np.array(5)
    found = [ops.dropout(X, 0.5, (1, counter)).data for _ in range(2)]
    assert counter == 7
    for stream, y in zip((5, 6), found, strict=True):
        np.testing.assert_array_equal(y, ops.dropout(X, 0.5, (1, stream)).data)


def test_another_seed_drops_others():
    assert (nn.Dropout(0.5, seed=1)(X).data != nn.Dropout(0.5, seed=2)(X).data).any()


def test_a_rate_that_cannot_be_is_refused():
    with pytest.raises(UsageError, match="a rate from 0 up to, not including, 1, but received 1"):
        nn.Dropout(1)


def test_published_weights_need_not_count_what_was_dropped():
    network = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5))
    assert list(network.needed_in_use()) == ["0.weight", "0.bias"]
    network.load_state_dict({"0.weight": np.ones((2, 3), np.float32), "0.bias": np.ones(3, np.float32)})
    assert int(network.state_dict()["1.counter"]) == 0
