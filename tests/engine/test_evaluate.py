"""An evaluation from end to end on data whose answers are known beforehand."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cnnkit.tasks.classification.measured as measured
from cnnkit import kernels, metrics, nn
from cnnkit.autograd import Tensor
from cnnkit.data.open.source import open_data
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.base import ArrayDataset
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.evaluate import ON_A_SHEET, evaluate
from cnnkit.engine.records.events import EvaluateFinished
from cnnkit.engine.records.results import EvaluateResult
from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import NumericError, UsageError
from cnnkit.tasks.classification.measured import Mistake
from cnnkit.tasks.classification.tally import SUMMARY, class_summary
from cnnkit.tasks.classification.worst import tile

CLASSES = ["red", "green", "blue"]


@pytest.fixture(autouse=True)
def definitions():
    with kernels.use("reference"):
        yield


class BrightestChannel(nn.Module):
    """The logits are the mean of each channel: the answer is a picture's own colour."""

    def forward(self, x: Tensor) -> Tensor:
        return Tensor(x.numpy().mean(axis=(1, 2)) * self.factor)

    factor = 4.0


def predictor(module: nn.Module | None = None, classes: list[str] = CLASSES) -> Predictor:
    return Predictor(module or BrightestChannel(), PLAIN, classes, "brightest", source="made here")


PLAIN = Preprocessing(2, 2, 3, (0.0,) * 3, (1.0,) * 3)


def arrays(colours: list[tuple[int, int, int]], labels: list[int]) -> DataSplits:
    images = np.broadcast_to(np.array(colours, np.uint8)[:, None, None], (len(colours), 2, 2, 3)).copy()
    part = ArrayDataset(images, np.array(labels, np.int64), name="colours", classes=CLASSES, preprocessing=PLAIN)
    return DataSplits(part, part, part, "colours")


def result(*arguments, **choices) -> EvaluateResult:
    *_, last = evaluate(*arguments, **choices)
    assert isinstance(last, EvaluateFinished)
    return last.result


RED, GREEN, FAINT = (255, 0, 0), (0, 255, 0), (0, 0, 25)
COLOURS, LABELS = [RED, RED, GREEN, FAINT, RED], [0, 1, 1, 2, 1]


def test_all_numbers_by_hand():
    found = result(predictor(), arrays(COLOURS, LABELS))
    sure = np.exp(4) / (np.exp(4) + 2)
    faint = np.exp(100 / 255) / (np.exp(100 / 255) + 2)
    # The pixels pass through float32.
    assert (found.top1, found.n) == (pytest.approx(3 / 5), 5)
    assert found.mean_score == pytest.approx((4 * sure + faint) / 5, rel=1e-6)
    # The four sure answers lie in one bin, half of them right; the faint one, right, in another.
    assert found.calibration_error == pytest.approx(4 / 5 * (sure - 0.5) + (1 - faint) / 5, rel=1e-6)
    assert sum(b.images for b in found.reliability) == 5 and len(found.reliability) == 15
    assert found.mistakes == (Mistake("green", "red", 2),)
    assert [row.f1 for row in found.per_class] == pytest.approx([1 / 2, 1 / 2, 1])
    assert found.macro_f1 == pytest.approx(2 / 3) and found.balanced_accuracy == pytest.approx((1 + 1 / 3 + 1) / 3)
    assert found.confusion == ((1, 0, 0), (2, 1, 0), (0, 0, 1))
    assert found.top1_low < 0.6 < found.top1_high
    assert found.top_losses == () and found.sheet is None


def test_the_highest_losses_name_their_images_whatever_the_batch_size():
    for batch_size in (1, 2, 5):
        found = result(predictor(), arrays(COLOURS, LABELS), top_losses=3, batch_size=batch_size)
        assert [(row.index, row.truth, row.answer) for row in found.top_losses] == [
            (1, "green", "red"),
            (4, "green", "red"),
            (3, "blue", "blue"),
        ]
        assert found.top_losses[0].loss == pytest.approx(np.log(np.exp(4) + 2), rel=1e-6)
        assert found.top_losses[0].path is None
    assert len(result(predictor(), arrays(COLOURS, LABELS), top_losses=99).top_losses) == 5


def colour_folder(place: Path) -> Path:
    """One bee among the ants, so to speak: red/wrong.png is green."""
    for part, count in (("train", 4), ("test", 3)):
        for name, colour in zip(CLASSES, (RED, GREEN, (0, 0, 255)), strict=True):
            (place / part / name).mkdir(parents=True)
            for i in range(count):
                Image.new("RGB", (2, 2), colour).save(place / part / name / f"{i} of.png")
    Image.new("RGB", (2, 2), GREEN).save(place / "test" / "red" / "wrong.png")
    return place


def of_folder(place: Path) -> tuple[Predictor, DataSplits]:
    splits = open_data(colour_folder(place))
    order = [CLASSES.index(name) for name in splits.classes]

    class Sorted(BrightestChannel):
        def forward(self, x: Tensor) -> Tensor:
            return Tensor(np.ascontiguousarray(super().forward(x).numpy()[:, order]))

    return Predictor(Sorted(), splits.preprocessing, splits.classes, "brightest", source="made here"), splits


def test_a_picture_under_a_false_name_is_found_and_drawn(tmp_path):
    network, splits = of_folder(tmp_path / "colours")
    sheet = tmp_path / "sheet.png"
    found = result(network, splits, top_losses=1, sheet=sheet)
    (worst,) = found.top_losses
    assert (worst.path, worst.truth, worst.answer) == (
        str(tmp_path / "colours" / "test" / "red" / "wrong.png"),
        "red",
        "green",
    )
    assert found.sheet == str(sheet)
    with Image.open(sheet) as picture:
        assert picture.convert("RGB").getpixel((80, 80)) == GREEN
    json.dumps(found.to_json())


def test_a_sheet_alone_has_two_dozen_pictures_and_is_not_written_over(tmp_path):
    colours, labels = [RED] * 30, [0] * 30
    found = result(predictor(), arrays(colours, labels), sheet=tmp_path / "a.png")
    assert len(found.top_losses) == ON_A_SHEET == 24
    before = (tmp_path / "a.png").read_bytes()
    with pytest.raises(UsageError, match="--exist-ok"):
        result(predictor(), arrays(COLOURS, LABELS), sheet=tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == before
    result(predictor(), arrays(COLOURS, LABELS), sheet=tmp_path / "a.png", exist_ok=True)
    assert (tmp_path / "a.png").read_bytes() != before


def test_a_picture_that_is_gone_is_drawn_as_the_network_saw_it(tmp_path):
    network, splits = of_folder(tmp_path / "colours")
    (worst,) = result(network, splits, top_losses=1).top_losses
    Path(worst.path).unlink()
    drawn = tile(splits.test, worst, 1)
    assert drawn.image.shape == (2, 2, 3) and drawn.caption[0] == "1. red"


def test_not_a_number_is_no_answer_and_the_first_image_is_named():
    class Broken(BrightestChannel):
        def forward(self, x: Tensor) -> Tensor:
            logits = super().forward(x).numpy()
            return Tensor(np.where(logits.argmax(axis=1, keepdims=True) == 1, np.nan, logits))

    with pytest.raises(NumericError, match=r"made here are not finite .* for 1 of 5 images, .* number 2\."):
        result(predictor(Broken()), arrays(COLOURS, LABELS))


def test_very_many_classes_have_no_square_table_and_few_mistakes_are_kept(monkeypatch):
    monkeypatch.setattr(measured, "LARGEST_CONFUSION", 2)
    monkeypatch.setattr(measured, "MOST_MISTAKES", 1)
    found = result(predictor(), arrays([RED, RED, GREEN], [1, 1, 0]))
    assert found.confusion is None and found.mistakes == (Mistake("green", "red", 2),)


def test_the_worst_class_of_a_training_is_one_that_has_images():
    tally = predictor().task.tally()
    assert class_summary(CLASSES, tally.by_class()) == dict.fromkeys(SUMMARY)
    found = result(predictor(), arrays([RED, RED, GREEN], [0, 1, 1]))
    scores = [metrics.ClassScore(*dataclasses.astuple(row)[1:]) for row in found.per_class]
    summary = class_summary(CLASSES, scores)
    # Equal F1: the first class.
    assert (summary["worst_class"], summary["worst_images"]) == ("red", 1)
    assert summary["macro_f1"] == found.macro_f1
