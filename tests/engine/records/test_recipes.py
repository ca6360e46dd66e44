"""Recipes: named options."""

import pytest

import cnnkit
from cnnkit import models
from cnnkit.data.open.source import NAMES
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.records.recipes import find, merged, names
from cnnkit.engine.training.defaults import resolve
from cnnkit.errors import UsageError


@pytest.mark.parametrize("name", names())
def test_every_recipe_resolves_and_says_what_it_is(name):
    recipe = find(name)
    options = FitOptions.from_values(recipe.options, name).validate()
    resolved = resolve(options, options.data)
    assert all(getattr(resolved, option) == getattr(options, option) for option in recipe.options)
    assert recipe.options.get("data") in NAMES or "data" in recipe.yours
    assert models.spec(resolved.model).kind == (options.task or "classification")
    assert recipe.source and recipe.summary and not recipe.summary.endswith(".")
    assert recipe.command() == f"cnnkit train --recipe {name}" + "".join(f" --{path} PATH" for path in recipe.yours)


def test_a_recipe_without_data_of_its_own_says_which_it_needs():
    wanted = r"The recipe fcn8s-camvid needs --data PATH: CamVid's pictures"
    with pytest.raises(UsageError, match=wanted):
        cnnkit.fit(recipe="fcn8s-camvid")


def test_an_unknown_recipe_is_told_with_the_likely_one():
    with pytest.raises(UsageError, match=r"There is no recipe 'mnist-98'\. Did you mean 'mnist-99'\?"):
        find("mnist-98")


def test_what_is_given_goes_before_the_recipe():
    recipe = find("mnist-99").options
    assert merged("mnist-99", {"lr": 0.3}) == dict(recipe) | {"lr": 0.3}
    timed = merged("mnist-99", {"time": 60})
    assert timed["time"] == 60 and "epochs" not in timed
    assert "epochs" in recipe


def test_python_takes_a_recipe(tiny, tmp_path, monkeypatch):
    seen = {}

    def fit(options, **rest):
        seen.update(options=options, **rest)
        raise UsageError("seen")

    monkeypatch.setattr("cnnkit.engine.simple.fit_events", fit)
    for call, data, epochs in (
        (lambda: cnnkit.fit(recipe="mnist-99"), "mnist", find("mnist-99").options["epochs"]),
        (lambda: cnnkit.fit("digits", recipe="mnist-99", epochs=2), "digits", 2),
        (lambda: cnnkit.fit(tiny.data(), recipe="mnist-99", steps=5), "synthetic", None),
        (lambda: cnnkit.fit(), "digits", None),
    ):
        with pytest.raises(UsageError, match="seen"):
            call()
        assert (seen["options"].data, seen["options"].epochs) == (data, epochs)
    with pytest.raises(UsageError, match="recipe is for a new run"):
        cnnkit.fit(recipe="mnist-99", resume_from=tmp_path)
    with pytest.raises(UsageError, match="There is no recipe"):
        cnnkit.fit(recipe="none")
