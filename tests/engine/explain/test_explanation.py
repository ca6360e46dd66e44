"""What an explanation tells of the digits network in the package."""

from pathlib import Path

import numpy as np
import pytest

import cnnkit
from cnnkit.engine.explain import ask as asking
from cnnkit.engine.explain.ask import ask_kernel, ask_maps, ask_pixel
from cnnkit.engine.explain.walk import walk
from cnnkit.errors import DataError, UsageError

SEVEN = Path(cnnkit.__file__).parent / "docs/pictures/seven.png"


@pytest.fixture(scope="module")
def predictor():
    return cnnkit.load()


@pytest.fixture(scope="module")
def explanation(predictor):
    return predictor.explain(SEVEN)


def test_the_logits_are_those_that_predict_reads(predictor, explanation):
    answer = predictor.predict(SEVEN)
    assert (explanation.winner.label, explanation.answer.label) == (answer.label, answer.label)
    # A plan may sum in another order.
    np.testing.assert_allclose(explanation.scores, predictor.predict_proba(SEVEN)[0], atol=1e-5)


def test_stations_stand_in_the_order_of_computation_with_what_they_cost(explanation):
    summary = cnnkit.models.summary("digitnet")
    assert [station.kind for station in explanation.stations] == [
        *("conv", "conv", "max pool", "conv", "conv", "max pool", "flatten", "dropout", "dense", "softmax")
    ]
    assert (explanation.parameters, explanation.multiply_adds) == (summary.parameters, summary.multiply_adds)
    first = explanation.station("conv1")
    assert (first.inputs, first.output, first.receptive_field) == (((28, 28, 1),), (28, 28, 32), (3, 3))
    assert explanation.station("pool2").receptive_field == (16, 16)
    assert all(station.ms >= 0 for station in explanation.stations)


def test_the_maps_that_are_shown_are_the_strongest_of_the_station(explanation):
    station = explanation.station("conv2")
    whole = explanation.maps("conv2")
    strongest = np.argsort(-np.abs(whole).mean(axis=(0, 1)))[:16]
    assert (set(station.maps.channels), station.maps.why) == (set(strongest.tolist()), "strongest")
    np.testing.assert_array_equal(station.maps.values, whole[..., list(station.maps.channels)])
    # One kernel computes the sums with and without an activation at its end.
    np.testing.assert_allclose(np.maximum(station.maps.before, 0), station.maps.values, atol=1e-6)


def test_no_map_is_kept_but_those_that_are_shown(explanation):
    for station in explanation.stations:
        for kept in (station.maps.values, station.maps.before):
            # An array of its own: a view would hold the whole result.
            assert kept is None or (kept.base is None)
            assert kept is None or kept.ndim == 1 or kept.shape == (*station.output[:2], 16)


def test_channels_that_are_asked_for_are_shown(predictor):
    found = predictor.explain(SEVEN, layer="conv3", channels=[60, 2])
    maps = found.station("conv3").maps
    assert (maps.channels, maps.why, maps.values.shape) == ((2, 60), "asked", (14, 14, 2))
    assert found.station("conv4").maps.why == "strongest"


def test_a_place_knows_what_it_depends_on(explanation):
    assert explanation.receptive_field("conv1", 0, 5) == (0, 4, 2, 7)
    assert explanation.receptive_field("conv2", 10, 10) == (8, 8, 13, 13)


def test_filters_are_those_of_the_layer(predictor, explanation):
    filters, bias = explanation.kernel("conv1", [3, 1])
    np.testing.assert_array_equal(filters, predictor.module.conv1.weight.numpy()[..., [3, 1]])
    np.testing.assert_array_equal(bias, predictor.module.conv1.bias.numpy()[[3, 1]])


def test_questions_of_several_kinds_are_answered_by_one_pass(explanation, monkeypatch):
    conv, dense = explanation.station("conv2"), explanation.station("dense")
    alone = explanation.maps("conv2", [3]), explanation.kernel("dense", [1, 2]), explanation.pixel("conv2", 5, 6, 7)
    passes = []
    monkeypatch.setattr(asking, "walk", lambda *told, **more: passes.append(1) or walk(*told, **more))
    asked = [ask_kernel(dense, [1, 2]), ask_maps(conv, [3]), ask_pixel(conv, (5, 6, 7))]
    kernel, maps, pixel = explanation.answered(asked)
    assert passes == [1] and explanation.answered([]) == [] and passes == [1]
    np.testing.assert_array_equal(maps, alone[0])
    for one, other in zip(kernel, alone[1], strict=True):
        np.testing.assert_array_equal(one, other)
    assert (pixel.total, pixel.value) == (alone[2].total, alone[2].value)


def test_what_is_not_there_is_told_with_what_is_near(predictor, explanation, tmp_path):
    with pytest.raises(UsageError, match="Did you mean 'conv2'"):
        explanation.station("conv22")
    with pytest.raises(UsageError, match="Class 77"):
        explanation.target("77")
    with pytest.raises(UsageError, match=r"\(28, 28, 32\)"):
        explanation.pixel("conv1", 28, 0, 0)
    with pytest.raises(UsageError, match="channels 0 to 63"):
        predictor.explain(SEVEN, layer="conv3", channels=[64])
    with pytest.raises(UsageError, match="Did you mean 'conv3'"):
        predictor.explain(SEVEN, layer="conv33")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(DataError, match=r"text\.png"):
        predictor.explain(tmp_path / "text.png")


def test_a_class_is_named_or_numbered(explanation):
    assert explanation.target("3") == explanation.target(3)
    assert explanation.target().index == 7
