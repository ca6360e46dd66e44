"""Which images a network is most wrong about: where a false label or a bad picture comes to light."""

from typing import Any

import numpy as np
import numpy.typing as npt


def hardest(losses: npt.NDArray[np.floating[Any]], count: int) -> npt.NDArray[np.int64]:
    """The places of the `count` highest losses, the highest first; equal ones keep their order, NaN is above all."""
    ranked = np.where(np.isnan(losses), np.inf, losses)
    return np.argsort(-ranked, kind="stable")[:count].astype(np.int64)
