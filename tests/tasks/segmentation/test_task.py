"""Segmentation does all that classification does: a training, its best epoch, a stop and a resume, an evaluation."""

import csv
import json
from contextlib import closing

import numpy as np
import pytest
from tasks.segmentation.toy import SIDE, squares

import cnnkit
from cnnkit import metrics
from cnnkit.data.targets import VOID
from cnnkit.engine.fit import fit
from cnnkit.engine.records.events import StepEnd
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.find import open_run
from cnnkit.errors import DataError, ShapeError, UsageError
from cnnkit.nn import Conv2d
from cnnkit.tasks.segmentation import SegmentationTask


def test_it_learns_and_the_epoch_with_the_highest_miou_is_the_best(smooth):
    reached = [row.val_miou for row in smooth.history]
    assert smooth.task == "segmentation" and smooth.val_miou == max(reached) > 0.8
    assert smooth.best_epoch == 1 + reached.index(max(reached)) and smooth.miou > 0.8
    assert smooth.history[-1].train_pixel_accuracy > smooth.history[0].train_pixel_accuracy


def test_its_numbers_are_those_of_the_answers_of_its_network_pixel_by_pixel(smooth):
    part, predictor = squares().test, cnnkit.load(smooth)
    counts = np.zeros((3, 3), np.int64)
    for sample in (part[i] for i in range(len(part))):
        answer, truth = predictor.predict(sample.image).mask, sample.target.labels
        for place in np.ndindex(truth.shape):
            if truth[place] != VOID:
                counts[truth[place], answer[place]] += 1
    assert smooth.miou == metrics.mean_iou(counts) and smooth.pixel_accuracy == metrics.pixel_accuracy(counts)
    assert smooth.dice == metrics.mean_dice(counts)
    assert smooth.worst_iou == min(score.iou for score in metrics.pixel_scores(counts))


def test_every_file_of_the_run_has_its_columns(smooth):
    run = open_run(smooth.run)
    with run.results.open() as file:
        assert {"train_pixel_accuracy", "val_miou", "val_pixel_accuracy"} <= set(next(csv.reader(file)))
    assert json.loads(run.result.read_text())["miou"] == smooth.miou
    assert 'task = "segmentation"' in run.config.read_text()


@pytest.mark.parametrize("at", [2, 7])
def test_a_run_that_was_cut_off_goes_on_with_equal_bits(smooth, options, at, tmp_path, monkeypatch):
    """A state is saved after every step; the process ends without a word after one of them."""
    monkeypatch.setenv("CNNKIT_CHECKPOINT_SECONDS", "0")
    cut = FitOptions.from_values({**options, "output": str(tmp_path / "run")})
    with closing(fit(cut, data=squares())) as events:
        next(event for event in events if isinstance(event, StepEnd) and event.step == at)
    resumed = cnnkit.fit(squares(), resume_from=tmp_path / "run")
    theirs = cnnkit.load(smooth).module.state_dict()
    for name, array in cnnkit.load(resumed).module.state_dict().items():
        assert theirs[name].tobytes() == array.tobytes(), name
    told = [(row.train_loss, row.val_loss, row.val_miou) for row in smooth.history]
    assert [(row.train_loss, row.val_loss, row.val_miou) for row in resumed.history] == told


def test_it_is_evaluated(smooth):
    judged = cnnkit.evaluate(smooth, squares())
    assert (judged.miou, judged.loss, judged.n) == (smooth.miou, smooth.test_loss, 6)


def test_pictures_of_any_size_are_judged_one_by_one_as_they_are(smooth):
    uneven = squares(sizes=((SIDE, SIDE),), judged=((31, 40), (20, 27)))
    judged = cnnkit.evaluate(smooth, uneven)
    assert judged.n == 6 and judged.miou > 0.8
    alone = [cnnkit.load(smooth).predict(uneven.test[i].image).mask for i in range(6)]
    assert [mask.shape for mask in alone[:2]] == [(31, 40), (20, 27)]
    truth = [uneven.test[i].target.labels for i in range(6)]
    counts = sum(metrics.pixel_confusion(mask, labels, 3) for mask, labels in zip(alone, truth, strict=True))
    assert judged.miou == metrics.mean_iou(counts)


def test_few_pictures_are_learned_by_heart():
    assert SegmentationTask.by_heart(cnnkit.tasks.Judgement(0.2, {"miou": 0.95, "pixel_accuracy": 0.9}, 8))
    assert not SegmentationTask.by_heart(cnnkit.tasks.Judgement(0.001, {"miou": 0.94, "pixel_accuracy": 1.0}, 8))


def test_a_network_with_other_outputs_is_refused(tmp_path):
    with pytest.raises(ShapeError, match="masks of 3 classes gives"):
        cnnkit.fit(Conv2d(1, 4, 1), squares(), epochs=1, output=str(tmp_path / "run"))


def test_data_for_another_task_are_refused_before_a_run_begins(tmp_path):
    with pytest.raises(UsageError, match="digits is for classification: its pictures have no targets for the task seg"):
        cnnkit.fit("digits", task="segmentation", model="toy_fcn", output=str(tmp_path / "run"))
    with pytest.raises(UsageError, match="squares is for segmentation: its pictures have no targets for the task clas"):
        cnnkit.fit(squares(), task="classification", model="lenet5", output=str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_classes_in_another_order_are_found_by_name(smooth):
    splits = squares()
    turned = splits.with_classes(["dark", "ground", "bright"])
    assert cnnkit.evaluate(smooth, turned).miou == smooth.miou
    with pytest.raises(DataError, match=r"knows 3 classes .* also has 'sky'"):
        cnnkit.evaluate(smooth, splits.with_classes(["dark", "ground", "bright", "sky"]))


def test_a_mask_has_no_more_classes_than_a_byte_can_tell():
    assert SegmentationTask([str(k) for k in range(255)]).outputs == 255
    with pytest.raises(DataError, match="A mask tells 255 classes apart at most, but these are 256"):
        SegmentationTask([str(k) for k in range(256)])
