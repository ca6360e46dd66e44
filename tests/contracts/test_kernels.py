"""Every backend offers the same kernels: the array decides where work happens, so a name missing in one is a trap."""

import inspect
from types import ModuleType

import pytest

from cnnkit.kernels import cpu, reference

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


def parameters(backend: ModuleType, name: str) -> list[tuple[str, object, object]]:
    """Name, kind and default of each; annotations may differ, as packed filters are each backend's own type."""
    signature = inspect.signature(getattr(backend, name))
    return [(p.name, p.kind, p.default) for p in signature.parameters.values()]
