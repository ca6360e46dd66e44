"""Every layer under the same tests. A new layer is one more row of LAYERS."""

import numpy as np
import pytest

from cnnkit import nn
from cnnkit.autograd import Tensor, gradcheck
from cnnkit.nn.pool import ROUND_UP

# (name, create, input_shape)
LAYERS = [
    ("Conv2d", lambda: nn.Conv2d(2, 3, 3, padding=1, activation="relu"), (2, 4, 5, 2)),
    ("Conv2d strided", lambda: nn.Conv2d(2, 4, (3, 2), stride=2, dilation=(1, 2), groups=2, bias=False), (1, 5, 6, 2)),
    ("ConvTranspose2d", lambda: nn.ConvTranspose2d(2, 3, 2, stride=2, activation="relu"), (2, 3, 2, 2)),
    (
        "ConvTranspose2d in groups",
        lambda: nn.ConvTranspose2d(2, 4, (3, 2), stride=2, padding=1, output_padding=1, groups=2, bias=False),
        (1, 3, 4, 2),
    ),
    ("Linear", lambda: nn.Linear(5, 3, activation="sigmoid"), (4, 5)),
    ("Linear without bias", lambda: nn.Linear(5, 3, bias=False), (4, 5)),
    ("MaxPool2d", lambda: nn.MaxPool2d(2), (2, 4, 5, 2)),
    ("MaxPool2d overlapping", lambda: nn.MaxPool2d(3, 2, 1), (1, 5, 5, 2)),
    ("MaxPool2d rounded up", lambda: nn.MaxPool2d(3, 2, ROUND_UP), (1, 4, 6, 2)),
    ("AvgPool2d", lambda: nn.AvgPool2d(3, 1, 1, count_padding=False), (1, 4, 4, 2)),
    ("AdaptiveAvgPool2d", lambda: nn.AdaptiveAvgPool2d((2, 3)), (1, 5, 4, 2)),
    ("GlobalAvgPool2d", lambda: nn.GlobalAvgPool2d(), (2, 3, 4, 2)),
    ("ReLU", lambda: nn.ReLU(), (3, 4)),
    ("ReLU6", lambda: nn.ReLU6(), (3, 4)),
    ("LeakyReLU", lambda: nn.LeakyReLU(0.2), (3, 4)),
    ("Sigmoid", lambda: nn.Sigmoid(), (3, 4)),
    ("HardSigmoid", lambda: nn.HardSigmoid(), (3, 4)),
    ("HardSwish", lambda: nn.HardSwish(), (3, 4)),
    ("Swish", lambda: nn.Swish(), (3, 4)),
    ("Tanh", lambda: nn.Tanh(), (3, 4)),
    ("GRU", lambda: nn.GRU(3, 2, along="height", patch=(2, 1)), (1, 5, 2, 3)),
    ("GRU one way", lambda: nn.GRU(2, 3, along="width", bidirectional=False), (2, 1, 3, 2)),
    ("ReNet", lambda: nn.ReNet(2, 2, patch=2), (1, 4, 6, 2)),
    ("BatchNorm2d", lambda: nn.BatchNorm2d(3, activation="relu"), (2, 3, 2, 3)),
    ("BatchNorm2d with swish", lambda: nn.BatchNorm2d(2, eps=1e-3, momentum=0.01, activation="swish"), (2, 3, 2, 2)),
    ("ConvNorm", lambda: nn.ConvNorm(2, 3, 3, stride=2), (2, 3, 4, 2)),
    ("SqueezeExcite", lambda: nn.SqueezeExcite(4, 2), (2, 2, 3, 4)),
    ("LocalResponseNorm", lambda: nn.LocalResponseNorm(3, 0.5, 0.75, 2), (2, 2, 2, 5)),
    ("ChannelShuffle", lambda: nn.ChannelShuffle(2), (2, 2, 1, 6)),
    ("Identity", lambda: nn.Identity(), (2, 3)),
    ("Softmax", lambda: nn.Softmax(), (3, 4)),
    ("Resize", lambda: nn.Resize((5, 2)), (2, 3, 4, 2)),
    ("Resize by a scale", lambda: nn.Resize(scale=2, mode="nearest"), (1, 3, 2, 2)),
    ("Flatten", lambda: nn.Flatten(), (2, 2, 3, 1)),
    ("Dropout", lambda: nn.Dropout(0.5, seed=3), (4, 5)),
    ("Sequential", lambda: nn.Sequential(nn.Conv2d(1, 2, 2), nn.Flatten(), nn.Linear(8, 2)), (2, 3, 3, 1)),
]
HAVE_NO_ROW = {"Module", "ModuleList", "Parameter", "WithAuxiliary", "init"}

every_layer = pytest.mark.parametrize(("create", "shape"), [pytest.param(c, s, id=name) for name, c, s in LAYERS])


def doubled(module: nn.Module) -> nn.Module:
    """The module with its parameters in float64, so that the definitions compute it."""
    for parameter in module.parameters():
        parameter.data = parameter.data.astype(np.float64)
    return module


def values(shape: tuple[int, ...]) -> np.ndarray:
    """Numbers in random order, none near another or 0: no corner of a pool or ReLU lies within eps of one."""
    count = int(np.prod(shape))
    return np.random.default_rng(1).permutation((np.arange(count) - count / 2 + 0.37) * 0.1).reshape(shape)


def test_every_layer_has_a_row():
    assert set(nn.__all__) - HAVE_NO_ROW == {name.split()[0] for name, _, _ in LAYERS}


@every_layer
def test_gradients_of_input_and_parameters(create, shape):
    module = doubled(create()).eval()
    gradcheck(module, [values(shape)])
    if module.parameters():
        check_parameters(module, values(shape))


def check_parameters(module: nn.Module, x: np.ndarray) -> None:
    """Central differences of the sum of the result by a few elements of every parameter."""
    module.zero_grad()
    y = module(x)
    dy = np.random.default_rng(0).uniform(0.5, 1.5, y.shape)
    y.backward(dy)
    for parameter in module.parameters():
        flat = parameter.data.reshape(-1)
        for i in range(0, flat.size, max(1, flat.size // 5)):
            middle, losses = flat[i], []
            for flat[i] in (middle + 1e-6, middle - 1e-6):
                losses.append(float((module(x).data * dy).sum()))
            flat[i] = middle
            expected = (losses[0] - losses[1]) / 2e-6
            # eps² of curvature and 1e-16/eps of rounding, at values of size 1 to 10
            assert parameter.grad.reshape(-1)[i] == pytest.approx(expected, rel=1e-5, abs=1e-7)


@every_layer
def test_output_shape_is_the_real_one(create, shape):
    module = doubled(create())
    assert module.output_shape(shape) == module(values(shape)).shape


@every_layer
def test_output_shape_scales_with_the_batch(create, shape):
    assert create().output_shape((7, *shape[1:]))[0] == 7


@every_layer
def test_in_use_the_same_input_gives_the_same_result(create, shape):
    module = doubled(create()).eval()
    np.testing.assert_array_equal(module(values(shape)).data, module(values(shape)).data)


@every_layer
def test_train_and_eval_reach_every_part(create, shape):
    module = create()
    assert all(part.training for part in module.modules())
    assert module.eval() is module
    assert not any(part.training for part in module.modules())
    assert all(part.training for part in module.train().modules())


@every_layer
def test_the_state_goes_round(create, shape):
    module, other = create(), create()
    for parameter in module.parameters():
        parameter.data[...] = np.random.default_rng(5).normal(size=parameter.shape)
    other.load_state_dict({name: array.copy() for name, array in module.state_dict().items()})
    assert other.state_dict().keys() == module.state_dict().keys()
    for name, array in other.state_dict().items():
        np.testing.assert_array_equal(array, module.state_dict()[name])
    doubled(module).eval(), doubled(other).eval()
    np.testing.assert_array_equal(other(values(shape)).data, module(values(shape)).data)


@every_layer
def test_repr_names_the_layer(create, shape):
    module = create()
    assert repr(module).startswith(type(module).__name__ + "(")
    assert repr(module).endswith(")")


@every_layer
def test_parameters_lie_on_cache_lines(create, shape):
    assert all(parameter.data.ctypes.data % 64 == 0 for parameter in create().parameters())


@every_layer
def test_multiply_adds_are_those_of_the_weights(create, shape):
    module = create()
    weighted = any(isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.GRU, nn.Linear)) for layer in module.modules())
    assert (module.multiply_adds(shape) > 0) == weighted


def test_multiply_adds_of_a_convolution():
    assert nn.Conv2d(4, 6, 3, groups=2).multiply_adds((1, 5, 5, 4)) == 3 * 3 * 6 * 3 * 3 * 2


def test_multiply_adds_of_a_transposed_convolution():
    assert nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2).multiply_adds((1, 5, 5, 4)) == 5 * 5 * 4 * 3 * 3 * 3


def test_a_layer_computes_on_a_tensor_or_an_array():
    layer = nn.Flatten()
    assert layer(np.zeros((2, 3, 1))).shape == layer(Tensor(np.zeros((2, 3, 1)))).shape == (2, 3)


def test_repr_tells_what_is_not_the_custom():
    layer = nn.Conv2d(2, 4, (3, 2), stride=2, groups=2, bias=False, activation="relu")
    assert repr(layer) == "Conv2d(2, 4, 3x2, stride=2, groups=2, bias=False, relu)"
    layer = nn.ConvTranspose2d(2, 4, 3, stride=2, output_padding=1, activation="relu")
    assert repr(layer) == "ConvTranspose2d(2, 4, 3x3, stride=2, output_padding=1, relu)"
    assert repr(nn.Linear(3, 2, bias=False)) == "Linear(3, 2, bias=False)"
    assert repr(nn.MaxPool2d(3, 2, 1)) == "MaxPool2d(3x3, stride=2, padding=1)"


@pytest.mark.parametrize(("kernel_size", "sizes"), [(3, [1, 1, 2, 2, 3, 3]), (2, [1, 2, 2, 3, 3, 4])])
def test_padding_that_rounds_up_counts_windows_that_are_not_full(kernel_size, sizes):
    pool = nn.MaxPool2d(kernel_size, 2, ROUND_UP)
    assert [pool.output_shape((1, H, H, 1))[1] for H in range(2, 8)] == sizes
