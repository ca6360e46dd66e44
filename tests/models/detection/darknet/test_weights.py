"""Numbers of a `.weights` file: each in its place, or a sentence."""

import numpy as np
import pytest
from darknet_files import CFG, GRID, count, weights

from cnnkit.errors import CheckpointError
from cnnkit.models.detection.darknet.cfg import parsed
from cnnkit.models.detection.darknet.plan import planned
from cnnkit.models.detection.darknet.weights import read_weights

STEPS = planned(*parsed(CFG))
NUMBERS = count(STEPS)


def read(tmp_path, data: bytes, steps=STEPS):
    path = tmp_path / "a.weights"
    path.write_bytes(data)
    return read_weights(path, steps)


@pytest.mark.parametrize("version", [(0, 1), (0, 2), (0, 5), (1, 0)])
def test_numbers_are_taken_in_their_order_behind_the_header_of_each_version(tmp_path, version):
    state = read(tmp_path, weights(np.arange(NUMBERS), version))
    # Layer 0: 8 biases, scales, means and variances, then filters (8, 3, 3, 3).
    for place, name in enumerate(("bias", "weight", "running_mean", "running_var")):
        np.testing.assert_array_equal(state[f"layers.0.norm.{name}"], np.arange(8) + 8 * place)
    filters = 32 + np.arange(8 * 27).reshape(8, 3, 3, 3)
    np.testing.assert_array_equal(state["layers.0.conv.weight"], filters.transpose(2, 3, 1, 0))
    # Layer 2, depthwise, lies behind it: layer 1 has no numbers.
    np.testing.assert_array_equal(state["layers.2.norm.bias"], 32 + 216 + np.arange(8))
    # The last convolution, without a norm: 14 biases and (14, 16, 1, 1).
    np.testing.assert_array_equal(state["layers.10.bias"], np.arange(14) + NUMBERS - 14 * 17)
    assert state["layers.10.weight"].shape == (1, 1, 16, 14)
    assert state["layers.10.weight"][0, 0, -1, -1] == NUMBERS - 1


def test_local_and_dense_layers_have_their_bias_first_and_read_channel_by_channel(tmp_path):
    """GRID: a convolution of 4 filters over 3 channels, a local one of 2 at each of 4x8 places, 76 numbers of 4x8x2."""
    steps = planned(*parsed(GRID))
    state = read(tmp_path, weights(np.arange(count(steps))), steps)
    start = 4 * 4 + 4 * 27
    bias = start + np.arange(2 * 32).reshape(2, 4, 8)
    np.testing.assert_array_equal(state["layers.1.bias"].reshape(4, 8, 2), bias.transpose(1, 2, 0))
    filters = start + 64 + np.arange(32 * 2 * 4 * 9).reshape(4, 8, 2, 4, 3, 3)
    np.testing.assert_array_equal(
        state["layers.1.weight"].reshape(3, 3, 4, 4, 8, 2), filters.transpose(4, 5, 3, 0, 1, 2)
    )
    start += 64 + 32 * 2 * 36
    np.testing.assert_array_equal(state["layers.3.dense.bias"], start + np.arange(76))
    dense = start + 76 + np.arange(76 * 64).reshape(76, 2, 4, 8)
    np.testing.assert_array_equal(state["layers.3.dense.weight"].reshape(4, 8, 2, 76), dense.transpose(2, 3, 1, 0))


def test_a_file_that_ends_early_or_has_numbers_left_is_refused(tmp_path):
    whole = weights(np.ones(NUMBERS))
    with pytest.raises(
        CheckpointError, match=rf"ends early: its network has {NUMBERS} numbers, but it holds {NUMBERS - 1}"
    ):
        read(tmp_path, whole[:-4])
    with pytest.raises(CheckpointError, match=rf"ends early.*but it holds {NUMBERS - 1}"):
        read(tmp_path, whole[:-1])
    with pytest.raises(CheckpointError, match=rf"holds 1 numbers more than the {NUMBERS} of its network"):
        read(tmp_path, whole + b"\0\0\0\0")
    with pytest.raises(CheckpointError, match=r"ends early.*but it holds 0"):
        read(tmp_path, whole[:20])
    with pytest.raises(CheckpointError, match=r"has 7 bytes, which is not even the header"):
        read(tmp_path, whole[:7])


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"no .weights file of darknet: its version would be"):
        read(tmp_path, b"PK\x03\x04" * 2000)
    with pytest.raises(CheckpointError, match=r"There is no file"):
        read_weights(tmp_path / "none.weights", STEPS)
    with pytest.raises(CheckpointError, match=r"it is a folder"):
        read_weights(tmp_path, STEPS)


def test_numbers_that_cannot_be_are_refused(tmp_path):
    numbers = np.ones(NUMBERS)
    numbers[24] = -1  # the first variance of layer 0
    with pytest.raises(CheckpointError, match=r"a variance of layer 0 is below 0"):
        read(tmp_path, weights(numbers))
    numbers[24] = np.nan
    with pytest.raises(CheckpointError, match=r"numbers that are not finite"):
        read(tmp_path, weights(numbers))


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "huge.weights"
    with path.open("wb") as file:
        file.write(weights(np.ones(9)))
        file.truncate(1 << 40)  # a hole: nothing lies on the disk
    with pytest.raises(CheckpointError, match=r"numbers more than"):
        read_weights(path, STEPS)
