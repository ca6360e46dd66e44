"""What the package promises of its own networks, on real digits."""

import pytest

import cnnkit
from cnnkit.engine.evaluate import evaluate
from cnnkit.engine.records.events import EvaluateFinished
from cnnkit.engine.use.shipped import SHIPPED


@pytest.mark.slow
def test_the_default_training_reaches_98_5_percent_of_the_test_digits(tmp_path):
    result = cnnkit.fit(output=str(tmp_path / "run"))
    assert (result.model, result.data, result.test_images) == ("digitnet", "digits", 2000)
    assert result.top1 >= 0.985


@pytest.mark.slow
def test_the_shipped_network_knows_99_3_percent_of_mnists_test_images_in_less_than_a_megabyte(shared):
    (finished,) = (
        event
        for event in evaluate(cnnkit.load(SHIPPED), shared / "data" / "mnist")
        if isinstance(event, EvaluateFinished)
    )
    assert finished.result.n == 10_000
    assert finished.result.top1 >= 0.993
    assert SHIPPED.stat().st_size < 1e6
