"""`predict` with a network for masks: files, table, JSON, and what is refused."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tasks.segmentation.toy import Squares, squares

import cnnkit
from cnnkit.cli import main
from cnnkit.data.load.collate import collate
from cnnkit.data.open.splits import DataSplits
from cnnkit.engine.use import large
from cnnkit.engine.use.large import maps_of
from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import DataError, UsageError
from cnnkit.nn import Module
from cnnkit.tasks.segmentation import crf
from cnnkit.tasks.segmentation.crf import refine

COLOURS = squares().train.colours


@pytest.fixture
def command(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*words):
        capsys.readouterr()
        code = main.run(["predict", *map(str, words)])
        return (code, *capsys.readouterr())

    return call


@pytest.fixture
def photos(tmp_path):
    """Two pictures of unequal size and one name, with the truth about the first."""
    sample = squares().test[0]
    for folder, size in (("a", (24, 24)), ("b", (37, 50))):
        (tmp_path / folder).mkdir()
        picture = np.full(size, 125, np.uint8)
        picture[:24, :24] = sample.image[:, :, 0]
        Image.fromarray(picture).save(tmp_path / folder / "x.png")
    return sample.target.labels


def test_masks_and_overlays_lie_in_the_current_folder(smooth, command, photos, tmp_path):
    code, out, _ = command("a/x.png", "-m", smooth.run)
    assert code == 0 and "x-mask.png" in out and "ground" in out
    mask, [answer] = Image.open("x-mask.png"), cnnkit.load(smooth).predict_many(["a/x.png"])
    assert mask.mode == "P" and mask.getpalette()[:9] == list(np.ravel(COLOURS))
    np.testing.assert_array_equal(np.asarray(mask), answer.mask)
    seen = photos != 255
    assert (np.asarray(mask)[seen] == photos[seen]).mean() > 0.9
    overlay = np.asarray(Image.open("x-overlay.jpg").convert("RGB")).astype(int)
    assert overlay.shape[1] == 24 and overlay.shape[0] > 24  # a legend is below
    for label, strong, weak in ((1, 0, 2), (2, 2, 0)):  # yellow, blue
        tinted = overlay[:24][answer.mask == label]
        assert tinted[:, strong].mean() > tinted[:, weak].mean() + 50


def test_pictures_of_one_name_have_files_of_their_own_and_json_names_them(smooth, command, photos, tmp_path):
    code, out, _ = command("a", "b", "-m", smooth.run, "--output", "out/new", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0 and [line["mask"] for line in lines] == ["out/new/a-x-mask.png", "out/new/b-x-mask.png"]
    assert sorted(path.name for path in (tmp_path / "out" / "new").iterdir()) == [
        "a-x-mask.png",
        "a-x-overlay.jpg",
        "b-x-mask.png",
        "b-x-overlay.jpg",
    ]
    for line, size in zip(lines, ((24, 24), (37, 50)), strict=True):
        mask = np.asarray(Image.open(line["mask"]))
        assert mask.shape == size == (line["height"], line["width"])
        assert line["shares"] == {name: (mask == k).mean() for k, name in enumerate(["ground", "bright", "dark"])}
        assert line["label"] == "ground" and line["unseen"] == 0


def test_csv_has_a_column_for_the_share_of_each_class(smooth, command, photos):
    assert command("a", "missing.png", "-m", smooth.run, "--csv", "answers.csv")[0] == 3
    with open("answers.csv", newline="") as file:
        good, bad = csv.DictReader(file)
    assert list(good) == [
        "path",
        "label",
        "share",
        "mask",
        "overlay",
        "share_ground",
        "share_bright",
        "share_dark",
        "error",
    ]
    assert good["mask"] == "x-mask.png" and float(good["share_ground"]) == float(good["share"])
    assert "missing.png" in bad["path"] and bad["mask"] == "" and "does not exist" in bad["error"]


def test_nothing_is_computed_where_a_file_is_there_and_nothing_of_it_changes(smooth, command, photos, monkeypatch):
    assert command("a/x.png", "-m", smooth.run)[0] == 0
    before = Path("x-mask.png").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(Predictor, "predict_many", lambda *_, **__: pytest.fail("a picture was answered"))
        code, _, err = command("a/x.png", "-m", smooth.run)
        assert code == 2 and "x-mask.png exists (and 1 more). Overwrite with --exist-ok" in err
    code, _, err = command("b/x.png", "-m", smooth.run, "--exist-ok")
    assert code == 0 and Path("x-mask.png").read_bytes() != before


def test_answers_of_before_are_no_pictures_of_a_folder(smooth, command, photos):
    for _ in range(2):
        code, out, err = command("a", "-m", smooth.run, "--output", "a", "--exist-ok", "--json")
        assert code == 0 and [json.loads(line)["path"] for line in out.splitlines()] == ["a/x.png"]
    assert "Left out as answers of before: 2 of the files" in err


def test_a_classifier_writes_no_such_files(command):
    code, _, err = command("a.png", "--output", "out")
    assert code == 2 and "classification writes no masks, overlays or drawings" in err


def test_from_python_an_answer_has_the_mask_and_draws_itself(smooth, photos, tmp_path):
    said = cnnkit.load(smooth).predict(tmp_path / "b" / "x.png")
    assert said.mask.shape == (37, 50) and sum(said.shares) == pytest.approx(1) and said.classes[0] == "ground"
    np.testing.assert_array_equal(np.asarray(said.image()), said.mask)
    drawn = said.over(np.zeros((37, 50, 3), np.uint8))
    assert drawn.mode == "RGB" and drawn.width == 50


def test_a_crf_is_asked_for_by_name_recorded_and_changes_answers_alone(smooth, command, photos, tmp_path):
    """Noise upon the logits of a few pixels within one colour is what the picture does not confirm."""
    plain = cnnkit.load(smooth)
    refined, plainly = plain.with_crf().predict(tmp_path / "a" / "x.png"), plain.predict(tmp_path / "a" / "x.png")
    assert refined.crf and not plainly.crf and not plain.predict(tmp_path / "a" / "x.png").crf
    logits = maps_of(plain.planned, collate([plain.read(tmp_path / "a" / "x.png")], plain.preprocessing))
    wanted = refine(logits[0], plain.read(tmp_path / "a" / "x.png"))
    np.testing.assert_array_equal(refined.mask, wanted.argmax(axis=2))
    code, out, _ = command("a", "-m", smooth.run, "--crf", "--json")
    assert code == 0 and json.loads(out)["crf"] is True
    np.testing.assert_array_equal(np.asarray(Image.open("x-mask.png")), refined.mask)


def test_a_picture_too_large_for_the_crf_is_an_error_of_its_own(smooth, command, photos, monkeypatch):
    monkeypatch.setattr(crf, "MOST_NUMBERS", 3 * 24 * 24)
    code, out, _ = command("a", "b", "-m", smooth.run, "--crf", "--json")
    good, bad = map(json.loads, out.splitlines())
    assert code == 3 and good["crf"] and "With 3 classes --crf takes pictures of up to" in bad["error"]
    assert "has 50x37" in bad["error"]


def test_an_evaluation_with_the_crf_judges_what_is_refined(smooth):
    plain = cnnkit.load(smooth)
    judged, refined = cnnkit.evaluate(plain, squares()), cnnkit.evaluate(plain.with_crf(), squares())
    assert refined.crf and refined.to_json()["crf"] and not judged.crf
    masks = [plain.with_crf().predict(sample.image).mask for sample in (squares().test[i] for i in range(6))]
    truth = [squares().test[i].target.labels for i in range(6)]
    right = [(mask == label)[label != 255] for mask, label in zip(masks, truth, strict=True)]
    assert refined.pixel_accuracy == pytest.approx(np.concatenate(right).mean())


def test_pictures_too_large_for_the_crf_end_an_evaluation_before_it_begins(smooth, monkeypatch):
    refined, data = cnnkit.load(smooth).with_crf(), squares(judged=((24, 24), (30, 37)))
    monkeypatch.setattr(crf, "MOST_NUMBERS", 3 * 24 * 24)
    with monkeypatch.context() as patch:
        patch.setattr(Module, "__call__", lambda *_: pytest.fail("a picture was computed"))
        said = r"3 of 6 images are too large for what refines the answers, the first of them number 1 \(.*has 37x30"
        with pytest.raises(DataError, match=said):
            cnnkit.evaluate(refined, data)
    assert cnnkit.evaluate(refined, squares()).crf  # as large as may be


def test_the_file_is_named_that_is_too_large_for_the_crf(smooth, photos, tmp_path, monkeypatch):
    for part, name, folder in (("train", 1, "a"), ("train", 2, "a"), ("test", "small", "a"), ("test", "wide", "b")):
        mask = np.zeros((24, 24) if folder == "a" else (37, 50), np.uint8)
        mask[:5], mask[5:8] = 1, 2
        for kind, pixels in (("images", Image.open(tmp_path / folder / "x.png")), ("masks", Image.fromarray(mask))):
            place = tmp_path / "drawn" / part / kind / f"{name}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            pixels.save(place)
    (tmp_path / "drawn" / "classes.txt").write_text("\n".join(squares().test.classes))
    monkeypatch.setattr(crf, "MOST_NUMBERS", 3 * 24 * 24)
    with pytest.raises(
        DataError, match=r"1 of 2 images is too large .*wide\.png.*50x37.*Make it smaller, or leave --crf"
    ):
        cnnkit.evaluate(cnnkit.load(smooth).with_crf(), tmp_path / "drawn", split="test")


def test_the_command_and_python_evaluate_alike_with_the_crf(smooth, command, tmp_path, capsys):
    """Of pictures in a folder; the settings of the run, which are read by both, say nothing of a CRF."""
    for number in range(6):
        sample = squares().test[number]
        for kind, pixels in (("images", sample.image[:, :, 0]), ("masks", sample.target.labels)):
            place = tmp_path / "drawn" / "test" / kind / f"{number}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(place)
    (tmp_path / "drawn" / "classes.txt").write_text("\n".join(squares().test.classes))
    told = []
    for words in ([], ["--crf"]):
        capsys.readouterr()
        assert main.run(["evaluate", str(smooth.run), "--data", "drawn", "--split", "test", *words, "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    plain = cnnkit.load(smooth)
    for said, predictor in zip(told, (plain, plain.with_crf()), strict=True):
        judged = cnnkit.evaluate(predictor, "drawn", split="test")
        assert {key: said[key] for key in ("miou", "pixel_accuracy", "crf")} == {
            "miou": judged.miou,
            "pixel_accuracy": judged.pixel_accuracy,
            "crf": judged.crf,
        }
    assert [said["crf"] for said in told] == [False, True]


def test_a_classifier_has_no_crf(command):
    code, _, err = command("a.png", "--crf")
    assert code == 2 and "A CRF is for masks; the task classification has none" in err


def test_what_a_network_that_crops_did_not_see_is_void_and_told(tmp_path, command, photos):
    data = DataSplits(Squares(24, 0, fit="crop"), Squares(6, 1, fit="crop"), Squares(6, 2, fit="crop"), "squares")
    cropping = cnnkit.fit(data, model="toy_fcn", steps=2, output=str(tmp_path / "run"))
    code, _, err = command("b/x.png", "-m", cropping.run)
    assert code == 0 and "sees pictures cut to its size, of b/x.png 76 %" in " ".join(err.split())
    with Image.open("x-mask.png") as mask:
        labels = np.asarray(mask)
    assert labels.shape == (37, 50) and (labels == 255).mean() == 0.24


def test_scores_of_a_whole_picture_are_refused_and_so_are_features_of_unequal_ones(smooth, photos, tmp_path):
    predictor, both = cnnkit.load(smooth), [tmp_path / "a" / "x.png", tmp_path / "b" / "x.png"]
    with pytest.raises(UsageError, match="has a class for each pixel, and no scores of a whole picture"):
        predictor.predict_proba(both)
    with pytest.raises(UsageError, match="Ask for one picture at a time"):
        predictor.features(both, "conv1")
    assert predictor.features(both[1], "conv1").shape == (1, 37, 50, 8)


def test_a_picture_far_larger_than_those_of_the_training_gets_a_note(smooth, command, tmp_path):
    Image.new("L", (130, 120)).save("large.png")
    code, _, err = command("large.png", "-m", smooth.run)
    assert (
        code == 0
        and "large.png has 130x120 pixels, and toy_fcn learned from pictures or windows of 24x24"
        in " ".join(err.split())
    )


def test_a_large_picture_moves_in_pieces_and_the_mask_is_that_of_the_whole(smooth, command, tmp_path, rng, monkeypatch):
    Image.fromarray(rng.integers(0, 256, (90, 95), np.uint8)).save("large.png")
    whole = cnnkit.load(smooth).predict("large.png").mask
    predictor = cnnkit.load(smooth)
    monkeypatch.setattr(large, "MOST_BYTES", int(4 * large.reach_of(predictor.planned, 1).floats * 40**2))
    assert len(predictor.way((90, 95)).tiles) == 9
    told = []
    [said] = predictor.predict_many(["large.png"], tell=lambda *of: told.append(of))
    assert told == [(k, 9) for k in range(9)]
    assert (said.mask != whole).mean() < 1e-3  # two scores that are equal but for rounding


def test_top_says_how_many_classes_the_table_tells_and_a_note_where_the_files_are(smooth, command, photos, tmp_path):
    code, out, err = command("a", "-m", smooth.run, "--top", "1", "--output", "new")
    assert code == 0 and "ground" in out and "bright" not in out and "dark" not in out
    assert f"Their masks and overlays are in {tmp_path / 'new'}." in " ".join(err.split())
