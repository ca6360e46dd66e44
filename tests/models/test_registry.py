"""Names of models, and options that cannot be."""

import pytest

from cnnkit import models
from cnnkit.errors import UsageError


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
