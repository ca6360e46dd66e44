"""Networks and data that name the same classes, in whatever order and however their accents are stored."""

import numpy as np
import pytest

from cnnkit.data.open.splits import DataSplits, split_parts
from cnnkit.data.sets.base import ArrayDataset
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.evaluate import evaluate
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.use.load import load
from cnnkit.engine.use.same_classes import in_order_of, labelled_for
from cnnkit.errors import DataError

PLAIN = Preprocessing(2, 2, 1, (0.5,), (0.5,))


def splits_of(classes, labels=None) -> DataSplits:
    labels = list(range(len(classes))) if labels is None else labels
    images = np.arange(len(labels), dtype=np.uint8)[:, None, None, None] * np.ones((2, 2, 1), np.uint8)
    part = ArrayDataset(images, np.array(labels, np.int64), name="some", classes=classes, preprocessing=PLAIN)
    return DataSplits(part, part, part, "some")


def test_labels_are_matched_by_name_whatever_the_order():
    found, notes = labelled_for(splits_of(["bee", "ant", "cow"]), ["ant", "bee", "cow"], "net", "test")
    assert found.classes == ["ant", "bee", "cow"] and found.test.labels().tolist() == [1, 0, 2] and not notes
    assert [(int(found.test[i].image[0, 0, 0]), found.test[i].target) for i in range(3)] == [(0, 1), (1, 0), (2, 2)]
    assert found.fingerprint() == splits_of(["bee", "ant", "cow"]).fingerprint()


def test_labels_are_matched_however_their_accents_are_stored():
    found, _ = labelled_for(splits_of(["cafe\u0301", "tea"]), ["tea", "caf\u00e9"], "net", "test")
    assert found.test.labels().tolist() == [1, 0]


def test_a_class_without_images_is_named():
    found, notes = labelled_for(splits_of(["cow", "ant"]), ["ant", "bee", "cow", "dog"], "net", "test")
    assert found.test.labels().tolist() == [2, 0] and notes == ["The test part has no images of 'bee', 'dog'."]


@pytest.mark.parametrize(("name", "how"), [("Ant", "upper and lower case"), ("emu", ""), ("ant ", "a blank")])
def test_a_class_that_the_network_does_not_know_is_refused_and_a_look_alike_named(name, how):
    with pytest.raises(DataError, match=rf"also has '{name}'\..*{how}"):
        labelled_for(splits_of([name, "bee"]), ["ant", "bee"], "net", "test")


def test_weights_that_name_no_classes_take_those_of_the_data_in_order():
    found, notes = labelled_for(splits_of(["bee", "ant"]), ["class 0", "class 1"], "net", "test")
    assert found.classes == ["bee", "ant"] and "have no class names" in notes[0]


def test_other_classes_stay_in_their_own_order():
    splits = splits_of(["bee", "ant"])
    assert in_order_of(splits, ["ant", "bee", "cow"]) is splits and in_order_of(splits, ["bee", "ant"]) is splits


def data(classes: list[str]) -> DataSplits:
    """Three kinds of patterns; the names move, and the patterns with them."""
    order = [classes.index(name) for name in ("a", "b", "c")]
    parts = []
    for seed in (5, 6):
        part = synthetic(45, 3, 8, 1, seed=seed)
        labels = np.array(order)[part.labels()]
        parts.append(ArrayDataset(part.images, labels, name="some", classes=classes, preprocessing=part.preprocessing))
    return split_parts(parts[0], None, parts[1], found="some", notes=[], seed=0, val_fraction=0.2)


def test_a_training_from_weights_counts_the_classes_as_the_weights_do(tmp_path):
    plain = {"model": "digitnet", "batch_size": 16, "augment": "none", "seed": 3}
    first, again, moved = tmp_path / "first", tmp_path / "again", data(["c", "a", "b"])
    list(fit(FitOptions(output=str(first), epochs=6, lr=0.05, **plain), data=data(["a", "b", "c"])))
    # A rate at which nothing is learned: what is known comes from the weights.
    options = FitOptions(output=str(again), epochs=1, lr=1e-7, weights=str(first), freeze="none", **plain)
    list(fit(options, data=moved))
    list(resume(again, {"epochs": 2}, data=moved))
    tuned = load(again)
    assert tuned.classes == ["a", "b", "c"]
    *_, judged = evaluate(tuned, moved)
    assert judged.result.top1 > 0.9
