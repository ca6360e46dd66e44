"""Every backend offers the same kernels: the array decides where work happens, so a name missing in one is a trap."""

import inspect
from importlib import import_module
from types import ModuleType
from typing import get_args

import pytest

from cnnkit.errors import DeviceError
from cnnkit.kernels import cpu, reference
from cnnkit.kernels.reference import home
from cnnkit.kernels.shared.array import Host

NAMES = sorted(reference.__all__)


def test_backends_export_the_same_names():
    assert sorted(cpu.__all__) == NAMES


@pytest.fixture(scope="session")
def cuda() -> ModuleType:
    """The kernels for CUDA, whether or not there is a device."""
    pytest.importorskip("numba_cuda", reason="the extra cuda is not installed")
    return import_module("cnnkit.kernels.cuda")


def test_cuda_exports_them_too_but_those_that_it_says_it_lacks(cuda):
    lacking = import_module("cnnkit.kernels.cuda.lacking").LACKING
    assert sorted([*cuda.__all__, *lacking]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_signatures_are_equal(name):
    assert parameters(cpu, name) == parameters(reference, name)


def test_signatures_of_cuda_are_equal_too(cuda):
    for name in cuda.__all__:
        assert parameters(cuda, name) == parameters(reference, name), name
        assert getattr(cuda, name).__doc__, f"{name} has no docstring"


def test_a_kernel_that_cuda_lacks_is_told_by_its_name(cuda):
    for name in import_module("cnnkit.kernels.cuda.lacking").LACKING:
        with pytest.raises(DeviceError, match=f"CUDA has no kernel '{name}' yet"):
            getattr(cuda, name)()


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
