import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from cnnkit.autograd import Tensor, no_grad
from cnnkit.engine.use.load import load
from cnnkit.engine.use.shipped import SHIPPED
from cnnkit.errors import CheckFailed, UsageError
from cnnkit.models.weights import exported


def runtime(change=0.0):
    """Stands for ONNX Runtime: it computes by our own network, and errs by as much as it is told to."""
    network = load(SHIPPED).module

    class Session:
        def __init__(self, data, providers):
            assert data[:2] == b"\x08\x08", "the version of the format comes first"

        def run(self, names, feed):
            with no_grad():
                y = network(Tensor(np.ascontiguousarray(feed["x"].transpose(0, 2, 3, 1)))).numpy()
            return [y * np.float32(1 + change)]

    return SimpleNamespace(InferenceSession=Session)


@pytest.fixture
def installed(monkeypatch):
    """Whether ONNX Runtime is there, and how much it errs."""

    def set_to(module):
        monkeypatch.setitem(sys.modules, "onnxruntime", module)
        monkeypatch.setattr(exported.importlib.util, "find_spec", lambda name: module)

    return set_to


def test_a_network_is_written_with_all_that_its_use_needs(cnnkit, installed, empty_folder):
    installed(None)
    ended = cnnkit("export", SHIPPED, "net.onnx")
    assert ended.code == 0
    assert "Not checked" in ended.err
    data = (empty_folder / "net.onnx").read_bytes()
    for text in (json.dumps([str(digit) for digit in range(10)]), "preprocessing", '"fit": "digit"', "softmax"):
        assert text.encode() in data


def test_its_answers_are_compared_where_onnx_runtime_is_installed(cnnkit, installed, empty_folder):
    installed(runtime())
    ended = cnnkit("export", SHIPPED, "net.onnx", "--batch-size", 3, "--json")
    assert (ended.code, ended.json["checked"], ended.json["difference"]) == (0, True, 0.0)
    assert ended.json["bytes"] == (empty_folder / "net.onnx").stat().st_size


def test_a_file_with_other_answers_is_not_kept(cnnkit, installed, empty_folder):
    installed(runtime(change=0.01))
    ended = cnnkit("export", SHIPPED, "net.onnx")
    assert ended.code == CheckFailed.exit_code
    assert "differ by 0.01" in ended.err
    assert not (empty_folder / "net.onnx").exists()


def test_a_file_that_is_there_stays(cnnkit, installed, empty_folder):
    installed(None)
    (empty_folder / "net.onnx").write_text("mine")
    assert cnnkit("export", SHIPPED, "net.onnx").code == UsageError.exit_code
    assert (empty_folder / "net.onnx").read_text() == "mine"
    assert cnnkit("export", SHIPPED, "net.onnx", "--exist-ok").code == 0
    assert (empty_folder / "net.onnx").stat().st_size > 1000


def test_a_detector_is_refused(cnnkit):
    ended = cnnkit("export", "yolo_fastest", "net.onnx")
    assert ended.code == UsageError.exit_code
    assert "classification and segmentation" in ended.err
