"""Predictor, load and evaluate: the same network, wherever it was saved."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import cnnkit
from cnnkit import models
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.evaluate import evaluate
from cnnkit.engine.records.events import EvaluateFinished, EvaluateStep
from cnnkit.engine.records.results import Prediction, PredictionError
from cnnkit.engine.use import load as loading
from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import CheckpointError, DataError, UsageError
from cnnkit.serialize import safe

PREPROCESSING = Preprocessing(28, 28, 1, (0.1307,), (0.3081,), "digit")


def record(**changes) -> dict:
    plain = {
        "kind": "weights",
        "model": "lenet5",
        "own_module": False,
        "classes": list("0123456789"),
        "preprocessing": PREPROCESSING.to_record(),
        "data_options": {"data": "digits", "seed": 0, "val_fraction": 0.1},
    }
    return plain | changes


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "lenet.safetensors"
    safe.save(path, models.create("lenet5").state_dict(), record())
    return path


@pytest.fixture
def predictor(weights: Path) -> Predictor:
    return cnnkit.load(weights)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A dark stroke with a bend on bright, bluish paper."""
    path = tmp_path / "image.png"
    pixels = np.full((40, 60, 3), (220, 220, 250), np.uint8)
    pixels[8:32, 28:32] = pixels[8:12, 20:32] = 20
    Image.fromarray(pixels).save(path)
    return path


def test_a_file_an_image_and_an_array_give_the_same_answer(predictor, picture):
    answer = predictor.predict(picture)
    assert isinstance(answer, Prediction) and answer.path == str(picture) and answer.model == "lenet5"
    assert answer.label == answer.top[0][0] and answer.score == answer.top[0][1] and len(answer.top) == 5
    assert [score for _, score in answer.top] == sorted((score for _, score in answer.top), reverse=True)
    image = Image.open(picture)
    assert predictor.predict(image).top == answer.top == predictor.predict(np.asarray(image)).top
    assert predictor.predict(picture.read_bytes()).top == answer.top


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_taken_on_the_side_gets_one_answer_however_it_comes(predictor, picture, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = picture.with_name("turned.jpg")
    Image.open(picture).save(path, exif=exif, quality=95)
    answers = [path, path.read_bytes(), Image.open(path), np.asarray(ImageOps.exif_transpose(Image.open(path)))]
    assert len({predictor.predict(answer).top for answer in answers}) == 1


def test_the_scores_of_all_classes_sum_to_one(predictor, picture):
    top = predictor.predict(picture, top=99).top
    # Ten float32 numbers below 1, each rounded once.
    assert len(top) == 10 and abs(sum(score for _, score in top) - 1) < 1e-6


def test_an_array_of_the_data_sets_own_size_is_not_prepared_again(predictor):
    image = np.zeros((28, 28), np.uint8)
    image[2:9, 3:5] = 200
    assert predictor.predict(image).top == predictor.predict(image[:, :, None]).top
    assert predictor.predict(image).top != predictor.predict(Image.fromarray(image)).top


@pytest.mark.parametrize("shape", [(5,), (2, 3, 5), (1, 28, 28, 1), (0, 5)])
def test_an_array_that_is_no_picture_is_refused(predictor, shape):
    with pytest.raises(DataError):
        predictor.predict(np.zeros(shape, np.uint8))


def test_floats_from_zero_to_one_are_pixels_and_normalised_ones_are_refused(predictor, rng):
    pixels = rng.integers(0, 256, (28, 28), np.uint8)
    assert predictor.predict(pixels / 255).top == predictor.predict(pixels).top
    with pytest.raises(DataError, match=r"float64 .* from -3 to .*before they are normalised"):
        predictor.predict(pixels / 100 - 3.0)


def test_top_must_be_one_or_more(predictor, picture):
    with pytest.raises(UsageError, match="top is 0"):
        predictor.predict(picture, top=0)


def test_many_pictures_are_answered_in_order_and_a_bad_one_stops_none(predictor, picture, tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    Image.new("L", (50, 50), "white").save(tmp_path / "blank.png")
    answers = list(predictor.predict_many([picture, tmp_path / "empty.png", picture, tmp_path / "blank.png"], top=2))
    assert [type(answer) for answer in answers] == [Prediction, PredictionError, Prediction, PredictionError]
    assert answers[0] == answers[2] and answers[1].path.endswith("empty.png") and "empty" in answers[1].error
    # The digit rule knows no file, but whoever reads the message must.
    assert answers[3].error.startswith(f"{tmp_path / 'blank.png'}: no digit")
    assert answers[0].to_json().keys() == {"path", "label", "index", "score", "top", "model"}
    assert answers[1].to_json().keys() == {"path", "error"}
    json.dumps([answer.to_json() for answer in answers])


def test_many_threads_get_the_same_answers(predictor, rng):
    pictures = [rng.integers(0, 255, (28, 28), dtype=np.uint8) for _ in range(8)]
    expected = [predictor.predict(picture).top for picture in pictures]
    found: list[list] = [[] for _ in range(4)]

    def ask(place: int) -> None:
        found[place] = [predictor.predict(picture).top for picture in pictures]

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_a_run_is_loaded_by_its_best_weights(tiny, smooth):
    predictor = cnnkit.load(smooth, module=tiny.Tiny())
    best, _ = safe.load(smooth / "weights/best.safetensors")
    for name, array in predictor.module.state_dict().items():
        np.testing.assert_array_equal(array, best[name])
    assert predictor.source == str(smooth) and predictor.classes == ["0", "1", "2"] and not predictor.module.training


def test_a_state_file_can_be_loaded_too(tiny, smooth):
    state = next(iter(sorted((smooth / "state").iterdir(), reverse=True)))
    of_state, of_run = (cnnkit.load(path, module=tiny.Tiny()).module.state_dict() for path in (state, smooth))
    for name, array in of_run.items():
        np.testing.assert_array_equal(array, of_state[name])


def test_a_module_of_ones_own_must_be_passed(smooth):
    with pytest.raises(CheckpointError, match=r"module of one's own \(tiny\).*module=\.\.\."):
        cnnkit.load(smooth)


def test_weights_of_another_model_are_refused(weights):
    arrays, _ = safe.load(weights)
    safe.save(weights, arrays, record(model="digitnet"))
    with pytest.raises(CheckpointError, match="does not fit"):
        cnnkit.load(weights)
    safe.save(weights, arrays, record(model="nonet"))
    with pytest.raises(CheckpointError, match="There is no model 'nonet'"):
        cnnkit.load(weights)
    safe.save(weights, arrays, record(classes=["a", "b"]))
    with pytest.raises(CheckpointError, match="does not fit"):
        cnnkit.load(weights)


@pytest.mark.parametrize("name", ["kind", "model", "classes", "preprocessing"])
def test_a_record_with_a_hole_is_refused(weights, name):
    arrays, whole = safe.load(weights)
    safe.save(weights, arrays, {key: value for key, value in whole.items() if key != name})
    with pytest.raises((CheckpointError, DataError)):
        cnnkit.load(weights)


def test_nothing_given_is_the_newest_run_then_the_shipped_network(tiny, smooth, weights, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "SHIPPED", tmp_path / "missing.safetensors")
    with pytest.raises(CheckpointError, match="There is no run under runs/, and no digits network"):
        cnnkit.load()
    monkeypatch.setattr(loading, "SHIPPED", weights)
    assert cnnkit.load().source == "the digits network in the package"
    for name, started in (("a", "2026-01-02"), ("b", "2026-01-01")):
        folder = tmp_path / "runs" / "classification" / name
        (folder / "weights").mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps({"started": started}))
        (folder / "weights/best.safetensors").write_bytes(weights.read_bytes())
    assert cnnkit.load().source == "runs/classification/a (the newest run)"
    # A run that ended before its first epoch has nothing to predict with.
    (tmp_path / "runs/classification/a/weights/best.safetensors").unlink()
    assert cnnkit.load().source == "runs/classification/b (the newest run that can be loaded)"


def test_a_run_without_weights_says_how_to_go_on(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(CheckpointError, match=r"is not a run folder: it has no weights/best\.safetensors"):
        cnnkit.load(tmp_path / "run")
    (tmp_path / "run/config.toml").write_text("")
    with pytest.raises(CheckpointError, match=r"has no weights yet\. Go on with: cnnkit train --resume"):
        cnnkit.load(tmp_path / "run")


def test_evaluation_repeats_what_training_measured(tiny, smooth):
    events = list(evaluate(cnnkit.load(smooth, module=tiny.Tiny()), tiny.data()))
    result = events[-1].result
    assert isinstance(events[-1], EvaluateFinished) and any(isinstance(e, EvaluateStep) for e in events)
    trained = json.loads((smooth / "result.json").read_text())
    assert result.top1 == trained["top1"] and result.loss == trained["test_loss"] and result.n == 30
    matrix = np.array(result.confusion)
    assert matrix.sum() == 30 and np.trace(matrix) / 30 == result.top1 and result.top5 == 1
    assert [score.support for score in result.per_class] == matrix.sum(axis=1).tolist() == [10, 10, 10]
    assert {"top1", "top5", "loss", "n", "per_class", "confusion"} <= result.to_json().keys()


def test_evaluation_knows_the_data_of_training(predictor):
    result = list(evaluate(predictor, split="val"))[-1].result
    assert result.n == 1000 and result.data == "digits" and result.split == "val"


def test_data_of_another_size_or_with_other_classes_are_refused(predictor, tiny):
    with pytest.raises(DataError, match=r"reads images of \(28, 28, 1\).* but synthetic has \(8, 8, 1\)"):
        list(evaluate(predictor, tiny.data()))
    predictor.classes[0] = "zero"
    with pytest.raises(DataError, match=r"knows 10 classes \('zero', .* digits also has '0'"):
        list(evaluate(predictor))


def test_a_transparent_picture_in_memory_lies_on_white_paper_as_its_file_does(predictor, tmp_path):
    pixels = np.zeros((60, 60, 4), np.uint8)
    pixels[10:50, 28:34] = (0, 0, 0, 255)
    picture = Image.fromarray(pixels)
    picture.save(tmp_path / "ink.png")
    assert predictor.predict(picture).top == predictor.predict(tmp_path / "ink.png").top
