"""Processors that the kernels are made for, and which of them this machine can stand in for.

As a script: a line for each, for the log of a test run.
"""

import os
import platform
from typing import NamedTuple

import llvmlite.binding as llvm


class Target(NamedTuple):
    """A processor as Numba is told it by the environment."""

    cpu: str
    features: str
    lanes: int
    registers: int
    triple: str = "x86_64"

    @property
    def env(self) -> dict[str, str]:
        """LANES: one that is set for this machine is not meant for another; none is chosen by the features."""
        return {"NUMBA_CPU_NAME": self.cpu, "NUMBA_CPU_FEATURES": self.features, "CNNKIT_LANES": ""}


AVX512 = "+avx,+avx2,+fma,+avx512f,+avx512vl,+avx512dq"
TARGETS = {
    "AVX-512": Target("skylake-avx512", AVX512, 16, 32),
    "Zen 4": Target("znver4", AVX512, 16, 32),
    "Zen 5": Target("znver5", AVX512, 16, 32),
    "AVX2": Target("haswell", "+avx,+avx2,+fma", 8, 16),
    "SSE": Target("generic", "", 4, 16),
    # Numba compiles for its own kind of processor alone; what it makes is then compiled for this one.
    "NEON": Target("generic", "+neon", 4, 32, "aarch64-unknown-linux-gnu"),
}
# Those whose kernels are run too, where the machine can: others differ from them in the scheduling of instructions.
RUN = ("AVX2", "SSE")


def lacking(name: str) -> list[str]:
    """What this machine lacks to run code for that target; nothing if it can."""
    target = TARGETS[name]
    if not platform.machine().lower().replace("amd64", "x86_64").startswith(target.triple.partition("-")[0]):
        return [f"is {platform.machine()}"]
    have = llvm.get_host_cpu_features()
    return [
        f"lacks {feature}" for feature in target.features.replace("+", "").split(",") if not have.get(feature, True)
    ]


def told() -> list[str]:
    """What the tests do for each target here, and why no more."""
    here = os.environ.get("NUMBA_CPU_NAME") or llvm.get_host_cpu_name()
    lines = [f"{here} (this machine): all tests run"]
    if foreign := lacking("SSE"):
        return lines + [
            f"{name} ({target.cpu}): not compiled (this machine {foreign[0]})" for name, target in TARGETS.items()
        ]
    for name, target in TARGETS.items():
        lacks = lacking(name)
        done, why = "kernels compiled and their inner loops read, not run", f"this machine {', '.join(lacks)}"
        if not lacks:
            why = "this machine could run them, but has kernels of its own with the same tiles"
        if name in RUN and not lacks:
            done, why = "kernels compiled and read; tests of the kernels run, with a cold and a warm cache", ""
        lines.append(f"{name} ({target.cpu}): {done}" + (f" ({why})" if why else ""))
    return lines


if __name__ == "__main__":
    print("\n".join(told()))
