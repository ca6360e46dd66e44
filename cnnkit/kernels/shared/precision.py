"""How exact float32 kernels are: one choice for the process, as with the thread count.

fast    whatever is fastest and errs little more than a plain sum: Winograd's convolutions
exact   plain sums everywhere, which hand a NaN to the results that read it and to no others
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
