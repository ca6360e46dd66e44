"""A pretended device: arrays that NumPy cannot read, computed by kernels of their own. So a leak shows without one.

`with elsewhere():` sends new arrays there. Every kernel refuses NumPy's arrays, as a device's would.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.kernels import cpu, reference
from cnnkit.kernels.shared import homes
from cnnkit.kernels.shared.facts import Facts


class Remote:
    """An array that says its shape and type, can be seen in another shape, and nothing else."""

    __slots__ = ("_hidden",)
    __array_ufunc__ = None

    def __init__(self, hidden: np.ndarray) -> None:
        self._hidden = hidden

    def __array_function__(self, function: Any, *rest: Any) -> Any:
        raise AssertionError(f"numpy.{function.__name__} was called on an array of another home")

    @property
    def shape(self) -> tuple[int, ...]:
        return self._hidden.shape

    @property
    def dtype(self) -> np.dtype:
        return self._hidden.dtype

    @property
    def ndim(self) -> int:
        return self._hidden.ndim

    @property
    def size(self) -> int:
        return self._hidden.size

    @property
    def nbytes(self) -> int:
        return self._hidden.nbytes

    def reshape(self, shape: tuple[int, ...]) -> "Remote":
        return Remote(self._hidden.reshape(shape))


class Package:
    """The kernels of `cpu`, or of `reference` for float64, behind a wall."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in reference.__all__:
            raise AttributeError(f"no kernel is called {name}")

        def kernel(*args: Any, **options: Any) -> Any:
            given: list[np.ndarray] = []
            args, options = _inside(args, given), _inside(options, given)
            return _outside(getattr(kernels.of(*given), name)(*args, **options))

        return kernel

    def put(self, host: np.ndarray) -> Remote:
        assert isinstance(host, np.ndarray), f"put takes NumPy's arrays, not {type(host)}"
        return Remote(host.copy())

    def fetch(self, array: Remote) -> np.ndarray:
        assert isinstance(array, Remote), f"fetch takes arrays of this home, not {type(array)}"
        return array._hidden.copy()

    def empty(self, shape: tuple[int, ...], dtype: Any = np.float32) -> Remote:
        return Remote(cpu.empty(shape, dtype))

    def zeros(self, shape: tuple[int, ...], dtype: Any = np.float32) -> Remote:
        return Remote(cpu.zeros(shape, dtype))

    def copy_into(self, target: Remote, source: Remote | np.ndarray) -> None:
        cpu.copy_into(target._hidden, source._hidden if isinstance(source, Remote) else source)

    def facts(self) -> Facts:
        return Facts("a pretended device", None, 1e12, lag=1)

    def shapes_only(self) -> Any:
        return cpu.shapes_only()

    def prepare(self, walk: Callable[[], None]) -> Iterator[tuple[int, int, str, bool]]:
        return cpu.prepare(walk)


package = Package()


@contextmanager
def elsewhere() -> Iterator[Package]:
    """New arrays go to the pretended device until the block ends."""
    homes.register("elsewhere", Remote, package)
    try:
        with kernels.use(backend="elsewhere"):
            yield package
    finally:
        del homes.NAMED["elsewhere"], homes.OF_CLASS[Remote]


def _inside(value: Any, given: list[np.ndarray]) -> Any:
    if isinstance(value, Remote):
        given.append(value._hidden)
        return value._hidden
    assert not isinstance(value, np.ndarray), f"a kernel was given a NumPy array of shape {value.shape}"
    if isinstance(value, list) or type(value) is tuple:
        return type(value)(_inside(item, given) for item in value)
    return {name: _inside(item, given) for name, item in value.items()} if isinstance(value, dict) else value


def _outside(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return Remote(np.asarray(value))
    return tuple(_outside(item) for item in value) if type(value) is tuple else value
