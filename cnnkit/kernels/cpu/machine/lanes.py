"""How wide a vector is: chosen from the CPU that Numba compiles for.

16 floats with AVX-512, 8 with AVX2, else 4 (SSE, NEON). Any width is right on any machine, since LLVM splits what is
too wide; `CNNKIT_LANES=4|8|16` overrides the choice. `NUMBA_CPU_NAME`, `NUMBA_CPU_FEATURES` are respected.
"""

import os
import re

import llvmlite.binding as llvm

from cnnkit.errors import UsageError
from cnnkit.kernels.cpu.machine.code.settings import CPU_FEATURES, CPU_NAME


def target_features() -> frozenset[str]:
    """Names of the features of the CPU that Numba compiles for."""
    if CPU_FEATURES is not None:
        return frozenset(re.findall(r"\+([\w.-]+)", CPU_FEATURES))
    if CPU_NAME is not None and llvm.get_host_cpu_name() != CPU_NAME:
        return frozenset()
    return frozenset(name for name, present in llvm.get_host_cpu_features().items() if present)


def choose_lanes(features: frozenset[str]) -> int:
    """Floats in a vector: the widest registers that the CPU has."""
    if {"avx512f", "avx512vl"} <= features:
        return 16
    return 8 if {"avx2", "fma"} <= features else 4


def asked_lanes(text: str | None) -> int | None:
    """What `CNNKIT_LANES` says; None where it says nothing.

    Raises:
        UsageError: it is no width.
    """
    if text and text not in ("4", "8", "16"):
        raise UsageError(f"CNNKIT_LANES is {text!r:.60}, expected 4, 8 or 16, or nothing.")
    return int(text) if text else None


FEATURES = target_features()
LANES = asked_lanes(os.environ.get("CNNKIT_LANES")) or choose_lanes(FEATURES)
# AVX-512 and NEON have 32 vector registers, SSE and AVX2 have 16.
REGISTERS = 32 if FEATURES & {"avx512vl", "neon"} else 16
