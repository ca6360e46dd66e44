"""Functions of a float32 that kernels call; in the simulator NumPy's, which know infinities and refuse nothing."""

import math
from typing import Any

import numpy as np

from cnnkit.kernels.cuda.machine.launch import SIMULATED

exp: Any = np.exp if SIMULATED else math.exp
log: Any = np.log if SIMULATED else math.log
log1p: Any = np.log1p if SIMULATED else math.log1p
sqrt: Any = np.sqrt if SIMULATED else math.sqrt
tanh: Any = np.tanh if SIMULATED else math.tanh
power: Any = np.power if SIMULATED else math.pow
floor: Any = np.floor if SIMULATED else math.floor
ceil: Any = np.ceil if SIMULATED else math.ceil
isnan: Any = np.isnan if SIMULATED else math.isnan
isfinite: Any = np.isfinite if SIMULATED else math.isfinite

if SIMULATED:

    def product(a: Any, b: Any) -> Any:
        """a · b, rounded before anything is added: else a compiler makes one rounding of both."""
        return a * b

else:
    from numba.cuda import libdevice

    product = libdevice.fmul_rn
