"""How much classes count, against the definitions counted picture by picture."""

import numpy as np
import pytest
from tasks.segmentation.toy import squares

import cnnkit
from cnnkit.data.targets import VOID
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.find import open_run
from cnnkit.errors import UsageError
from cnnkit.tasks.registry import create
from cnnkit.tasks.segmentation.class_weights import (
    PixelCounts,
    balanced_pixel_weights,
    count_pixels,
    median_frequency_weights,
)


@pytest.fixture(scope="module")
def masks():
    part = squares().train
    return [part[i].target.labels for i in range(len(part))]


@pytest.fixture(scope="module")
def counted():
    return count_pixels(squares().train, 4)


def test_pixels_are_counted_in_all_pictures_and_around_each_class(masks, counted):
    assert counted.pixels.tolist() == [sum(int((mask == k).sum()) for mask in masks) for k in range(4)]
    around = [sum(int((mask != VOID).sum()) for mask in masks if (mask == k).any()) for k in range(4)]
    assert counted.around.tolist() == around and counted.pixels[3] == counted.around[3] == 0


def test_median_frequency_weights_are_the_median_of_the_shares_over_each(masks, counted):
    shares = []
    for k in range(3):
        holding = [mask for mask in masks if (mask == k).any()]
        shares.append(sum((mask == k).sum() for mask in holding) / sum((mask != VOID).sum() for mask in holding))
    weights = median_frequency_weights(counted)
    assert weights == pytest.approx([*(np.median(shares) / np.array(shares)), 1.0])
    assert weights[0] < 1 < weights[1:3].max()


def test_balanced_weights_give_each_class_that_occurs_the_same_weight_in_all(counted):
    weights = balanced_pixel_weights(counted)
    total = weights * counted.pixels
    assert total[:3] == pytest.approx([counted.pixels.sum() / 3] * 3) and weights[3] == 1.0


def test_without_a_pixel_all_classes_count_the_same():
    nothing = PixelCounts(np.zeros(2, np.int64), np.zeros(2, np.int64))
    assert median_frequency_weights(nothing).tolist() == balanced_pixel_weights(nothing).tolist() == [1.0, 1.0]


def test_a_run_counts_once_and_keeps_the_weights(options, tmp_path, monkeypatch):
    asked = {**options, "epochs": 1, "class_weights": "median-frequency"}
    result = cnnkit.fit(squares(), **asked, output=str(tmp_path / "run"))
    kept = cnnkit.load(result).record["settings"]["weight_of_class"]
    assert kept == pytest.approx(median_frequency_weights(count_pixels(squares().train, 3)).tolist())
    assert 'class_weights = "median-frequency"' in open_run(result.run).config.read_text()
    monkeypatch.setattr("cnnkit.tasks.segmentation.task.count_pixels", None)  # a call would fail
    assert cnnkit.fit(squares(), resume_from=result, epochs=2).epochs == 2


def test_weights_change_what_is_learned(options, smooth, tmp_path):
    asked = {**options, "class_weights": "balanced"}
    result = cnnkit.fit(squares(), **asked, output=str(tmp_path / "run"))
    # Small classes are found more often, at the price of the ground.
    assert result.mean_accuracy > smooth.mean_accuracy


def test_a_classifier_is_told_what_to_take_instead():
    asked = FitOptions(class_weights="median-frequency").to_record()
    with pytest.raises(UsageError, match="counts the pixels of masks"):
        create(None, ["a", "b"], options=asked)
