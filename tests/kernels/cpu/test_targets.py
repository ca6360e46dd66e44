"""The kernels on other processors: compiled and their inner loops read, run for the plainest, run uncompiled."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TARGETS = {
    "AVX-512": {"NUMBA_CPU_NAME": "skylake-avx512", "NUMBA_CPU_FEATURES": "+avx2,+fma,+avx512f,+avx512vl,+avx512dq"},
    "Zen 4": {"NUMBA_CPU_NAME": "znver4", "NUMBA_CPU_FEATURES": "+avx2,+fma,+avx512f,+avx512vl,+avx512dq"},
    "AVX2": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx,+avx2,+fma"},
    "SSE": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
}  # fmt: skip

# A rehearsal compiles without running, so any processor can compile for any other.
COMPILE = """
import json
import numpy as np
from cnnkit.kernels import cpu
from cnnkit.kernels.cpu import cache, jit, schedule
from cnnkit.kernels.cpu.lanes import LANES
from cnnkit.kernels.shared.geometry import Window

cache.KernelCache.load_overload = lambda self, sig, context: context.refresh()  # what is loaded shows no assembly
with jit.rehearse() as walked:
    for channels in (schedule.WIDE.block, schedule.NARROW.block, schedule.THIN.block):
        x, w = np.zeros((1, 40, 40, 3), np.float32), np.zeros((2, 2, 3, channels), np.float32)
        cpu.conv2d_dw(cpu.conv2d(x, w, Window()), x, w.shape, Window())
    for channels in (32, 96):
        x, w = np.zeros((1, 9, 9, channels), np.float32), np.zeros((3, 3, channels, 64), np.float32)
        y = cpu.conv2d(x, w, Window())
        cpu.conv2d_dx(y, w, x.shape, Window())
        cpu.conv2d_dw(y, x, w.shape, Window())
jit.compile_all(walked)
assembly = {}
for entry, _ in walked:
    if not entry.name.startswith(("direct", "winograd")) or entry.name in ("winograd filters", "winograd dw finish"):
        continue
    assembly[entry.name] = next(iter(entry.dispatcher.inspect_asm().values()))
print(json.dumps({"lanes": LANES, "assembly": assembly}))
"""


def innermost_loops(assembly):
    """Bodies of loops without a label inside."""
    start = None
    for number, line in enumerate(lines := assembly.splitlines()):
        if re.match(r"\.L\w+:", line):
            start = number
        jump = re.match(r"\tj\w+\t(\.L\w+)", line)
        if jump and start is not None and lines[start].startswith(jump[1] + ":"):
            yield lines[start : number + 1]


def products(loop):
    return sum(bool(re.match(r"\tv?(fmadd\w*ps|mulps)\t", line)) for line in loop)


def vector_spills(loop):
    return [line for line in loop if re.search(r"\tv?mov\w+\t.*%[xyz]mm", line) and "(%rsp" in line]


def is_sum(loop):
    """A sum in registers: one operand of its products is a float spread over a vector."""
    spread = sum(bool(re.search(r"vbroadcastss|\{1to\d+\}|\tshufps\t\$0", line)) for line in loop)
    return spread >= 4 and products(loop) >= 6


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_no_spill_in_the_inner_loops(target):
    env = {**os.environ, **TARGETS[target]}
    done = subprocess.run([sys.executable, "-c", COMPILE], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["lanes"] == {"AVX-512": 16, "Zen 4": 16, "AVX2": 8, "SSE": 4}[target]
    # Two direct, two dw and one Winograd tile, with 32 registers one more of each; Winograd's two ways of dw.
    assert len(found["assembly"]) == (10 if found["lanes"] == 16 else 7)
    for name, assembly in found["assembly"].items():
        hot = [loop for loop in innermost_loops(assembly) if is_sum(loop)]
        assert hot, f"{name}: no loop of products found"
        for loop in hot:
            assert not vector_spills(loop), f"{name} on {target}:\n" + "\n".join(loop)


def run_agreement(tests, **env):
    file, env = str(HERE / "test_cpu_conv.py"), {**os.environ, **env}
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", file, "-k", tests]
    done = subprocess.run(command, env=env, cwd=HERE.parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100%" in done.stdout


@pytest.mark.slow
def test_the_plainest_processor_gets_the_same_answers():
    run_agreement("agrees or epilogue or dense", **TARGETS["SSE"])


@pytest.mark.slow
def test_the_kernels_run_without_the_compiler():
    run_agreement("odd_sizes or groups or dilation or one_pixel or asymmetric or no_images", NUMBA_DISABLE_JIT="1")
