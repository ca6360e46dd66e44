"""What `cnnkit evaluate` says of a result, drawn from results that no network had to give."""

import io
import re
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cnnkit import metrics
from cnnkit.engine.records.events import EvaluateFinished, EvaluateStep, Note
from cnnkit.engine.records.results import EvaluateResult
from cnnkit.tasks import ClassificationTask
from cnnkit.tasks.classification.measured import ClassificationMeasured, ClassScore, Mistake
from cnnkit.tasks.classification.worst import TopLoss


def made(labels, answers, classes, *, score=0.9, top_losses=(), sheet=None) -> EvaluateResult:
    """A result of these answers, each given with the same score."""
    labels, answers, n = np.array(labels), np.array(answers), len(classes)
    by_class = metrics.per_class(answers, labels, n)
    right = labels == answers
    calibration = metrics.calibration(np.full(len(labels), score), right)
    low, high = metrics.wilson(int(right.sum()), len(labels))
    measured = ClassificationMeasured(
        values={"top1": float(right.mean())},
        top5=1.0,
        loss=0.5,
        n=len(labels),
        per_class=tuple(
            ClassScore(name, row.precision, row.recall, row.f1, row.support, row.called)
            for name, row in zip(classes, by_class, strict=True)
        ),
        confusion=tuple(map(tuple, metrics.confusion(answers, labels, n).tolist())),
        classes=tuple(classes),
        top1_low=low,
        top1_high=high,
        macro_f1=metrics.macro_f1(by_class),
        balanced_accuracy=metrics.balanced_accuracy(by_class),
        mean_score=calibration.mean_score,
        calibration_error=calibration.error,
        reliability=calibration.bins,
        mistakes=tuple(Mistake(classes[i], classes[j], k) for i, j, k in metrics.mistakes(answers, labels, n)),
        top_losses=tuple(top_losses),
    )
    return EvaluateResult(
        measured=measured, model="digitnet", source="runs/x", data="digits", split="test", sheet=sheet
    )


@pytest.fixture
def judge(cnnkit, monkeypatch):
    """judge(result, *arguments): `cnnkit evaluate` ends with this result. judge.told: what the engine was given."""

    def call(result, *arguments):
        def evaluate(predictor, data, **choices):
            call.told = {"data": data, **choices}
            yield Note("what was found")
            yield EvaluateStep(1, 1)
            yield EvaluateFinished(result)

        predictor = SimpleNamespace(
            name="digitnet", source="runs/x", notes=(), precision=None, task=ClassificationTask(["a", "b"])
        )
        monkeypatch.setitem(sys.modules, "cnnkit.engine.use.load", SimpleNamespace(load=lambda source: predictor))
        monkeypatch.setitem(sys.modules, "cnnkit.engine.evaluate", SimpleNamespace(evaluate=evaluate))
        return cnnkit("evaluate", *arguments)

    return call


THREE = made([0] * 10 + [1] * 4 + [2] * 6, [0] * 9 + [1] + [1, 2, 2, 2] + [2] * 6, ["ant", "bee", "wasp"])
RIGHT = made([0, 1, 2], [0, 1, 2], ["ant", "bee", "wasp"])


def test_the_worst_class_comes_first(judge):
    out = judge(THREE).out
    table = out[out.index("Each class, the worst F1 first:") :].splitlines()
    assert [line.split()[0] for line in table[2:5]] == ["bee", "wasp", "ant"]
    # bee: 1 of 4 found, 2 called so.
    assert table[2].split() == ["bee", "50.0", "%", "25.0", "%", "33.3", "%", "4"]


def test_the_facts_tell_balance_and_how_sure_it_is(judge):
    out = judge(THREE).out
    assert re.search(r"top-1 +80\.00 % of 20 images \(95 % confidence: 58\.4 to 91\.9 %\)", out)
    assert re.search(r"balanced accuracy +71\.67 %; classes have 4 to 10 images", out)
    assert re.search(r"mean score +90\.0 %: well calibrated", out)
    assert re.search(r"calibration error +10\.0 %", out)
    # Among three classes the truth is always one of the five best.
    assert "top-5" not in out
    assert "balanced" not in judge(RIGHT).out


def test_few_images_do_not_show_a_good_calibration(judge):
    out = judge(made([0, 0, 1, 1], [1, 1, 1, 1], ["a", "b"], score=0.8)).out
    assert re.search(r"mean score +80\.0 %: too few images to judge it", out)


@pytest.mark.parametrize(("score", "words"), [(0.99, "overconfident by 9.0 %"), (0.5, "underconfident by 40.0 %")])
def test_a_score_that_many_images_belie_is_told(judge, score, words):
    labels = [0, 1] * 1000
    answers = [1 - label if i < 200 else label for i, label in enumerate(labels)]
    assert words in judge(made(labels, answers, ["a", "b"], score=score)).out


def test_mistakes_are_told_from_truth_to_answer(judge):
    out = judge(THREE).out
    lines = out[out.index("The most frequent mistakes:") :].splitlines()
    assert lines[2].split() == ["bee", "wasp", "3", "75.0", "%"]
    assert lines[3].split() == ["ant", "bee", "1", "10.0", "%"]
    assert "mistakes" not in judge(RIGHT).out


def many(classes: int) -> EvaluateResult:
    """Class k has k + 1 images, one of them taken for the class before."""
    labels = [k for k in range(classes) for _ in range(k + 1)]
    first = {k: labels.index(k) for k in range(classes)}
    answers = [(k - 1) % classes if i == first[k] else k for i, k in enumerate(labels)]
    return made(labels, answers, [f"class {k}" for k in range(classes)])


def test_of_many_classes_the_worst_are_shown_and_json_is_named(judge):
    ended = judge(many(100))
    assert "The 20 worst of 100 classes; --json has them all:" in ended.out
    assert len(ended.out.splitlines()) < 50 and "Confusion matrix" not in ended.out
    record = judge(many(100), "--json").json
    assert len(record["per_class"]) == 100 and record["per_class"][7]["label"] == "class 7"


def test_a_class_without_images_is_counted_apart(judge):
    out = judge(made([0, 0, 1], [0, 0, 0], ["a", "b", "c", "d"])).out
    assert "2 further classes have no images here." in out
    # Nothing was taken for b: there is no precision.
    assert re.search(r"^ *b +- +0\.0 % +0\.0 % +1$", out, re.M)


LOSSES = [
    TopLoss(7, "photos/ant's nest/a b.jpg", "ant", "bee", 0.98, 4.125),
    TopLoss(3, None, "bee", "wasp", 0.75, 1.5),
]


def test_the_highest_losses_name_file_or_number(judge):
    ended = judge(made([0, 1], [1, 2], ["ant", "bee", "wasp"], top_losses=LOSSES, sheet="a.png"))
    lines = ended.out[ended.out.index("The images of the test part with the highest loss:") :].splitlines()
    assert re.fullmatch(r"1 +photos/ant's nest/a b\.jpg +ant +bee +98\.0 % +4\.12", lines[2].strip())
    assert re.fullmatch(r"2 +number 3 +bee +wasp +75\.0 % +1\.50", lines[3].strip())
    assert lines[-1] == "They are drawn in a.png."
    assert "most wrong" not in ended.err


def test_how_to_see_the_worst_images_can_be_pasted(judge):
    ended = judge(THREE, "my runs/1", "--data", "my photos", "--split", "val")
    (line,) = [line for line in ended.err.splitlines() if line.startswith("  cnnkit")]
    assert shlex.split(line) == shlex.split(
        "cnnkit evaluate 'my runs/1' --data 'my photos' --split val --top-losses 12 --sheet mistakes.png"
    )
    assert "most wrong" not in judge(RIGHT).err


def test_the_choices_reach_the_engine(judge):
    judge(THREE, "--top-losses", "5", "--sheet", "a.png", "--exist-ok", "--data", "photos", "-b", "7")
    assert judge.told == {
        "data": "photos",
        "split": "test",
        "batch_size": 7,
        "on_unreadable": "refuse",
        "top_losses": 5,
        "sheet": Path("a.png"),
        "saved": None,
        "exist_ok": True,
    }


def test_a_missed_threshold_tells_what_was_wanted_and_what_came(judge):
    ended = judge(THREE, "--min-top1", "0.9", "--quiet")
    assert ended.code == 4 and "80.00 %" in ended.out
    assert ended.err == (
        "Error: top-1 is 0.8000 (16 of 20 images), below --min-top1 0.9, which needs 18 right: 2 more.\n"
    )
    assert judge(THREE, "--min-top1", "0.8").code == 0
    assert judge(THREE, "--min-top1", "0.81", "--json").json["top1"] == 0.8


def test_a_threshold_in_per_cent_is_refused_before_any_work(judge):
    ended = judge(THREE, "--min-top1", "90")
    assert (ended.code, ended.out) == (2, "")
    assert "90 per cent is 0.9" in ended.err
    assert not hasattr(judge, "told")


def test_a_sheet_that_is_there_is_refused_before_any_work(judge, empty_folder):
    (empty_folder / "a.png").touch()
    ended = judge(THREE, "--sheet", "a.png")
    assert (ended.code, ended.out) == (2, "") and "--exist-ok" in ended.err
    assert not hasattr(judge, "told")


def test_json_has_the_keys_that_scripts_rely_on(judge):
    record = judge(made([0, 1], [1, 1], ["ant", "bee"], top_losses=LOSSES), "--json").json
    assert record.keys() >= {"top1", "top5", "loss", "n", "per_class", "confusion", "macro_f1", "balanced_accuracy"}
    assert record.keys() >= {"top1_low", "top1_high", "mean_score", "calibration_error", "mistakes", "sheet"}
    assert record["mistakes"] == [{"truth": "ant", "answer": "bee", "images": 1}]
    assert record["per_class"][1].keys() == {"label", "precision", "recall", "f1", "support", "called"}
    assert record["reliability"][0].keys() == {"low", "high", "images", "score", "accuracy"}
    assert record["top_losses"][1] == {
        "index": 3,
        "path": None,
        "truth": "bee",
        "answer": "wasp",
        "score": 0.75,
        "loss": 1.5,
    }


class Watched(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.mark.parametrize("columns", [80, 50])
def test_on_a_terminal_nothing_is_wider_than_it(judge, monkeypatch, columns):
    out = Watched()
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout", out)
    names = [f"a rather long name {k}" for k in range(6)]
    result = made([0, 1, 2, 3, 4, 5], [1, 1, 2, 3, 4, 0], names, top_losses=LOSSES)
    judge(result)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue())
    assert max(map(len, shown.splitlines())) <= columns
    # The square table does not fit; the list of mistakes does.
    assert "Confusion matrix" not in shown and "The most frequent mistakes" in shown


def test_a_class_name_moves_no_cursor(judge):
    ended = judge(made([0, 1], [1, 1], ["an\nt", "\x1b[2Jbee"]))
    assert r"an\nt" in ended.out and "\x1b" not in ended.out
