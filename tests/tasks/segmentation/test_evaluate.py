"""An evaluation of masks: each class, what is confused, the worst pictures drawn, and thresholds."""

import numpy as np
import pytest
from PIL import Image
from tasks.segmentation.toy import squares

import cnnkit
from cnnkit import metrics
from cnnkit.cli.show import answers
from cnnkit.cli.show.screen import Screen
from cnnkit.data.load.batch import Batch
from cnnkit.data.picture.overlay import GAP, SWATCH
from cnnkit.data.picture.sheet import SIDE
from cnnkit.data.targets import VOID
from cnnkit.engine.evaluate import evaluate
from cnnkit.errors import CheckpointError, DataError, NumericError, UsageError
from cnnkit.serialize import safe
from cnnkit.tasks.segmentation import SegmentationTask


def judged(predictor, data, **asked):
    *_, end = evaluate(predictor, data, **asked)
    return end.result


@pytest.fixture(scope="module")
def predictor(smooth):
    return cnnkit.load(smooth)


def test_the_table_of_each_class_adds_up(predictor):
    result, part = judged(predictor, squares()), squares().test
    truth = np.concatenate([part[i].target.labels.ravel() for i in range(len(part))])
    assert [row.pixels for row in result.per_class] == [int((truth == k).sum()) for k in range(3)]
    assert sum(row.share for row in result.per_class) == pytest.approx(1)
    counts = np.array(result.confusion)
    assert [row.answered for row in result.per_class] == counts.sum(axis=0).tolist()
    assert result.miou == pytest.approx(np.mean([row.iou for row in result.per_class]))
    assert result.void == (truth == VOID).mean() and result.rand is None
    assert result.fwiou == pytest.approx(sum(row.share * row.iou for row in result.per_class))


def test_the_worst_pictures_are_named_and_drawn_beside_truth_and_answer(predictor, tmp_path):
    data = squares(judged=((30, 37), (24, 24)))
    sheet = tmp_path / "worst.png"
    result = judged(predictor, data, top_losses=2, sheet=sheet)
    alone = [judged(predictor, _only(data, i)) for i in range(6)]
    worst = sorted(range(6), key=lambda i: -alone[i].loss)[:2]
    assert [row.index for row in result.top_losses] == worst
    for row in result.top_losses:
        assert row.loss == pytest.approx(alone[row.index].loss, rel=1e-6) and row.miou == alone[row.index].miou
    with Image.open(sheet) as drawn:
        colours = np.asarray(drawn.convert("RGB")).reshape(-1, 3)
        # Three tiles in a row, two rows, and below them what the colours mean.
        assert drawn.width > 3 * 2 * SIDE and drawn.height > 2 * 2 * SIDE + SWATCH
        strip = np.asarray(drawn.convert("RGB"))[-SWATCH - GAP :].reshape(-1, 3)
        assert {(255, 255, 0), (0, 0, 255)} <= set(map(tuple, strip.tolist()))
        # Both classes are tinted in these, yellow and blue.
    assert ((colours[:, 2] > colours[:, 0] + 80).sum() > 500) and ((colours[:, 0] > colours[:, 2] + 80).sum() > 500)
    with pytest.raises(UsageError, match="exists"):
        judged(predictor, data, sheet=sheet)


def test_data_of_another_task_are_refused_by_name(predictor):
    with pytest.raises(DataError, match="for segmentation, but digits is for classification"):
        judged(predictor, "digits")


def _only(splits, index):
    from dataclasses import replace

    from cnnkit.data.sets.subset import Subset

    return replace(splits, test=Subset(splits.test, np.array([index])))


def test_people_read_each_class_and_what_is_confused(predictor, capsys):
    result = judged(predictor, squares(judged=((30, 37),)), top_losses=1)
    answers.of("segmentation").evaluated(Screen(), result)
    out = capsys.readouterr().out
    for text in ("mIoU", "the mean over 3 classes", "weighted IoU", "% of the pixels are void", "bright", "taken for"):
        assert text in out
    assert "Rand" not in out and "The pictures of the test part with the highest loss" in out


def test_a_threshold_on_what_two_classes_alone_have_is_refused_for_three(predictor):
    form, result = answers.of("segmentation"), judged(predictor, squares())
    rand = next(metric for metric in form.measures if metric.name == "rand")
    assert (
        form.unmeasured(rand, ["cell", "wall"]) is None and form.unmeasured(form.measures[0], ["a", "b", "c"]) is None
    )
    assert form.unmeasured(rand, ["a", "b", "c"]) == "which is for two classes, but this network knows 3"
    assert form.missed(form.measures[0], result, 0.999, "--min miou=0.999").endswith("below --min miou=0.999.")


def test_two_classes_have_a_rand_score_of_the_regions_of_the_larger_one():
    truth = np.zeros((1, 5, 9), np.uint8)
    truth[:, :, 4] = 1  # a wall between two rooms
    told = truth.copy()
    told[0, 2, 4] = 0  # with a hole
    task = SegmentationTask(["room", "wall"])
    tally = task.whole_tally()
    tally.add(np.eye(2, dtype=np.float32)[told], Batch(np.zeros((1, 5, 9, 1), np.float32), truth, np.zeros(1, int)))
    whole = np.repeat([[1, 1, 1, 1, 0, 2, 2, 2, 2]], 5, axis=0)
    assert tally.rand.value == metrics.foreground_rand(np.ones((5, 9), int), whole) == pytest.approx(2 / 3)


def test_a_diagonal_wall_keeps_rooms_apart():
    truth = np.fromfunction(lambda y, x: y == x, (6, 6)).astype(np.uint8)[None]
    tally = SegmentationTask(["room", "wall"]).whole_tally()
    tally.add(np.eye(2, dtype=np.float32)[truth], Batch(np.zeros((1, 6, 6, 1), np.float32), truth, np.zeros(1, int)))
    assert tally.rand.value == 1.0
    merged = SegmentationTask(["room", "wall"]).whole_tally()
    merged.add(
        np.eye(2, dtype=np.float32)[0 * truth], Batch(np.zeros((1, 6, 6, 1), np.float32), truth, np.zeros(1, int))
    )
    assert merged.rand.value < 0.7


def rand_of(answer, truth):
    tally = SegmentationTask(["ground", "thing"]).whole_tally()
    logits, x = np.eye(2, dtype=np.float32)[answer], np.zeros((*truth.shape, 1), np.float32)
    tally.add(logits, Batch(x, truth, np.arange(len(truth))))
    return tally.rand.value


def test_regions_are_those_of_the_class_that_is_more_divided_not_of_the_larger_one():
    nuclei = np.zeros((1, 20, 20), np.uint8)
    for top, left in ((2, 2), (2, 12), (12, 7)):
        nuclei[:, top : top + 5, left : left + 5] = 1
    assert (nuclei == 0).sum() > 4 * (nuclei == 1).sum()
    assert rand_of(nuclei, nuclei) == 1.0
    # Each of the 75 pixels is alone in the answer: 2 · 75 / (3 · 25² + 75).
    assert rand_of(0 * nuclei, nuclei) == pytest.approx(150 / 1950)
    joined = nuclei.copy()
    joined[:, 4, 7:12] = 1
    assert rand_of(joined, nuclei) == pytest.approx(2 * 3 * 25**2 / (3 * 25**2 + 50**2 + 25**2))
    # The same the other way round: which of the two numbers is the ground changes nothing.
    assert rand_of(1 - joined, 1 - nuclei) == rand_of(joined, nuclei)


def test_of_two_classes_in_one_piece_each_the_larger_one_counts():
    one = np.zeros((1, 8, 8), np.uint8)
    one[:, 2:5, 2:5] = 1
    assert rand_of(0 * one, one) == 1.0 and rand_of(0 * one + 1, one) < 0.1
    assert rand_of(0 * one, 0 * one) == 1.0


def test_a_network_that_gives_no_numbers_is_named(predictor):
    tally = SegmentationTask(predictor.classes).whole_tally()
    x, masks = np.zeros((2, 3, 3, 1), np.float32), np.zeros((2, 3, 3), np.uint8)
    outputs = np.zeros((2, 3, 3, 3), np.float32)
    outputs[1, 0, 0] = np.nan
    tally.add(outputs, Batch(x, masks, np.array([4, 5])))
    with pytest.raises(NumericError, match="for 1 of 2 images, the first of them number 5"):
        predictor.task.measured(tally, squares().test, source="runs/x")


def test_weight_files_keep_the_colours_of_the_data(smooth, predictor):
    assert predictor.record["settings"]["colours"] == [[0, 0, 0], [255, 255, 0], [0, 0, 255]]
    assert predictor.predict(squares().test[0].image).colours == ((0, 0, 0), (255, 255, 0), (0, 0, 255))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"colours": [[0, 0, 0]]}, "it has 1 colours, expected red, green and blue for 3 classes"),
        ({"colours": [[0, 0], [1, 1], [2, 2]]}, "expected red, green and blue"),
        ({"colours": [[0, 0, 256]] * 3}, "colours.* is 256"),
        ({"colours": "red"}, "settings.colours is 'red'"),
        ([], "settings is "),
    ],
)
def test_settings_that_cannot_be_are_refused(smooth, tmp_path, settings, said):
    arrays, record = safe.load(smooth.checkpoint)
    path = tmp_path / "odd.safetensors"
    safe.save(path, arrays, {**record, "settings": settings})
    with pytest.raises(CheckpointError, match=said):
        cnnkit.load(path)


def test_a_record_without_colours_is_drawn_in_others(smooth, tmp_path):
    arrays, record = safe.load(smooth.checkpoint)
    del record["settings"]
    safe.save(tmp_path / "plain.safetensors", arrays, record)
    assert len(set(cnnkit.load(tmp_path / "plain.safetensors").task.colours)) == 3
