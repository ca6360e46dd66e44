"""The proposals of all pictures are looked for once, before the first step, and kept until the run ends."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.data.open.source import open_data
from cnnkit.engine.ahead.forecast import look_ahead
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import CheckpointSaved, Finished, PhaseStep, StepEnd
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.folder import Run
from cnnkit.engine.session import proposing
from cnnkit.engine.use.predictor import Predictor
from cnnkit.models.detection.detector import EMPTY, Detector
from cnnkit.nn import Parameter
from cnnkit.serialize import safe
from cnnkit.tasks.detection import proposals
from cnnkit.tasks.detection.task import DetectionTask

PICTURES = 6


class Looker(Detector):
    """Says of every place that it is given that a thing of the first class is there."""

    proposed, places = 30, 30

    def __init__(self):
        self.sure = Parameter(np.full(1, 0.5, np.float32))
        self.taught = []

    def forward(self, x, proposals=None):
        found = np.zeros((len(x), self.places, 6), np.float32)
        found[..., 5] = EMPTY
        if proposals is not None:
            there = (proposals[..., 2:] > proposals[..., :2]).all(axis=2)
            found[..., :4] = proposals
            found[there, 4], found[there, 5] = self.sure.numpy()[0], 0
        return Tensor(found)

    def losses(self, x, targets):
        self.taught.append(targets.proposals)
        off = ops.subtract(self.sure, 0.75)
        return {"loss_class": ops.sum(ops.multiply(off, off))}


@pytest.fixture(scope="module")
def splits():
    return open_data("shapes", task="detection", image_size=(48, 48))


@pytest.fixture
def searches(monkeypatch):
    """How often a picture is searched."""
    searched, found = proposals.searched, []

    def counted(image):
        found.append(image.shape)
        return searched(image)

    monkeypatch.setattr(proposals, "searched", counted)
    return found


def options(folder, **changes):
    plain = {"epochs": 3, "batch_size": 3, "overfit": PICTURES, "lr": 0.1, "task": "detection"}
    return FitOptions(output=str(folder), **(plain | changes))


def phases(events):
    return [event for event in events if isinstance(event, PhaseStep)]


def test_each_picture_is_searched_once_whatever_is_trained_and_judged(splits, searches, tmp_path):
    module = Looker()
    events = list(fit(options(tmp_path / "run"), module=module, data=splits))
    assert len(searches) == PICTURES
    assert phases(events) == [PhaseStep("selective search: picture", n, PICTURES) for n in range(1, PICTURES + 1)]
    # Behind the rehearsal, which knows no picture.
    learned = [given for given in module.taught if given is not None]
    assert len(learned) == 6 and all(given.shape == (3, 30, 4) and given.any() for given in learned)
    assert isinstance(events[-1], Finished) and events[-1].result.test["map50"] > 0
    assert not Run(tmp_path / "run").proposals.exists()


def test_a_run_that_is_ended_while_it_looks_looks_for_the_rest_alone(splits, searches, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNKIT_CHECKPOINT_SECONDS", "0")
    events = fit(options(tmp_path / "run"), module=Looker(), data=splits)
    next(event for event in events if isinstance(event, PhaseStep) and event.done == 4)
    events.close()
    before = len(searches)
    again = phases(resume(tmp_path / "run", module=Looker(), data=splits))
    assert before + len(again) >= PICTURES and len(searches) - before == len(again) < PICTURES


def test_a_run_that_goes_on_searches_nothing_unless_its_file_is_damaged(splits, searches, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNKIT_CHECKPOINT_SECONDS", "0")
    events = fit(options(tmp_path / "run"), module=Looker(), data=splits)
    next(event for event in events if isinstance(event, CheckpointSaved))
    events.close()
    kept = Run(tmp_path / "run").proposals
    whole = kept.read_bytes()

    def searched_again():
        searches.clear()
        going = resume(tmp_path / "run", module=Looker(), data=splits)
        next(event for event in going if isinstance(event, StepEnd))
        going.close()
        return len(searches)

    assert searched_again() == 0
    kept.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert searched_again() == PICTURES
    arrays, record = safe.load(kept)
    for changed in (
        {**arrays, "counts": arrays["counts"] + 1},
        {**arrays, "corners": arrays["corners"].astype(np.float64)},
        {"counts": arrays["counts"]},
    ):
        safe.save(kept, changed, record)
        assert searched_again() == PICTURES
    safe.save(kept, arrays, {**record, "key": "of other pictures"})
    assert searched_again() == PICTURES


def test_a_dry_run_searches_a_few_pictures_and_times_steps_without(splits, searches, tmp_path, monkeypatch):
    monkeypatch.setattr(proposing, "FEW", 2)
    module = Looker()
    *_, told = look_ahead(options(tmp_path / "run"), module=module, data=splits)
    forecast = told.forecast
    assert len(searches) == 2 and not (tmp_path / "run").exists()
    assert all(given is None or given.any(axis=(1, 2)).all() for given in module.taught)
    steps = forecast.steps * forecast.step + forecast.epochs * forecast.validation + forecast.test
    assert forecast.search > 0 and forecast.total == pytest.approx(forecast.ready + forecast.search + steps)


def test_a_picture_has_the_same_proposals_in_training_and_in_use(splits, tmp_path):
    module = Looker()
    module.sure = Parameter(np.full(1, 0.9, np.float32))
    predictor = Predictor(module, splits.preprocessing, splits.classes, "looker", task=DetectionTask(splits.classes))
    seen = predictor.task.seen_by(module, splits.train)
    assert predictor.task.seen_by(module, seen) is seen
    sample = seen[3]
    answered = predictor.predict(sample.image).answer.boxes
    wanted = sample.proposals[: len(answered)]
    np.testing.assert_array_equal([box.box for box in answered], wanted)
    assert len(answered) > 5 and not sample.proposals[len(answered) :].any()


def test_what_needs_no_proposals_is_given_none(splits):
    class Whole(Looker):
        proposed = 0

    task = DetectionTask(splits.classes)
    assert task.seen_by(Whole(), splits.train) is splits.train
    assert task.beside(Whole(), [splits.train[0].image]) == ()
    assert task.targets([splits.train[0]]).batch.proposals is None
