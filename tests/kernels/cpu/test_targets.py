"""The kernels on other processors: compiled and their inner loops read, run where this machine can, run uncompiled."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import targets
from targets import RUN, TARGETS, lacking, told

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
OURS = lacking("SSE") == []  # the x86 targets can be compiled, for Numba is at home on such a machine


def innermost_loops(assembly):
    """Bodies of loops without a label inside."""
    start = None
    for number, line in enumerate(lines := assembly.splitlines()):
        if re.match(r"\.L\w+:", line):
            start = number
        jump = re.match(r"\t(?:j\w+|b\.\w+)\t(\.L\w+)", line)
        if jump and start is not None and lines[start].startswith(jump[1] + ":"):
            yield lines[start : number + 1]


def products(loop):
    return sum(bool(re.match(r"\t(v?(fmadd\w*ps|mulps)|fmla)\t", line)) for line in loop)


def vector_spills(loop):
    x86, arm = r"\tv?mov\w+\t.*%[xyz]mm", r"\t(ld|st)[rp]\tq.*\[sp"
    return [line for line in loop if (re.search(x86, line) and "(%rsp" in line) or re.search(arm, line)]


def is_sum(loop):
    """A sum in registers: one operand of its products is a float spread over a vector."""
    spread = r"vbroadcastss|\{1to\d+\}|\tshufps\t\$0|\tld1r\t|\tfmla\t.*\.s\[\d\]"
    return sum(bool(re.search(spread, line)) for line in loop) >= 4 and products(loop) >= 6


def compile_for(target, folder):
    """The assembly of the kernels with register tiles; a process of its own, for Numba reads its target once."""
    # Compiled kernels of so many processors would push this machine's own out of its cache.
    env = {**os.environ, **target.env, "CNNKIT_CACHE": str(folder)}
    env["TRIPLE"] = "" if target.triple == "x86_64" else target.triple
    command = [sys.executable, str(HERE.parent / "compile_kernels.py")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """All targets, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        yield {
            name: pool.submit(compile_for, target, tmp_path_factory.mktemp(name)) for name, target in TARGETS.items()
        }


@pytest.mark.slow
@pytest.mark.skipif(not OURS, reason="Numba compiles for its own kind of processor only")
@pytest.mark.parametrize("name", TARGETS)
def test_no_spill_in_the_inner_loops(name, compiled):
    target, found = TARGETS[name], compiled[name].result()
    assert (found["lanes"], found["registers"]) == (target.lanes, target.registers)
    # Two direct, two dw and one Winograd tile, with 32 registers one more of each; two direct ones along rows, with 32
    # registers four; Winograd's ways of dw, whose thin one is for a vector of channels at most; with panels of 64
    # channels Winograd's tile with fresh filters; a recurrence and its way back. Winograd's, for both its forms.
    assert len(found["assembly"]) == {"NEON": 18}.get(name, 22 if target.lanes == 16 else 14)
    for kernel, assembly in found["assembly"].items():
        hot = [loop for loop in innermost_loops(assembly) if is_sum(loop)]
        assert hot, f"{kernel}: no loop of products found"
        # Without fused products a recurrence has twelve sums, three weights, a state and a product in 16 registers.
        most = 2 if name == "SSE" and kernel.startswith("gru") else 0
        for loop in hot:
            assert len(vector_spills(loop)) <= most, f"{kernel} on {name}:\n" + "\n".join(loop)


# With an empty cache, and with what that run has left: all tests of kernels, then those that meet most of them again,
# and the cache's own slow test that a second process compiles nothing.
COLD = ["tests/kernels", "tests/contracts/test_kernels.py", "-m", "not slow"]
WARM = ["tests/kernels/cpu/conv/test_conv.py", "tests/kernels/cpu/machine/test_jit.py", "tests/kernels/test_norm.py"]
WARM += ["-m", "slow or not slow", "-k", "not just_compiled"]


def run(folder, tests, env):
    """pytest in a process of its own: its exit code and the end of what it said.

    The seed: what is drawn in a warm run needs no kernel that was not drawn in the cold one.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--hypothesis-seed=0", *tests]
    env = {**os.environ, "CNNKIT_CACHE": str(folder), **env}
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr)[-4000:]


def cold_and_warm(folder, target):
    """Both runs and the kernels in the cache after each."""
    found = []
    for tests in (COLD, WARM):
        found += [run(folder, tests, target.env), {path.name for path in folder.glob("kernels-*/*.kernel")}]
    return found


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """All targets at once: to compile takes one core each."""
    able = [name for name in RUN if not lacking(name)]
    with ThreadPoolExecutor(len(RUN)) as pool:
        yield {name: pool.submit(cold_and_warm, tmp_path_factory.mktemp(name), TARGETS[name]) for name in able}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN)
def test_the_tests_of_the_kernels_pass_with_a_cold_and_a_warm_cache(name, runs):
    if name not in runs:
        pytest.skip(f"this machine {', '.join(lacking(name))}")
    (cold, said), compiled, (warm, said_again), kept = runs[name].result()
    assert cold == 0, said
    assert warm == 0, said_again
    assert len(compiled) > 50 and kept == compiled, "a kernel was compiled again"


NAMES = """
import collections, sys
sys.path[:0] = ["tests/kernels", "tests/kernels/cpu/machine"]
import cnnkit.kernels.cpu
from test_jit import test_no_two_functions_of_factories_share_a_name as check
check()
from cnnkit.kernels.cpu.machine import jit
names = collections.Counter(kernel.name for kernel in jit.KERNELS)
assert names.most_common(1)[0][1] == 1, names.most_common(3)
"""


@pytest.mark.skipif(not OURS, reason="Numba compiles for its own kind of processor only")
@pytest.mark.parametrize("name", TARGETS)
def test_each_kernel_is_made_once_whatever_the_registers(name):
    """With 16 registers some tile shapes are the same."""
    env = {**os.environ, **TARGETS[name].env}
    done = subprocess.run([sys.executable, "-c", NAMES], env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_log_names_every_target_and_says_why_one_is_not_run():
    lines = told()
    assert len(lines) == len(TARGETS) + 1
    for name, line in zip(TARGETS, lines[1:], strict=True):
        assert line.startswith(name) and ("tests of the kernels run" in line or "this machine" in line)


@pytest.mark.parametrize(
    ("machine", "features", "compiled", "run"),
    [
        ("x86_64", {"avx512f": False, "avx": True, "avx2": True, "fma": True}, len(TARGETS), ["AVX2", "SSE"]),
        ("AMD64", dict.fromkeys(("avx512f", "avx", "avx2", "fma"), False), len(TARGETS), ["SSE"]),
        ("aarch64", {"neon": True}, 0, []),
        ("arm64", {"neon": True}, 0, []),
    ],
)
def test_the_log_is_true_on_other_machines(machine, features, compiled, run, monkeypatch):
    monkeypatch.setattr(targets.platform, "machine", lambda: machine)
    monkeypatch.setattr(targets.llvm, "get_host_cpu_features", lambda: features)
    lines = told()[1:]
    assert sum(" kernels compiled" in line for line in lines) == compiled
    assert [name for name, line in zip(TARGETS, lines, strict=True) if "tests of the kernels run" in line] == run


@pytest.mark.slow
def test_the_kernels_run_without_the_compiler():
    file, env = str(HERE / "conv" / "test_conv.py"), {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    few = "odd_sizes or groups or dilation or one_pixel or asymmetric or no_images"
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", file, "-k", few]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100%" in done.stdout
