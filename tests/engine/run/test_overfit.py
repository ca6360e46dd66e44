"""A few images, learned by heart."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.sets.synthetic import synthetic
from cnnkit.engine.records.events import EpochEnd, StepEnd
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.overfit import few, verdict
from cnnkit.engine.session.assemble import begin
from cnnkit.errors import UsageError

PLAIN = {"augment": None, "ema": 0.0, "epochs": None, "optimiser": "adam", "lr": 0.02}


def test_every_class_has_its_turn_and_a_seed_draws(tiny):
    splits = tiny.data()
    for count in (1, 2, 3, 7, len(splits.train)):
        parts = few(splits, count, seed=0)
        labels = parts.train.labels()
        assert len(parts.train) == len(parts.val) == len(parts.test) == count
        assert np.ptp(np.bincount(labels, minlength=3)) <= 1 or count == len(splits.train)
    assert few(splits, 7, 0).fingerprint() == few(splits, 7, 0).fingerprint() != few(splits, 7, 1).fingerprint()
    with pytest.raises(UsageError, match=r"--overfit is 1,000, but there are 63 training images"):
        few(splits, 1000, 0)


def test_classes_without_images_take_no_turn(tiny):
    data = synthetic(30, classes=3, size=8, seed=0)
    splits = replace(tiny.data(), train=data)
    assert len(set(few(splits, 30, 0).train.indices.tolist())) == 30


def test_it_ends_as_soon_as_all_are_known(tiny, tmp_path):
    events = list(tiny.fit(tmp_path / "run", overfit=6, **PLAIN))
    result = events[-1].result
    assert result.learned and result.top1 == 1.0 and result.test_loss < 0.01 and result.test_images == 6
    judged = [e for e in events if isinstance(e, EpochEnd)]
    assert all(e.val_loss >= 0.01 or e.val_top1 < 1 for e in judged[:-1]) and len(judged) == result.epochs < 300
    assert len({e.lr for e in events if isinstance(e, StepEnd)}) == 1
    assert verdict(result).startswith(f"Memorised 6 images in {result.epochs} epochs: all are right")
    note, again = tiny.resume(tmp_path / "run")
    assert "Memorised 6 images" in note.text and again == events[-1]


def test_what_stands_in_the_way_is_left_out_and_what_was_chosen_stays(tiny, tmp_path):
    asked = {"mixup": 0.5, "label_smoothing": 0.1, "class_weights": "balanced", "weight_decay": 0.1}
    events = tiny.fit(tmp_path / "run", **(PLAIN | {"overfit": 6, "optimiser": "sgd", "augment": "strong"} | asked))
    next(events)
    options = Run(tmp_path / "run").config.read_text().splitlines()
    events.close()
    for line in (
        "mixup = 0.0",
        "label_smoothing = 0.0",
        "weight_decay = 0.0",
        'augment = "none"',
        'schedule = "constant"',
    ):
        assert line in options
    assert "lr = 0.02" in options and 'optimiser = "sgd"' in options and "epochs = 300" in options


def test_what_was_not_learned_is_told_with_advice(tiny, tmp_path):
    result = list(tiny.fit(tmp_path / "run", **(PLAIN | {"overfit": 6, "epochs": 2, "lr": 1e-9})))[-1].result
    assert result.learned is False
    told = verdict(result)
    assert "tiny did not memorise 6 images in 2 epochs" in told and "Try another --lr" in told


def test_stopped_anywhere_it_ends_with_the_same_bits(tiny, tmp_path):
    whole = tmp_path / "whole"
    count = len(list(tiny.fit(whole, overfit=6, **PLAIN)))
    for stop in range(1, count, 1 + count // 5):
        folder = tmp_path / f"stopped-{stop}"
        events = tiny.fit(folder, overfit=6, **PLAIN)
        for _ in range(stop):
            next(events)
        events.close()
        list(tiny.resume(folder))
        for name in ("best", "last"):
            ours, theirs = (run / f"weights/{name}.safetensors" for run in (folder, whole))
            assert ours.read_bytes() == theirs.read_bytes()


def test_the_images_are_not_called_copies_of_themselves(tmp_path):
    rng = np.random.default_rng(0)
    for index in range(24):
        path = tmp_path / "photos" / f"kind {index % 3}" / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (12, 12, 3), np.uint8)).save(path)
    notes = begin(FitOptions(data=str(tmp_path / "photos"), overfit=6, model="resnet20"), None, None).notes
    assert not any("there" in note and "kind" in note for note in notes), notes
