"""Every backend offers the same kernels: the array decides where work happens, so a name missing in one is a trap."""

import inspect
from types import ModuleType
from typing import get_args

import pytest

from cnnkit.kernels import cpu, reference
from cnnkit.kernels.reference import home
from cnnkit.kernels.shared.array import Host

NAMES = sorted(reference.__all__)


def test_backends_export_the_same_names():
    assert sorted(cpu.__all__) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_signatures_are_equal(name):
    assert parameters(cpu, name) == parameters(reference, name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
def test_every_kernel_says_what_it_does(backend, name):
    assert getattr(backend, name).__doc__, f"{backend.__name__}.{name} has no docstring"


@pytest.mark.parametrize("name", [name for name in NAMES if not hasattr(home, name) and name not in ("pack", "unpack")])
def test_a_kernel_that_returns_arrays_writes_them_where_it_is_told(name):
    signature = inspect.signature(getattr(reference, name))
    hints = {signature.return_annotation, *get_args(signature.return_annotation)}
    returns_arrays = any(hint == Host or Host in get_args(hint) for hint in hints)
    out = signature.parameters.get("out")
    assert (out is not None) == returns_arrays, f"{name}: out= is there where arrays are returned, and only there"
    assert out is None or (out.kind, out.default) == (inspect.Parameter.KEYWORD_ONLY, None)


def parameters(backend: ModuleType, name: str) -> list[tuple[str, object, object]]:
    """Name, kind and default of each; annotations may differ, as packed filters are each backend's own type."""
    signature = inspect.signature(getattr(backend, name))
    return [(p.name, p.kind, p.default) for p in signature.parameters.values()]
