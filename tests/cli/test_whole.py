"""The commands over the real engine: a small run, and what users do with it, well and badly."""

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from cnnkit.cli import main


def draw(folder: Path, number: int = 10) -> Path:
    """Dark and bright pictures."""
    for name, level in (("dark", 40), ("bright", 210)):
        (folder / name).mkdir(parents=True)
        for i in range(number):
            Image.new("L", (28, 28), level + i).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """(run folder, data folder) of a finished run."""
    place = tmp_path_factory.mktemp("trained")
    data = draw(place / "pictures")
    arguments = [
        "train",
        "--data",
        str(data),
        "--model",
        "lenet5",
        "--epochs",
        "2",
        "--batch-size",
        "8",
        "--lr",
        "0.02",
    ]
    assert main.run([*arguments, "--grey", "--image-size", "28", "--output", str(place / "run"), "--quiet"]) == 0
    return place / "run", data


def test_the_run_can_be_evaluated(cnnkit, trained):
    run, _ = trained
    record = cnnkit("evaluate", run, "--json").json
    assert record.keys() >= {"schema_version", "top1", "top5", "loss", "n", "per_class", "confusion"}
    assert record["n"] == sum(map(sum, record["confusion"]))
    ended = cnnkit("evaluate", run)
    assert str(run) in ended.err
    assert "precision" in ended.out


def test_a_missed_threshold_ends_with_4_and_still_prints_the_result(cnnkit, trained):
    run, _ = trained
    ended = cnnkit("evaluate", run, "--min-top1", "1", "--json", "--split", "train")
    assert ended.code == (4 if ended.json["top1"] < 1 else 0)


def test_the_newest_run_is_taken_and_named(cnnkit, trained, empty_folder):
    run, data = trained
    shutil.copytree(run, empty_folder / "runs" / "mine")
    for command in (["evaluate"], ["predict", data / "dark" / "0.png"]):
        assert "runs/mine (the newest run)" in cnnkit(*command).err


def test_pictures_are_answered_one_line_of_json_each(cnnkit, trained):
    run, data = trained
    ended = cnnkit("predict", data, data / "dark" / "0.png", "--model", run, "--json", "--top", "1")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert (ended.code, len(lines)) == (0, 21)
    assert lines[-1].keys() == {"schema_version", "path", "label", "index", "score", "top", "model"}
    assert lines[-1]["path"] == str(data / "dark" / "0.png")
    assert [len(line["top"]) for line in lines] == [1] * 21
    assert lines[-1]["top"][0] == [lines[-1]["label"], lines[-1]["score"]]


def test_pictures_are_answered_as_a_table_without_json(cnnkit, trained):
    run, data = trained
    ended = cnnkit("predict", data / "dark" / "0.png", "--model", run)
    assert ended.code == 0
    assert str(data / "dark" / "0.png") in ended.out
    assert " %" in ended.out and str(run) in ended.err


def test_bad_pictures_are_named_the_others_answered_and_the_code_is_3(cnnkit, trained, tmp_path):
    run, data = trained
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").touch()
    (tmp_path / "nothing").mkdir()
    bad = [tmp_path / "text.png", tmp_path / "empty.png", tmp_path / "missing.png", tmp_path / "nothing"]
    ended = cnnkit("predict", *bad, data / "dark" / "0.png", "--model", run, "--json")
    lines = {line["path"]: line for line in map(json.loads, ended.out.splitlines())}
    assert ended.code == 3
    for path in bad:
        assert lines[str(path)].keys() == {"schema_version", "path", "error"}
    assert lines[str(data / "dark" / "0.png")]["label"] in ("dark", "bright")
    shown = cnnkit("predict", *bad, data / "dark" / "0.png", "--model", run)
    assert shown.code == 3
    assert shown.err.count("Error: ") == 4 and str(data / "dark" / "0.png") in shown.out


def test_answers_are_kept_as_csv(cnnkit, trained, tmp_path):
    run, data = trained
    (tmp_path / "text.png").write_text("no picture")
    cnnkit("predict", data / "dark" / "0.png", tmp_path / "text.png", "--model", run, "--csv", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        good, bad = csv.DictReader(file)
    assert good["label"] in ("dark", "bright") and 0 <= float(good["score"]) <= 1 and not good["error"]
    assert bad["path"] == str(tmp_path / "text.png") and bad["error"] and not bad["label"]


def test_a_finished_run_names_a_test_picture_that_can_be_tried(cnnkit, trained):
    run, data = trained
    result = json.loads((run / "result.json").read_text())
    assert Path(result["example"]).is_relative_to(data) and Path(result["example"]).is_file()
    assert cnnkit("predict", result["example"], "--model", run).code == 0
    assert result["worst_class"] in ("dark", "bright") and 0 <= result["worst_f1"] <= result["macro_f1"] <= 1


def test_a_finished_run_says_so_with_the_same_json(cnnkit, trained):
    run, _ = trained
    ended = cnnkit("train", "--resume", run, "--json")
    assert ended.code == 0
    assert "is finished" in ended.err
    assert ended.json == {"schema_version": 1, **json.loads((run / "result.json").read_text())}


def test_the_config_of_a_run_is_taken_back(cnnkit, trained):
    run, _ = trained
    ended = cnnkit("train", "--config", run / "config.toml", "--print-config")
    assert ended.code == 0
    for line in (run / "config.toml").read_text().splitlines():
        assert line in ended.out.splitlines()


def test_a_training_starts_from_the_weights_of_a_run(cnnkit, trained, tmp_path):
    run, data = trained
    arguments = ["--data", data, "--weights", run, "--freeze", "trunk", "--epochs", "1", "--output", tmp_path / "tuned"]
    ended = cnnkit("train", *arguments)
    assert ended.code == 0
    assert f"The weights are those of {run}." in ended.err
    assert cnnkit("evaluate", tmp_path / "tuned", "--json").json["model"] == "lenet5"
    again = cnnkit("train", "--resume", tmp_path / "tuned", "--weights", run)
    assert (again.code, "--weights cannot change when a run is resumed" in again.err) == (2, True)


def test_an_existing_output_is_refused_without_exist_ok(cnnkit, trained):
    run, data = trained
    ended = cnnkit("train", "--data", data, "--output", run)
    assert (ended.code, ended.out) == (2, "")
    assert "--exist-ok" in ended.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["train", "--data", "nowhere"], 3),
        (["train", "--data", "."], 3),
        (["train", "--data", "file.txt"], 3),
        (["train", "--data", "one"], 3),
        (["train", "--model", "lenet6"], 2),
        (["train", "--weights", "nowhere"], 3),
        (["train", "--weights", "file.txt"], 3),
        (["train", "--weights", "."], 3),
        (["train", "--freeze", "trunk"], 2),
        (["train", "--freeze", "all"], 2),
        (["train", "--head-lr", "0"], 2),
        (["train", "--resume", "nowhere"], 3),
        (["train", "--resume", "."], 3),
        (["evaluate", "nowhere"], 3),
        (["evaluate", "file.txt"], 3),
        (["evaluate", "."], 3),
        (["predict", "file.txt", "--model", "file.txt"], 3),
        (["predict", "file.txt", "--model", "nowhere"], 3),
        (["predict"], 2),
        (["data", "check", "nowhere"], 3),
        (["models", "lenet6"], 2),
    ],
)
def test_bad_input_ends_with_a_message_and_its_code(cnnkit, empty_folder, arguments, code):
    (empty_folder / "file.txt").write_text("text")
    draw(empty_folder / "two", 2)
    (empty_folder / "one").mkdir()
    (empty_folder / "two" / "dark").rename(empty_folder / "one" / "dark")
    ended = cnnkit(*arguments)
    assert ended.code == code
    assert ended.err.startswith("Error: ") or "problem: " in ended.out
    assert "fault in cnnkit" not in ended.err
    assert not (empty_folder / "runs").exists()


@pytest.mark.parametrize("place", ["/proc/runs", "file.txt/run"])
def test_an_output_that_cannot_be_made_is_told(cnnkit, trained, empty_folder, place):
    (empty_folder / "file.txt").write_text("text")
    ended = cnnkit("train", "--data", trained[1], "--model", "lenet5", "--epochs", "1", "--output", place, "--quiet")
    assert ended.code in (1, 2, 5)
    assert place.partition("/run")[0] in ended.err and "fault in cnnkit" not in ended.err


def test_a_csv_that_cannot_be_written_is_told_before_any_work(cnnkit, trained):
    run, data = trained
    ended = cnnkit("predict", data, "--model", run, "--csv", "/proc/nowhere/out.csv")
    assert (ended.code, ended.out) == (2, "")
    assert "There is no folder /proc/nowhere to write out.csv into" in ended.err


@pytest.mark.slow  # compiles what predict needs
def test_without_a_home_or_a_cache_predict_works_and_says_what_it_costs(shell, trained, tmp_path):
    run, data = trained
    (tmp_path / "file").touch()
    environment = {"HOME": "/proc/nowhere", "CNNKIT_CACHE": str(tmp_path / "file" / "cache"), "XDG_CACHE_HOME": ""}
    ended = shell("models", env=environment)
    assert ended.code == 0
    ended = shell("predict", data / "dark" / "0.png", "--model", run, "--json", env=environment, cwd=tmp_path)
    assert ended.code == 0
    assert "Compiled kernels are not kept" in ended.err
    assert json.loads(ended.out)["label"] in ("dark", "bright")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_a_signal_saves_the_run_and_ends_with_its_code(trained, tmp_path, number, code):
    _, data = trained
    arguments = ["train", "--data", data, "--model", "lenet5", "--epochs", "100000", "--output", tmp_path / "run"]
    process = subprocess.Popen(
        [sys.executable, "-m", "cnnkit", *map(str, arguments)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert any(re.match(r"epoch +2/", line) for line in process.stderr)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert f"cnnkit train --resume {tmp_path / 'run'}" in err
    assert "Traceback" not in err
    assert list((tmp_path / "run" / "state").glob("*.safetensors"))


def test_a_signal_outside_of_training_ends_with_its_code_too():
    code = (
        "import sys, time; import cnnkit.cli.main as m; m.cli.invoke = lambda _: (print(1, flush=True), time.sleep(60))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}; sys.argv = ['cnnkit', 'doctor']; sys.exit(m.main())"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "1\n"
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (143, "Terminated.\n")


def test_a_folder_name_of_any_script_and_bytes_is_shown(cnnkit, trained, tmp_path):
    run, data = trained
    place = tmp_path / "bilder äöü 🐈"
    place.mkdir()
    (place / "0.png").write_bytes((data / "dark" / "0.png").read_bytes())
    assert "🐈" in cnnkit("predict", place, "--model", run).out


def test_without_any_run_the_shipped_network_is_judged_on_the_digits_of_the_package(cnnkit, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNKIT_DATA_HOME", str(tmp_path))
    record = cnnkit("evaluate", "--json").json
    assert (record["n"], record["model"]) == (2000, "digitnet")
    assert record["top1"] >= 0.993
