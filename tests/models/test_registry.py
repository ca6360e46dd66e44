"""Names of models, and options that cannot be."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from cnnkit import models, nn
from cnnkit.errors import UsageError
from cnnkit.models import registry


def test_models_are_listed_simplest_first():
    assert models.names()[:4] == ["lenet5", "lenet_caffe", "convnet", "digitnet"]


def test_an_unknown_name_is_told_with_the_likely_one():
    with pytest.raises(UsageError, match=r"no model 'lenet'. Did you mean 'lenet5'\? Known: lenet5, lenet_caffe, conv"):
        models.create("lenet")
    with pytest.raises(UsageError, match=r"no model 'qqq'. Known: lenet5"):
        models.spec("qqq")


@pytest.mark.parametrize("options", [{"classes": 0}, {"in_channels": 0}, {"image_size": (0, 5)}])
def test_sizes_that_cannot_be_are_refused(options):
    with pytest.raises(UsageError, match="expects at least one class, one channel and one pixel"):
        models.create("lenet5", **options)


def test_a_name_is_given_once():
    with pytest.raises(UsageError, match="two models named 'lenet5'"):
        models.register("lenet5", input=(1, 1, 1), paper="", summary="")(lambda **_: None)


def test_names_are_listed_before_a_file_of_a_network_is_imported():
    code = (
        "import sys; from cnnkit import models; n = len(models.names()); models.spec('convnet'); "
        "print(n, [m for m in sys.modules if m.startswith('cnnkit.models.classification.')])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == f"{len(models.names())} ['cnnkit.models.classification.convnet']"


def test_every_file_is_in_the_table_with_the_names_that_it_registers():
    folder = Path(models.__file__).parent
    for kind, table in registry._FILES.items():
        files = [
            path for path in (folder / kind).rglob("*.py") if re.search(r"\b(register|family)\(", path.read_text())
        ]
        named = {path.relative_to(folder / kind).with_suffix("") for path in files}
        assert set(table) == {".".join(path.parts) for path in named}
        for file, listed in table.items():
            import_module(f"cnnkit.models.{kind}.{file}")
            found = [spec for spec in registry._specs.values() if spec.file == f"cnnkit.models.{kind}.{file}"]
            assert [spec.name for spec in found] == listed.split() and all(spec.kind == kind for spec in found)


@pytest.fixture
def locator(monkeypatch):
    """A network of another kind, registered by code of one's own."""
    monkeypatch.setattr(registry, "_specs", dict(registry._specs))

    @models.register("locator", input=(8, 8, 1), paper="", summary="", kind="location")
    def build(*, classes, in_channels, image_size, rng):
        return nn.Conv2d(in_channels, classes, 1, rng=rng)

    return "locator"


def test_networks_are_listed_by_kind(locator):
    assert registry.kinds() == ["classification", "segmentation", "detection", "location"]
    assert models.names("location") == [locator] and models.names()[-1] == locator
    assert locator not in models.names("classification") and models.names("depth") == []


def test_a_network_of_another_kind_is_refused_with_the_way_to_its_likes(locator):
    assert models.spec(locator, "location") == models.spec(locator)
    with pytest.raises(
        UsageError,
        match=r"locator is a network for location, but this is classification.* models --task classification",
    ):
        models.spec(locator, "classification")
    with pytest.raises(UsageError, match=r"There is no model 'locater'. Did you mean 'locator'\? Known: locator\.$"):
        models.spec("locater", "location")
