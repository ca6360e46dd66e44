"""Detection does all that classification does: a training, its best epoch, a stop and a resume, an evaluation."""

import csv
import json
from contextlib import closing

import numpy as np
import pytest
from tasks.detection.toy import SIDE, Blocks, ToyDetector, blocks

import cnnkit
from cnnkit import nn
from cnnkit.autograd import Tensor
from cnnkit.data.load.loader import Loader
from cnnkit.engine.fit import fit
from cnnkit.engine.records.events import StepEnd
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.find import open_run
from cnnkit.errors import DataError, ShapeError, UsageError
from cnnkit.metrics.detection import CocoScore, FoundBoxes, TrueBoxes, VocScore
from cnnkit.tasks.detection import DetectionTask


def test_it_learns_and_the_epoch_with_the_highest_map50_is_the_best(smooth):
    reached = [row.val_map50 for row in smooth.history]
    assert smooth.task == "detection" and smooth.val_map50 == max(reached) > 0.7
    assert smooth.map50 > 0.7 and smooth.test_loss == 1 - smooth.map
    assert smooth.history[-1].train_loss_box < smooth.history[0].train_loss_box
    assert smooth.worst_class in ("bright", "dark") and smooth.worst_ap50 <= smooth.map50


def test_its_numbers_are_those_of_the_boxes_that_it_answers_with(smooth):
    part, predictor = blocks().test, cnnkit.load(smooth).from_score(0.0)
    coco, voc = CocoScore(2), VocScore(2)
    for sample in (part[i] for i in range(len(part))):
        told = predictor.predict(sample.image).boxes
        found = FoundBoxes(
            np.array([box.box for box in told]).reshape(-1, 4),
            np.array([box.score for box in told]),
            np.array([box.index for box in told], np.int64),
        )
        true = TrueBoxes(sample.target.corners, sample.target.labels, sample.target.crowd)
        coco.add(found, true)
        voc.add(found, true)
    assert smooth.map50 == voc.mean() and smooth.map == coco.values()["map"]


def test_the_parts_of_the_loss_run_along_and_are_in_every_file(smooth):
    run = open_run(smooth.run)
    with run.results.open() as file:
        columns = next(csv.reader(file))
    assert {"train_loss_box", "train_loss_class", "val_map50", "val_map"} <= set(columns)
    assert "train_loss_object" not in columns, "a part that this network has not"
    steps = [json.loads(line) for line in run.events.read_text().splitlines() if '"StepEnd"' in line]
    assert all(step["loss"] == pytest.approx(step["loss_box"] + step["loss_class"], rel=1e-5) for step in steps)
    assert json.loads(run.result.read_text())["map50"] == smooth.map50


@pytest.mark.parametrize("at", [pytest.param(3, marks=pytest.mark.slow), 11])
def test_a_run_that_was_cut_off_goes_on_with_equal_bits(smooth, options, at, tmp_path, monkeypatch):
    """A state is saved after every step; the process ends without a word after one of them."""
    monkeypatch.setenv("CNNKIT_CHECKPOINT_SECONDS", "0")
    cut = FitOptions.from_values({**options, "output": str(tmp_path / "run")})
    with closing(fit(cut, data=blocks())) as events:
        next(event for event in events if isinstance(event, StepEnd) and event.step == at)
    resumed = cnnkit.fit(blocks(), resume_from=tmp_path / "run")
    theirs = cnnkit.load(smooth).module.state_dict()
    for name, array in cnnkit.load(resumed).module.state_dict().items():
        assert array.tobytes() == theirs[name].tobytes(), name
    assert [row.val_map50 for row in resumed.history] == [row.val_map50 for row in smooth.history]


def test_pictures_without_things_are_learned_from_and_judged(smooth):
    assert not len(blocks().train[3].target.labels) and not len(blocks().test[3].target.labels)
    assert cnnkit.load(smooth).predict(blocks().test[3].image).boxes == ()


def test_what_lies_in_larger_pictures_is_judged_and_answered_in_their_own_pixels(smooth):
    """Twice as large and half as high again: the image is letterboxed, and answers come back from it."""
    large = Blocks(6, 2, (SIDE, 2 * SIDE))
    predictor, sample = cnnkit.load(smooth), large[0]
    answer = predictor.predict(sample.image)
    assert answer.size == (SIDE, 2 * SIDE)
    task = predictor.task
    loader = Loader(large, 6, preprocessing=predictor.preprocessing, targets=task.targets)
    [batch] = loader.epoch(0)
    assert batch.x.shape == (6, SIDE, SIDE, 1)
    truth, learned = batch.targets.pictures[0], batch.targets.batch
    np.testing.assert_array_equal(truth.boxes.corners, sample.target.corners)
    # Half as large, and a quarter of the side further down.
    np.testing.assert_allclose(learned.corners[0, :2], sample.target.corners / 2 + [0, SIDE / 4, 0, SIDE / 4])
    np.testing.assert_allclose(truth.view.boxes_back(learned.corners[0, :2]), sample.target.corners)


def test_a_batch_has_places_for_the_boxes_of_its_fullest_picture():
    task = DetectionTask(["bright", "dark"])
    samples = [blocks().train[k] for k in (0, 3)]
    batch = task.targets(samples).batch
    assert batch.corners.shape == (2, 8, 4) and batch.labels.tolist() == [[0, 1] + [-1] * 6, [-1] * 8]
    assert not batch.crowd.any() and task.targets([]).batch.labels.shape == (0, 8)


def test_data_without_boxes_are_refused():
    with pytest.raises(DataError, match="Detection learns from boxes, but these pictures have none"):
        DetectionTask(["a"]).targets([blocks().train[0].replace(target=1)])
    with pytest.raises(UsageError, match="digits is for classification"):
        cnnkit.fit("digits", task="detection", model="toy_detector")


def test_a_network_that_is_no_detector_is_refused(tmp_path):
    network = nn.Conv2d(1, 3, 1)
    with pytest.raises(UsageError, match="A network for detection is a Detector"):
        cnnkit.fit(network, blocks(), epochs=1, augment="none", output=str(tmp_path / "run"))
    task = DetectionTask(["a"])
    with pytest.raises(ShapeError, match=r"gives \(N, P, 6\).* this one gives \(1, 4, 4, 3\)"):
        task.decode(np.zeros((1, 4, 4, 3), np.float32), [None], 1)


def test_a_part_of_the_loss_that_nobody_knows_is_refused():
    class Odd(ToyDetector):
        def losses(self, x, targets):
            return {"loss_odd": x}

    task = DetectionTask(["a"])
    with pytest.raises(UsageError, match=r"Odd has a loss named 'loss_odd'. Known parts: loss_box, loss_object"):
        task.loss(Odd(1, 1, np.random.default_rng(0)), task.blank((8, 8, 1), 1))


def test_answers_that_are_not_finite_are_no_answers(smooth):
    predictor, task = cnnkit.load(smooth), DetectionTask(["bright", "dark"])
    predictor.module.box.bias.take(np.full(4, np.nan, np.float32))
    tally = task.whole_tally()
    [batch] = Loader(blocks().test, 6, preprocessing=predictor.preprocessing, targets=task.targets).epoch(0)
    tally.add(predictor.module(Tensor(batch.x)).numpy(), batch)
    assert np.isnan(tally.judgement().loss)
    with pytest.raises(cnnkit.errors.NumericError, match="not finite numbers"):
        task.measured(tally, blocks().test)
