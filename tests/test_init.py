"""The public names: there when asked for, and not before."""

import subprocess
import sys

import pytest

import cnnkit


def test_every_public_name_is_there():
    assert sorted(dir(cnnkit)) == sorted(cnnkit.__all__)
    for name in cnnkit.__all__:
        assert getattr(cnnkit, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        cnnkit.nothing  # noqa: B018 - the look-up is what is tried


def test_the_estimator_is_reached_by_its_attribute_but_not_listed():
    pytest.importorskip("sklearn")
    assert cnnkit.sklearn.Classifier.__name__ == "Classifier" and "sklearn" not in dir(cnnkit)


@pytest.mark.parametrize("name", ["nn", "ops", "optim", "data", "models", "autograd", "kernels"])
def test_a_part_is_listed_and_reached_by_its_attribute(name):
    code = f"import cnnkit; print(cnnkit.{name}.__name__, {name!r} in dir(cnnkit))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == f"cnnkit.{name} True\n"


def test_importing_cnnkit_and_its_options_imports_neither_numpy_nor_numba():
    records = "cnnkit.engine.records.options, cnnkit.engine.records.events"
    code = f"import sys, cnnkit, {records}; print({{'numpy', 'numba'}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"
