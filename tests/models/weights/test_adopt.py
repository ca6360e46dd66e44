"""Weights under published names become a state of ours: named, turned, checked, and refused with a clear sentence."""

import numpy as np
import pytest

from cnnkit import models
from cnnkit.autograd import no_grad
from cnnkit.errors import CheckpointError
from cnnkit.models.network import Network
from cnnkit.models.weights.adopt import to_state
from cnnkit.models.weights.identify import fit, identify
from cnnkit.models.weights.layouts import turned
from cnnkit.models.weights.renames import Named, wrappers

LENET = Network("lenet5", 10, 1, (28, 28))


@pytest.fixture
def module():
    return models.create("lenet5", rng=np.random.default_rng(3))


def channels_first(module, flat=(5, 5, 16)):
    """What a channels-first framework would have saved of this module, by an own turn."""
    H, W, C = flat
    state = {}
    for name, array in module.state_dict().items():
        if array.ndim == 4:
            KH, KW, CG, O = array.shape
            turned_array = np.empty((O, CG, KH, KW), np.float32)
            for ky, kx, c, o in np.ndindex(array.shape):
                turned_array[o, c, ky, kx] = array[ky, kx, c, o]
            array = turned_array
        elif name == "dense1.weight":
            rows = array.reshape(H, W, C, -1)
            array = np.stack([rows[:, :, c].reshape(H * W, -1) for c in range(C)]).reshape(H * W * C, -1).T
        elif array.ndim == 2:
            array = array.T
        state[name] = array
    return state


def test_a_channels_first_state_gives_the_same_network_back(module):
    state = to_state(channels_first(module), LENET, LENET.build())
    for name, array in module.state_dict().items():
        np.testing.assert_array_equal(state[name], array)


def test_a_network_built_without_values_computes_with_the_loaded_ones(module, rng):
    other = LENET.build()
    other.load_state_dict(to_state(channels_first(module), LENET, other))
    x = rng.normal(size=(2, 28, 28, 1)).astype(np.float32)
    with no_grad():
        np.testing.assert_array_equal(other.eval()(x).numpy(), module.eval()(x).numpy())


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.module.", "model."])
def test_wrappers_are_stripped_where_every_name_bears_them(module, prefix):
    arrays = {prefix + name: array for name, array in channels_first(module).items()}
    assert wrappers(arrays) == prefix
    assert set(to_state(arrays, LENET, module)) == set(module.state_dict())


def test_a_prefix_of_some_names_is_no_wrapper(module):
    arrays = channels_first(module)
    arrays["module.conv1.weight"] = arrays.pop("conv1.weight")
    with pytest.raises(CheckpointError, match=r"lacks conv1\.weight \(5, 5, 1, 6\) of lenet5.*module\.conv1\.weight"):
        to_state(arrays, LENET, module)


def test_keras_names_and_layouts_are_understood(module):
    arrays = {
        name.replace(".weight", "/kernel:0").replace(".bias", "/bias:0"): array
        for name, array in module.state_dict().items()
    }
    state = to_state(arrays, LENET, module)
    for name, array in module.state_dict().items():
        np.testing.assert_array_equal(state[name], array)


def test_a_depthwise_kernel_has_one_filter_a_channel(rng):
    w = rng.normal(size=(3, 3, 4, 2))
    ours = turned("dw.weight", Named("dw.depthwise_kernel", w))
    assert ours.shape == (3, 3, 1, 8)
    assert ours[1, 2, 0, 2 * 3 + 1] == w[1, 2, 3, 1]
    first = turned("dw.weight", Named("dw.weight", rng.normal(size=(8, 1, 3, 3))))
    assert first.shape == (3, 3, 1, 8)


def test_a_1x1_convolution_and_a_dense_layer_take_each_others_arrays(rng):
    w = rng.normal(size=(7, 5, 1, 1))
    np.testing.assert_array_equal(turned("a.weight", Named("a.weight", w), shape=(5, 7)), w[:, :, 0, 0].T)
    np.testing.assert_array_equal(
        turned("a.weight", Named("a.weight", w[:, :, 0, 0]), shape=(1, 1, 5, 7)), w.transpose(2, 3, 1, 0)
    )


def test_counters_of_batch_norm_are_dropped_and_halves_widened(module):
    arrays = {name: array.astype(np.float16) for name, array in channels_first(module).items()}
    arrays["bn1.num_batches_tracked"] = np.array(3)
    state = to_state(arrays, LENET, module)
    assert {array.dtype for array in state.values()} == {np.dtype(np.float32)}


def test_a_missing_name_is_told_with_its_shape_and_the_nearest(module):
    arrays = channels_first(module)
    arrays["convolution2.weight"] = arrays.pop("conv2.weight")
    with pytest.raises(
        CheckpointError,
        match=r"The file lacks conv2\.weight \(5, 5, 6, 16\) of lenet5\. "
        r"The most similar name in the file is convolution2\.weight \(16, 6, 5, 5\)\. Is it a file for another",
    ):
        to_state(arrays, LENET, module)


def test_a_surplus_name_is_told_with_its_shape_and_the_nearest(module):
    arrays = channels_first(module) | {"conv3.bias": np.zeros(9, np.float32), "x": np.zeros(1, np.float32)}
    with pytest.raises(
        CheckpointError,
        match=r"The file has conv3\.bias \(9,\) \(and 1 more\), for which lenet5 has no place\. "
        r"The most similar name in lenet5 is conv\d\.bias",
    ):
        to_state(arrays, LENET, module)


def test_two_names_for_one_parameter_are_both_told(module):
    arrays = channels_first(module)
    arrays["conv1/weight"] = arrays["conv1.weight"]
    with pytest.raises(CheckpointError, match=r"conv1\.weight and conv1/weight are two names for one parameter"):
        to_state(arrays, LENET, module)


def test_a_wrong_shape_is_told_as_published_and_as_ours(module):
    arrays = channels_first(module) | {"conv1.weight": np.zeros((6, 1, 3, 3), np.float32)}
    with pytest.raises(
        CheckpointError,
        match=r"conv1\.weight \(6, 1, 3, 3\) in the file, which is \(3, 3, 1, 6\) here, "
        r"does not fit conv1\.weight \(5, 5, 1, 6\) of lenet5",
    ):
        to_state(arrays, LENET, module)


def test_quantised_numbers_and_numbers_that_are_not_finite_are_refused(module):
    with pytest.raises(CheckpointError, match=r"conv1\.bias holds int8 numbers.*quantised"):
        to_state(channels_first(module) | {"conv1.bias": np.zeros(6, np.int8)}, LENET, module)
    with pytest.raises(CheckpointError, match=r"conv1\.bias holds numbers that are not finite in float32"):
        to_state(channels_first(module) | {"conv1.bias": np.full(6, 1e300)}, LENET, module)


def test_classes_and_channels_follow_from_the_arrays():
    module = models.create("lenet5", classes=7, in_channels=3)
    assert fit(channels_first(module), "lenet5").network == Network("lenet5", 7, 3, (28, 28))


def test_a_network_is_known_by_its_names_and_shapes(module):
    assert [reading.network for reading in identify(channels_first(module))] == [LENET]
    assert identify({"w": np.zeros(3, np.float32)}) == []
    assert identify({}) == []
