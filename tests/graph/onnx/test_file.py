"""ONNX files: what ONNX Runtime tells of them is recorded (tests/golden/record_onnx.py), with their checksums."""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnkit import models, nn, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import UsageError
from cnnkit.graph.onnx import onnx_file
from cnnkit.graph.trace import trace
from cnnkit.nn.module import blank

from .reading import read

GOLDEN = Path(__file__).parents[2] / "golden"
sys.path.insert(0, str(GOLDEN))
from onnx_problem import file_of, made  # noqa: E402 - what is recorded lies beside it

RECORDED = json.loads((GOLDEN / "onnx.json").read_text())["networks"]


@pytest.mark.parametrize("name", RECORDED)
def test_the_file_is_the_one_that_onnx_runtime_was_given(name):
    module, x = made(name)
    assert hashlib.sha256(file_of(module, x.shape[1:])).hexdigest() == RECORDED[name]["sha256"]


@pytest.mark.parametrize("name", RECORDED)
def test_onnx_runtime_told_of_it_what_the_network_tells(name):
    """But for sums in another order: 1e-5 of the largest, where a wrong layout errs by about 1."""
    module, x = made(name)
    with no_grad():
        y = module(Tensor(x)).numpy()
    y = y.transpose(0, 3, 1, 2) if y.ndim == 4 else y
    assert list(y.shape) == RECORDED[name]["shape"]
    theirs = np.array(RECORDED[name]["logits"])
    flat = y.reshape(len(x), -1)
    ours = flat[:, :: max(1, flat.shape[1] // 60)][:, : theirs.shape[1]]
    assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(y).max()


@pytest.mark.parametrize("name", ["lenet5", "resnet20", "squeezenet1_1", "googlenet", "mobilenet_v2"])
def test_no_map_is_turned_on_its_way_through_a_classifier(name):
    spec = models.spec(name)
    module = models.create(name, classes=3, in_channels=spec.input[2], image_size=(64, 64)).eval()
    assert "Transpose" not in read(file_of(module, (64, 64, spec.input[2]))).kinds


def test_a_dense_layer_behind_a_map_has_its_rows_in_the_order_of_channels_first():
    linear = nn.Linear(12, 2)
    found = read(file_of(nn.Sequential(nn.Flatten(), linear).eval(), (2, 3, 2)))
    assert found.kinds == ["Flatten", "Gemm", "Identity"]
    weights = found.constants[found.nodes[1].inputs[1]].reshape(2, 2, 3, 2)  # channel, row, column, output
    assert np.array_equal(weights.transpose(1, 2, 0, 3).reshape(12, 2), linear.weight.numpy())


def test_a_file_tells_its_inputs_results_and_facts():
    found = read(file_of(nn.Sequential(nn.Conv2d(3, 4, 3)).eval(), (8, 6, 3)))
    assert (found.given, found.told) == ({"x": ["N", 3, 8, 6]}, {"logits": ["N", 4, 6, 4]})
    assert (found.facts, found.opset) == ({"classes": "[]"}, 18)
    assert read(file_of(nn.Conv2d(3, 4, 3).eval(), (8, 6, 3), batch=5)).given == {"x": [5, 3, 8, 6]}


def test_weights_that_layers_share_are_written_once():
    conv = nn.Conv2d(3, 3, 3, padding=1)
    found = read(file_of(nn.Sequential(conv, conv).eval(), (8, 6, 3)))
    assert found.nodes[0].inputs[1:] == found.nodes[1].inputs[1:]
    assert len(found.constants) == 2


class Chosen(nn.Module):
    def forward(self, x):
        return ops.slice(x, (1, 0, 0, 0), x.shape)


class Mixed(nn.Module):
    def forward(self, x):
        return ops.reshape(x, (4, x.size // 4))


@pytest.mark.parametrize(("module", "said"), [(Chosen(), "chooses images"), (Mixed(), "mixes images")])
def test_what_has_no_counterpart_is_refused(module, said):
    graph = trace(module, blank((3, 2, 5, 2)))
    with pytest.raises(UsageError, match=said):
        onnx_file(graph, ["y"], any_batch=True)
