import numpy as np
import pytest

from cnnkit import kernels
from cnnkit.autograd import Tensor
from cnnkit.bench import compare
from cnnkit.bench.cases import Case, Titled
from cnnkit.bench.compare import measure_case
from cnnkit.bench.conv_cases import Layer, conv_case
from cnnkit.bench.map_cases.boxes import box_cases
from cnnkit.bench.map_cases.crf import crf_case
from cnnkit.bench.map_cases.enlarge import resize_cases, transposed_cases
from cnnkit.bench.map_cases.gru import gru_cases
from cnnkit.bench.map_cases.loss import loss_cases
from cnnkit.bench.network_cases import boxes as detectors
from cnnkit.bench.network_cases import whole
from cnnkit.bench.network_cases.scores import predict_case, train_case
from cnnkit.bench.pointwise_cases import NAMES, pointwise_case
from cnnkit.bench.rivals.known import refuse_other_work
from cnnkit.bench.twins.torchvision_boxes import refuse_other_boxes
from cnnkit.errors import CheckFailed, UsageError
from cnnkit.models.detection.detector import EMPTY
from cnnkit.nn import Module

SMALL = [
    Layer("small winograd", 2, 9, 8, 16, 3),
    Layer("small strided", 2, 9, 3, 5, 3, stride=2),
    Layer("small grouped", 1, 7, 6, 6, 3, groups=3),
    Layer("small pointwise", 2, 5, 8, 4, 1),
    Layer("small dilated", 1, 9, 4, 5, 3, dilation=2),
]


def nothing():
    pass


def test_a_figure_above_the_roof_of_the_algorithm_is_refused():
    case = Case("impossible", run=nothing, check=nothing, flop=1e15)
    with pytest.raises(CheckFailed, match="more than this machine can do"):
        measure_case(case, [], threads=1, seconds=0.0, peak=100.0)


def test_the_answer_is_checked_before_the_clock_starts():
    calls = []

    def check():
        raise CheckFailed("wrong")

    with pytest.raises(CheckFailed, match="wrong"):
        measure_case(Case("wrong", run=lambda: calls.append(1), check=check), [], 1, 0.0, 100.0)
    assert not calls


def test_a_ratio_above_one_means_that_ours_is_the_faster():
    case = Case("x", run=nothing, check=nothing, rivals={"torch": lambda threads: [lambda: sum(range(50_000))]})
    result = measure_case(case, ["torch"], threads=1, seconds=0.0, peak=100.0)
    assert result.against["torch"] > 1
    assert result.gflops is None


def test_a_result_tells_the_precision_that_was_measured():
    with kernels.use(precision="exact"):
        assert measure_case(Case("x", run=nothing, check=nothing), [], 1, 0.0, 100.0).to_json()["precision"] == "exact"


def test_a_rivals_slower_layout_rests_while_ours_is_timed():
    calls = []
    slow, fast = lambda: calls.append("slow") or sum(range(1_000_000)), lambda: calls.append("fast")
    case = Case("x", run=lambda: calls.append("ours"), check=nothing, rivals={"torch": lambda threads: [slow, fast]})
    measure_case(case, ["torch"], threads=1, seconds=0.0, peak=100.0)
    assert "slow" in calls and "slow" not in calls[calls.index("ours") :]


@pytest.mark.parametrize("direction", ["forward", "dx", "dw"])
@pytest.mark.parametrize("layer", SMALL, ids=str)
def test_convolution_cases_pass_their_own_check(layer, direction):
    conv_case(layer, direction).check()


def test_a_wrong_convolution_fails_its_check(monkeypatch):
    from cnnkit.kernels import cpu

    right = cpu.conv2d_dx
    monkeypatch.setattr(cpu, "conv2d_dx", lambda *args, **kwargs: right(*args, **kwargs) * np.float32(1.01))
    with pytest.raises(CheckFailed, match="duality"):
        conv_case(SMALL[0], "dx").check()


@pytest.mark.parametrize("make", [train_case, predict_case])
def test_network_cases_pass_their_own_check(make):
    make("lenet5", 8).check()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deeplab_v2_resnet18_x0_25", "fcn_resnet18_x0_25"])
@pytest.mark.parametrize("make", [train_case, predict_case])
def test_cases_of_networks_for_masks_pass_their_own_check(make, name):
    make(name, 2, 64).check()


@pytest.mark.parametrize("name", ["yolo_nano_x0_25", "ssd_nano_x0_25", "faster_rcnn_nano_x0_25"])
def test_what_the_heads_of_a_detector_tell_passes_its_own_check(name):
    case = detectors.predict_case(name, 1, 64)
    case.check()
    assert case.name == f"{name} heads, predict, batch 1 of 64x64"


@pytest.mark.parametrize("name", ["yolo_nano_x0_25", "ssd_nano_x0_25", "faster_rcnn_nano_x0_25"])
def test_training_steps_of_detectors_pass_their_own_check(name):
    detectors.train_case(name, 2, 64).check()


def test_another_answer_of_the_network_in_use_fails_the_check_of_its_heads(monkeypatch):
    right = detectors.Planned
    monkeypatch.setattr(detectors, "Planned", lambda heads: _Louder(right(heads)))
    with pytest.raises(CheckFailed, match="tells other numbers"):
        detectors.predict_case("ssd_nano_x0_25", 1, 64).check()


class _Louder(Module):
    def __init__(self, heads):
        self.heads = heads

    def forward(self, x):
        return tuple(told * 1.001 for told in self.heads(x))


def test_what_two_stages_are_measured_with_is_what_a_first_step_of_theirs_draws():
    case = detectors.train_case("faster_rcnn_nano_x0_25", 2, 64)
    network, x, truth = detectors.setting("faster_rcnn_nano_x0_25", 2, 64)
    assert case.run() == pytest.approx(sum(part.item() for part in network.losses(Tensor(x), truth).values()), rel=1e-6)


@pytest.mark.parametrize("name", ["ssdlite320_mobilenet_v3_large_x0_25", "faster_rcnn_nano_x0_25"])
def test_whole_detectors_find_boxes_and_pass_their_own_check(name):
    case = whole.predict_case(name, 1, 64)
    case.check()
    assert (case.run()[0, :5, 5] != EMPTY).all()
    assert case.name == f"{name} boxes, predict, batch 1 of 64x64"


def test_other_boxes_are_other_work_but_for_rounding():
    ours = np.float32([[[10, 10, 50, 60, 0.9, 1], [30, 20, 90, 80, 0.4, 0], [0, 0, 0, 0, 0, EMPTY]]])
    rounded = ours + np.float32([1e-4, -1e-4, 1e-4, 0, 1e-5, 0])
    refuse_other_boxes("torchvision", rounded, ours)
    refuse_other_boxes("torchvision", rounded[:, ::-1], ours)
    for place, change in ((2, 1.0), (4, 0.1), (5, 1.0)):
        other = ours.copy()
        other[0, 1, place] += change
        with pytest.raises(CheckFailed, match=r"torchvision finds 2 boxes, cnnkit 2; 2 of them differ"):
            refuse_other_boxes("torchvision", other, ours)


def test_what_another_library_tells_may_differ_from_ours_by_rounding_alone():
    ours = [np.ones((1, 2, 3, 4), np.float32), np.ones((1, 5), np.float32)]
    theirs = [np.ones((1, 4, 2, 3), np.float32), np.full((1, 5), 1 + 1e-6, np.float32)]
    refuse_other_work("torch", theirs, ours)
    with pytest.raises(CheckFailed, match=r"torch tells differs .* not the same work"):
        refuse_other_work("torch", [theirs[0], theirs[1] + 1e-3], ours)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_pointwise_cases_pass_their_own_check(name):
    pointwise_case(name).check()


@pytest.mark.slow
def test_the_crf_passes_its_own_check():
    crf_case().check()


@pytest.mark.parametrize("make", [*transposed_cases(), *resize_cases()][1::4])
def test_transposed_convolutions_and_resizing_pass_their_own_check(make):
    make().check()


@pytest.mark.parametrize("make", [*loss_cases(), *gru_cases()][::2])
def test_losses_of_pixels_and_sweeps_pass_their_own_check(make):
    make().check()


@pytest.mark.parametrize("make", [*box_cases()])
def test_choices_among_boxes_and_maps_within_them_pass_their_own_check(make):
    make().check()


def test_another_library_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(compare, "available", lambda name: False)
    with pytest.raises(UsageError, match="torch: it is not installed"):
        next(compare.run(["conv"], against=["torch"]))


def test_an_unknown_suite_or_rival_is_named():
    with pytest.raises(UsageError, match="no suite 'speed'"):
        next(compare.run(["speed"]))
    with pytest.raises(UsageError, match="expected torch, onnxruntime or openvino"):
        next(compare.run(["conv"], against=["caffe"]))


def test_a_case_whose_name_is_not_wanted_is_not_made(monkeypatch):
    made = []

    def make(name):
        made.append(name)
        return Case(name, run=nothing, check=nothing)

    cases = [Titled(name, lambda name=name: make(name)) for name in ("large", "small")]
    monkeypatch.setattr(compare, "cases", lambda suite, quick: iter(cases))
    monkeypatch.setattr(compare, "fma_peak", lambda threads: 1.0)
    assert [result.case for result in compare.run(["conv"], seconds=0.0, only="small")] == ["small"]
    assert made == ["small"]
