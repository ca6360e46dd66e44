"""A training run as people see it, drawn from events that no engine had to make."""

import io
import json
import re
import shlex
import sys
from dataclasses import fields, replace
from types import SimpleNamespace

import pytest

from cnnkit.engine.records.events import (
    CheckpointSaved,
    Compiling,
    EpochEnd,
    Finished,
    Interrupted,
    Note,
    RunStarted,
    StepEnd,
)
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.records.results import FitResult

RESULT = FitResult(
    run="runs/classify/digitnet-digits-1",
    checkpoint="runs/classify/digitnet-digits-1/weights/best.safetensors",
    epochs=2,
    test={"top1": 0.9871},
    seconds=61.4,
    images_per_second=5123.4,
    model="digitnet",
    data="digits",
    parameters=97_000,
    best_epoch=2,
    val={"top1": 0.991},
    test_loss=0.041,
    test_images=2000,
)


def story(*, ending=None):
    yield RunStarted(
        run=RESULT.run,
        model="digitnet",
        data="digits",
        parameters=97_000,
        train_images=9000,
        val_images=1000,
        test_images=2000,
        epochs=2,
        steps=6,
        epoch_steps=3,
        step=0,
        threads=2,
        found="the digits in the package",
        notes=("a note of the start",),
    )
    yield Compiling(done=1, total=2, name="conv2d", cached=False)
    yield Compiling(done=2, total=2, name="conv2d_dx", cached=False)
    for epoch in (1, 2):
        for step in range(3 * epoch - 2, 3 * epoch + 1):
            yield StepEnd(
                epoch=epoch,
                epochs=2,
                step=step,
                steps=6,
                batch=step - 3 * epoch + 3,
                batches=3,
                loss=2.0 / step,
                running={"accuracy": 0.5},
                lr=0.1,
                images_per_second=5000.0,
                seconds_left=7.0 - step,
            )
        yield EpochEnd(
            epoch=epoch,
            epochs=2,
            step=3 * epoch,
            train_loss=0.5 / epoch,
            train={"accuracy": 0.9},
            val_loss=0.4 / epoch,
            val={"top1": 0.95},
            lr=0.1,
            seconds=3.0,
            images_per_second=5000.0,
            best=True,
        )
        yield CheckpointSaved(path="x", step=3 * epoch)
        if ending:
            yield ending
            return
    yield Note("a note of the end")
    yield Finished(RESULT)


def replace_engine(monkeypatch, fit, resume=None):
    monkeypatch.setitem(sys.modules, "cnnkit.engine.fit", SimpleNamespace(fit=fit, resume=resume))


@pytest.fixture
def fake_fit(monkeypatch):
    told = {}

    def fit(options):
        told["options"] = options
        yield from story()

    def resume(run, changes):
        told["run"], told["changes"] = run, changes
        yield from story()

    replace_engine(monkeypatch, fit, resume)
    return told


def test_json_has_the_keys_that_scripts_rely_on_and_stands_alone_on_stdout(cnnkit, fake_fit):
    ended = cnnkit("train", "--json")
    assert ended.code == 0
    keys = {"schema_version", "run", "checkpoint", "epochs", "top1", "seconds", "images_per_second"}
    assert keys <= ended.json.keys()
    assert ended.json["schema_version"] == 1


def test_the_run_its_notes_and_the_next_commands_are_told_on_stderr(cnnkit, fake_fit):
    ended = cnnkit("train")
    for part in (
        "digitnet",
        "the digits in the package",
        "2 epochs of 3 steps",
        "a note of the start",
        "a note of the end",
        RESULT.run,
    ):
        assert part in ended.err
    for line in (
        f"  cnnkit evaluate {RESULT.run}",
        f"  cnnkit train --resume {RESULT.run} --epochs 4",
    ):
        assert line in ended.err.splitlines()


def told(cnnkit, monkeypatch, **changes):
    replace_engine(monkeypatch, lambda options: iter([Finished(replace(RESULT, **changes))]))
    return cnnkit("train")


def test_the_next_commands_can_be_pasted_whatever_the_paths_are(cnnkit, monkeypatch):
    ended = told(cnnkit, monkeypatch, run="my runs/it's 1", example="-photos/ant's nest/a b.jpg")
    lines = [shlex.split(line) for line in ended.err.splitlines() if line.startswith("  cnnkit")]
    assert lines == [
        ["cnnkit", "evaluate", "my runs/it's 1"],
        ["cnnkit", "predict", "./-photos/ant's nest/a b.jpg", "--model", "my runs/it's 1"],
        ["cnnkit", "train", "--resume", "my runs/it's 1", "--epochs", "4"],
    ]


def test_what_more_epochs_would_do_to_the_learning_rate_is_told(cnnkit, monkeypatch):
    err = told(cnnkit, monkeypatch, schedule="one-cycle", lr=0.05).err
    assert "With more epochs: a new cycle of the schedule (one-cycle) then begins" in " ".join(err.split())
    assert "With more epochs" not in told(cnnkit, monkeypatch).err


def test_a_test_of_learning_by_heart_proposes_no_resume(cnnkit, monkeypatch):
    assert "--resume" not in told(cnnkit, monkeypatch, learned=True).err


def test_a_path_below_the_folder_at_hand_is_short(cnnkit, monkeypatch, empty_folder):
    assert (
        "  cnnkit predict a/b.png --model" in told(cnnkit, monkeypatch, example=str(empty_folder / "a" / "b.png")).err
    )
    assert "  cnnkit predict /x/b.png --model" in told(cnnkit, monkeypatch, example="/x/b.png").err


def test_a_name_that_could_move_the_cursor_is_not_suggested(cnnkit, monkeypatch):
    assert "predict" not in told(cnnkit, monkeypatch, example="a\x1b[2J.png").err
    assert "cnnkit predict b.png --model" in told(cnnkit, monkeypatch, example="b.png").err


def test_the_worst_class_is_told_where_there_is_one(cnnkit, monkeypatch):
    ended = told(
        cnnkit, monkeypatch, more={"macro_f1": 0.9512, "worst_class": "bees", "worst_f1": 0.801, "worst_images": 83}
    )
    assert re.search(r"macro F1 +95\.12 %; lowest F1: 80\.1 % for bees \(83 images\)", ended.out)
    lonely = {"macro_f1": 0.5, "worst_class": "bees", "worst_f1": 0.0, "worst_images": 1}
    assert "for bees (1 image)\n" in told(cnnkit, monkeypatch, more=lonely).out
    assert "macro F1" not in told(cnnkit, monkeypatch).out
    perfect = {"macro_f1": 1.0, "worst_class": "a", "worst_f1": 1.0, "worst_images": 3}
    assert "macro F1" not in told(cnnkit, monkeypatch, more=perfect).out


def test_the_curve_of_the_loss_ends_at_the_last_epoch_and_its_ends_are_named(cnnkit, fake_fit):
    ended = cnnkit("train")
    assert "98.71 % of 2,000 images" in ended.out
    assert RESULT.checkpoint in ended.out
    curve, ends, *_ = ended.out.splitlines()
    assert re.fullmatch(r"training loss +2\.000 █[▁▂▃▄▅▆▇█]+ 0\.250", curve)
    assert re.fullmatch(r" +start +mean of epoch 2", ends)
    assert len(ends) >= len(curve), "the last caption stands below the last figure"


def test_the_epochs_are_shown_once(cnnkit, fake_fit):
    ended = cnnkit("train")
    assert "epoch 2/2  loss 0.2500" in ended.err
    assert "0.2500" not in ended.out and "best" not in ended.out.splitlines()[0]


def test_who_saw_no_epochs_gets_them_as_a_table(cnnkit, fake_fit):
    assert cnnkit("train", "--quiet").out.splitlines()[2].split() == [
        "2",
        "0.2500",
        "90.00",
        "%",
        "0.2000",
        "95.00",
        "%",
        "best",
    ]


def test_quiet_leaves_the_result_alone(cnnkit, fake_fit):
    ended = cnnkit("train", "--quiet")
    assert ended.err == ""
    assert "98.71 %" in ended.out


def test_piped_each_epoch_is_one_plain_line(cnnkit, fake_fit):
    ended = cnnkit("train")
    assert len([line for line in ended.err.splitlines() if line.startswith("epoch ")]) == 2
    assert "\x1b" not in ended.err + ended.out and "\r" not in ended.err


def test_piped_a_long_epoch_tells_a_line_every_few_seconds(cnnkit, fake_fit, monkeypatch):
    from cnnkit.cli.show import progress

    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    lines = cnnkit("train").err.splitlines()
    assert "compiling kernels 1/2  once per machine" in lines
    assert "epoch 1/2 step 2/3  loss 1.000  accuracy 50 %  5,000 images/s  5 s left" in lines


@pytest.mark.parametrize("code", [130, 143])
def test_an_interrupted_run_ends_with_the_code_of_its_signal(cnnkit, monkeypatch, code):
    ending = Interrupted(run="runs/x", step=3, signal="SIGINT", exit_code=code, text="Stopped and saved: runs/x")
    replace_engine(monkeypatch, lambda options: story(ending=ending))
    ended = cnnkit("train", "--json")
    assert (ended.code, ended.out) == (code, "")
    assert "Stopped and saved: runs/x" in ended.err


def test_options_reach_the_engine(cnnkit, fake_fit):
    cnnkit("train", "-m", "lenet5", "--epochs", "3", "--image-size", "20x30", "--no-nesterov", "-t", "2", "--grey")
    options = fake_fit["options"]
    assert (options.model, options.epochs, options.image_size) == ("lenet5", 3, (20, 30))
    assert (options.nesterov, options.threads, options.grey) == (False, 2, True)
    assert (options.batch_size, options.backend) == (None, "auto")


def test_resume_passes_on_what_was_given_and_nothing_else(cnnkit, fake_fit):
    assert cnnkit("train", "--resume", "runs/x", "--epochs", "9").code == 0
    assert str(fake_fit["run"]) == "runs/x"
    assert fake_fit["changes"] == {"epochs": 9}


def test_resume_refuses_what_cannot_change(cnnkit, fake_fit):
    ended = cnnkit("train", "--resume", "runs/x", "--batch-size", "9")
    assert ended.code == 2
    assert "--batch-size cannot change when a run is resumed" in ended.err


def test_every_choice_of_training_is_an_option(cnnkit):
    shown = cnnkit("train", "--print-config").out
    for field in fields(FitOptions):
        assert re.search(rf"^(# )?{field.name} =", shown, re.M), field.name


class Watched(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_on_a_terminal_a_bar_moves_and_nothing_is_wider_than_it(monkeypatch, fake_fit, columns, encoding):
    from cnnkit.cli.main import run

    out, err = Watched(), Watched()
    out.encoding = err.encoding = encoding
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", err)
    assert run(["train"]) == 0
    assert "\x1b[2K" in err.getvalue()
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", out.getvalue())
    assert max(len(line) for line in shown.splitlines() if "safetensors" not in line) <= columns
    assert "98.71" in shown
    if encoding == "ascii":
        assert (out.getvalue() + err.getvalue()).isascii()


@pytest.mark.parametrize("columns", [80, 60])
def test_on_a_terminal_long_notes_break_between_words_while_the_bar_is_there(monkeypatch, columns):
    from cnnkit.cli.main import run

    note = "word " * 30 + "end"

    def fit(options):
        first, *rest = story()
        yield from (replace(first, notes=(note,)), *rest[:-1], Note(note), rest[-1])

    replace_engine(monkeypatch, fit)
    err = Watched()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stdout", Watched())
    monkeypatch.setattr("sys.stderr", err)
    assert run(["train"]) == 0
    lines = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line) for line in re.split(r"[\n\r]", err.getvalue())]
    told = [line for line in lines if "word" in line]
    assert sum(line.count("word") for line in told) == 60
    assert max(map(len, told)) <= columns
    assert sum(not line.startswith("  ") for line in told) == 2, "one line that begins, the others hang below it"


def test_not_a_number_becomes_null_in_json(cnnkit, monkeypatch):
    result = replace(RESULT, test_loss=float("nan"))
    replace_engine(monkeypatch, lambda options: iter([Finished(result)]))
    assert json.loads(cnnkit("train", "--json").out)["test_loss"] is None


def test_images_that_were_not_learned_by_heart_end_with_exit_code_four(cnnkit, monkeypatch):
    for learned, code in ((True, 0), (False, 4)):
        result = replace(RESULT, learned=learned)
        replace_engine(monkeypatch, lambda options, result=result: iter([Finished(result)]))
        ended = cnnkit("train", "--overfit", "2000")
        assert ended.code == code and "98.71 %" in ended.out
        assert ("Memorised 2,000 images" in ended.err) is learned
        assert ("did not memorise 2,000 images" in ended.err) is not learned


def test_a_course_that_ends_within_an_epoch_is_told(cnnkit, monkeypatch):
    def started(**changes):
        first, *_ = story()
        return lambda options: iter([replace(first, **changes), Finished(RESULT)])

    replace_engine(monkeypatch, started(steps=5))
    assert "5 steps in 2 epochs of at most 3" in cnnkit("train").err
    replace_engine(monkeypatch, started(steps=0, epochs=0))
    assert "digitnet, 97,000 parameters\n" in cnnkit("train", "--time", "5m").err
