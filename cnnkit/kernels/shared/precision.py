"""How exact float32 kernels are: one choice for the process, as with the thread count.

fast    whatever is fastest and errs little more than a plain sum: Winograd's convolutions
exact   plain sums everywhere, which hand a NaN to the results that read it and to no others
tf32    on CUDA's tensor cores operands of convolutions and dense layers are rounded to TF32, 10 bits behind the point;
        a chip without such, and shapes that cannot use them, compute in float32, and so does every other backend
"""

from cnnkit.config import default_precision

_chosen: str | None = None


def precision() -> str:
    """What was chosen, else `CNNKIT_PRECISION`, else "fast"."""
    return _chosen or default_precision()


def choose(name: str | None) -> str | None:
    """From now on; None is the default. Returns what was chosen before."""
    global _chosen
    before, _chosen = _chosen, name
    return before
