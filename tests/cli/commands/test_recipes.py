"""`cnnkit recipes` and `cnnkit train --recipe`."""

import sys
import tomllib
from types import SimpleNamespace

import pytest

from cnnkit.engine.records.recipes import find, names
from cnnkit.errors import UsageError


def resolved(cnnkit, *arguments):
    return tomllib.loads(cnnkit("train", "--print-config", *arguments).out)


@pytest.fixture
def options_of(cnnkit, monkeypatch):
    """The options that reach the engine."""
    seen = {}

    def fit(options):
        seen["options"] = options
        raise UsageError("seen")

    monkeypatch.setitem(sys.modules, "cnnkit.engine.fit", SimpleNamespace(fit=fit, resume=None))

    def call(*arguments):
        ended = cnnkit("train", *arguments)
        assert "seen" in ended.err, ended.err
        return seen["options"]

    return call


def test_options_go_before_variables_before_a_file_before_the_recipe(cnnkit, monkeypatch, empty_folder):
    (empty_folder / "c.toml").write_text("batch-size = 7\n")
    recipe = ["--recipe", "mnist-99"]
    assert resolved(cnnkit, *recipe)["batch_size"] == 128
    for arguments in ([*recipe, "--config", "c.toml"], ["--config", "c.toml", *recipe]):
        assert resolved(cnnkit, *arguments)["batch_size"] == 7
        assert resolved(cnnkit, *arguments)["model"] == "digitnet"
    monkeypatch.setenv("CNNKIT_BATCH_SIZE", "8")
    assert resolved(cnnkit, *recipe, "--config", "c.toml")["batch_size"] == 8
    assert resolved(cnnkit, *recipe, "--config", "c.toml", "-b", "9")["batch_size"] == 9


def test_a_recipe_may_be_named_in_a_file_or_a_variable(cnnkit, monkeypatch, empty_folder):
    (empty_folder / "c.toml").write_text('recipe = "mnist-99"\n')
    assert resolved(cnnkit, "--config", "c.toml")["data"] == "mnist"
    monkeypatch.setenv("CNNKIT_CONFIG", "c.toml")
    assert resolved(cnnkit)["data"] == "mnist"
    monkeypatch.delenv("CNNKIT_CONFIG")
    monkeypatch.setenv("CNNKIT_RECIPE", "cifar10-fast")
    assert resolved(cnnkit)["data"] == "cifar10"


def test_a_recipe_says_which_data_it_needs_before_any_work(cnnkit, options_of, monkeypatch):
    refused = cnnkit("train", "--recipe", "fcn8s-camvid")
    assert refused.code == 2 and "needs --data PATH: CamVid's pictures" in refused.err
    assert "cnnkit train --recipe fcn8s-camvid --data PATH" in cnnkit("recipes", "fcn8s-camvid").err
    assert options_of("--recipe", "fcn8s-camvid", "--data", "camvid").data == "camvid"
    monkeypatch.setenv("CNNKIT_DATA", "camvid")
    assert options_of("--recipe", "fcn8s-camvid").model == "fcn8s_bn_x0_125"


def test_an_end_that_is_given_takes_the_place_of_the_recipes(options_of, monkeypatch, empty_folder):
    recipe = ["--recipe", "mnist-99"]
    assert options_of(*recipe).epochs == find("mnist-99").options["epochs"]
    timed = options_of(*recipe, "--time", "10m")
    assert (timed.time, timed.epochs) == (600, None)
    (empty_folder / "c.toml").write_text("steps = 9\n")
    by_file = options_of(*recipe, "--config", "c.toml")
    assert (by_file.steps, by_file.epochs) == (9, None)
    monkeypatch.setenv("CNNKIT_TIME", "60s")
    by_variable = options_of(*recipe, "--config", "c.toml")
    assert (by_variable.time, by_variable.steps, by_variable.epochs) == (60, None, None)


def test_two_ends_from_one_place_are_refused(cnnkit, empty_folder):
    assert "--epochs and --time are both given" in cnnkit("train", "--epochs", "3", "--time", "30m").err
    (empty_folder / "c.toml").write_text("steps = 9\nepochs = 3\n")
    ended = cnnkit("train", "--config", "c.toml")
    assert ended.code == 2 and "--epochs and --steps are both given" in ended.err


def test_a_recipe_is_not_for_a_run_that_goes_on(cnnkit):
    ended = cnnkit("train", "--resume", "runs/x", "--recipe", "mnist-99")
    assert ended.code == 2 and "--recipe is for a new run" in ended.err


def test_unknown_recipes_are_told(cnnkit):
    for ended in (cnnkit("train", "--recipe", "mnist-98"), cnnkit("recipes", "mnist-98")):
        assert ended.code == 2 and "Did you mean 'mnist-99'?" in ended.err


def test_recipes_are_listed_and_shown(cnnkit):
    listed = cnnkit("recipes")
    assert [line.split()[0] for line in listed.out.splitlines()] == names()
    assert [recipe["name"] for recipe in cnnkit("recipes", "--json").json["recipes"]] == names()
    shown = cnnkit("recipes", "mnist-99")
    assert "--batch-size" in shown.out and "cnnkit train --recipe mnist-99" in shown.err
    assert cnnkit("recipes", "mnist-99", "--json").json["options"] == dict(find("mnist-99").options)
