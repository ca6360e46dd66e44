"""`cnnkit compare`: what it says of real runs, and what it refuses."""

import shutil

import numpy as np
import pytest

from cnnkit.cli import main
from cnnkit.data.sets.digits import digits


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs of a few steps on the digits of the package."""
    folder = tmp_path_factory.mktemp("runs")
    for seed in (0, 1):
        words = [
            "--model",
            "lenet5",
            "--steps",
            3,
            "--batch-size",
            32,
            "--seed",
            seed,
            "-o",
            folder / f"run-{seed}",
            "-q",
        ]
        assert main.run(["train", *map(str, words)]) == 0
    return folder


@pytest.mark.slow
def test_two_runs_are_compared_on_the_screen_as_json_and_on_a_page(cnnkit, runs, empty_folder):
    both = runs / "run-0", runs / "run-1"
    told = cnnkit("compare", *both)
    assert told.code == 0 and "McNemar's exact test" in told.out and "seed" in told.out
    # Paths stay whole, to be copied.
    assert all(len(line) <= 80 for line in told.out.splitlines() if str(runs) not in line)
    assert "compare.html" in told.err and (empty_folder / "compare.html").stat().st_size > 10_000
    again = cnnkit("compare", *both)
    assert again.code == 2 and "--exist-ok" in again.err
    found = cnnkit("compare", *both, "--json").json
    assert found["images"] == 2000 and found["images_alone"] == {"A": 0, "B": 0} and found["page"] is None
    (test,) = found["tests"]
    paired = {run["letter"]: run["shared"] for run in found["runs"]}
    assert test["first"] - test["second"] == pytest.approx(abs(paired["A"] - paired["B"]))
    assert test["only_first"] - test["only_second"] == pytest.approx(2000 * (test["first"] - test["second"]))
    assert {"kind": "option", "name": "seed", "values": {"A": "0", "B": "1"}} in found["differences"]
    assert [run["test"]["top1"] for run in found["runs"]] == [run["shared"] for run in found["runs"]]


@pytest.mark.slow
def test_a_run_without_a_list_of_its_parts_is_compared_without_a_test(cnnkit, runs, tmp_path):
    damaged = shutil.copytree(runs / "run-1", tmp_path / "run")
    (damaged / "parts.csv").unlink()
    told = cnnkit("compare", runs / "run-0", damaged, "--terminal")
    assert told.code == 0 and "does not say which images it was trained on" in told.out and "lenet5" in told.out


@pytest.mark.slow
def test_a_list_of_parts_that_is_not_that_of_the_weights_is_not_believed(cnnkit, runs, tmp_path):
    other = shutil.copytree(runs / "run-1", tmp_path / "run")
    listed = (other / "parts.csv").read_text().splitlines()
    test = [line for line in listed if line.startswith("test,")][:25]
    more = [line.replace("test,", "train,", 1) for line in test]
    (other / "parts.csv").write_text("\n".join([*listed, *more]) + "\n")
    told = cnnkit("compare", runs / "run-0", other, "--json")
    assert told.json["no_test"]["why"] == "no-parts"


@pytest.fixture
def trained(cnnkit, empty_folder):
    """A run of one step on some digits of the package: its name, which are for training, which for the test."""

    def train(name, learned, kept, labels=None):
        part = digits("train")
        x, y = part.images[:200], part.labels()[:200] if labels is None else labels
        np.savez(f"{name}.npz", x_train=x[learned], y_train=y[learned], x_test=x[kept], y_test=y[kept])
        told = cnnkit("train", "--data", f"{name}.npz", "--model", "lenet5", "--steps", 1, "-o", name, "-q")
        assert told.code == 0, told.err
        return name

    return train


@pytest.mark.slow
def test_images_that_a_run_has_learned_from_are_left_out_and_counted(cnnkit, trained):
    """The second run was trained on ten of the first one's forty test images, and five of these are in its test too."""
    first = trained("first", slice(0, 160), slice(160, 200))
    second = trained("second", slice(0, 170), slice(165, 200))
    for one, other in ((first, second), (second, first)):
        found = cnnkit("compare", one, other, "--json").json
        assert found["images"] == 30 and found["images_learned"] == 5
        assert found["images_alone"] == ({"A": 5, "B": 0} if one == first else {"A": 0, "B": 5})
        counted = [run["shared"] * 30 for run in found["runs"]]
        assert counted == pytest.approx(np.round(counted)), "an accuracy on thirty images"


@pytest.mark.slow
def test_runs_whose_test_was_the_training_of_the_other_are_compared_without_a_test(cnnkit, trained):
    first = trained("first", slice(0, 100), slice(100, 200))
    second = trained("second", slice(100, 200), slice(0, 100))
    found = cnnkit("compare", first, second, "--json").json
    assert found["no_test"]["why"] == "no-images" and found["tests"] == [] and found["best"] is None


@pytest.mark.slow
def test_runs_of_other_classes_are_refused(cnnkit, trained):
    halves = np.array(["low", "high"])[(digits("train").labels()[:200] > 4).astype(int)]
    told = cnnkit(
        "compare",
        trained("digit", slice(0, 160), slice(160, 200)),
        trained("half", slice(0, 160), slice(160, 200), halves),
        "--terminal",
    )
    assert told.code == 2 and "answer with different classes" in told.err


def test_runs_of_different_tasks_are_refused_before_any_work(cnnkit, tmp_path):
    for name, task in (("a", "classification"), ("b", "segmentation")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.toml").write_text("")
        (tmp_path / name / "manifest.json").write_text(f'{{"task": "{task}"}}')
    told = cnnkit("compare", tmp_path / "a", tmp_path / "b", "--terminal")
    assert told.code == 2 and "is one for segmentation" in told.err and "give runs of one task" in told.err
    assert told.out == ""


def test_one_run_alone_and_no_run_are_refused(cnnkit, tmp_path):
    one = cnnkit("compare", tmp_path, "--terminal")
    assert one.code == 3 and "is not a run folder" in one.err
    (tmp_path / "config.toml").write_text("")
    alone = cnnkit("compare", tmp_path, "--terminal")
    assert alone.code == 2 and "Only one run is given, but 2 to 12 are compared." in alone.err
    assert f"cnnkit report {tmp_path}" in alone.err and "1 runs" not in alone.err
    twice = cnnkit("compare", tmp_path, tmp_path, "--terminal")
    assert twice.code == 2 and "are the same run" in twice.err


def test_without_what_draws_pages_one_sentence_says_so_before_any_work(cnnkit, tmp_path, monkeypatch):
    monkeypatch.setattr("cnnkit.pages.extra.missing", lambda: ["jinja2"])
    told = cnnkit("compare", tmp_path / "a", tmp_path / "b")
    assert told.code == 1 and "cnnkit[report]" in told.err and "--terminal prints the tables" in told.err
