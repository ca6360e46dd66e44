"""How close a fast kernel must come to its definition."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def assert_matches(
    actual: NDArray[Any], expected: NDArray[Any], terms: int = 1, *, factor: float = 4.0, scale: float | None = None
) -> None:
    """Rounding grows like the square root of the number of summed terms; a wrong index errs far more.

    The bound is `factor` · eps · √terms times the largest value expected (or `scale`, where sums cancel). Winograd
    F(4x4, 3x3) errs up to twice as much as plain sums, which this allows.
    """
    assert actual.shape == expected.shape, f"shape {actual.shape}, expected {expected.shape}"
    assert actual.dtype == np.float32, f"dtype {actual.dtype}, expected float32"
    if expected.size == 0:
        return
    finite = np.abs(expected[np.isfinite(expected)])
    size = scale if scale is not None else float(finite.max(initial=0.0))
    atol = factor * float(np.finfo(np.float32).eps) * float(np.sqrt(max(terms, 1))) * max(size, 1e-30)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)
