"""JSON of ours never holds a bare NaN."""

import json

import pytest

from cnnkit.errors import NumericError
from cnnkit.serialize.plain_json import text


def test_it_is_plain_json():
    assert json.loads(text({"a": [1, 2.5, None, "\udcff"]}, indent=2)) == {"a": [1, 2.5, None, "\udcff"]}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_named(value):
    with pytest.raises(NumericError, match=rf"rows\.1\.loss is {value}"):
        text({"name": "x", "rows": [{"loss": 1.0}, {"loss": value}]})
