"""Kernels compiled once per machine: the folder, whom it trusts, what is thrown away; rehearsals."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.machine import cache, jit
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.shared.inner import Inner

PROGRAM = """
import sys
import numpy as np
from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.machine import cache
from cnnkit.kernels.cpu.machine import jit
from cnnkit.kernels.shared.geometry import Window
y = cpu.conv2d(np.ones((1, 3, 3, 2), np.float32), np.ones((2, 2, 2, 3), np.float32), Window())
assert (y == 8).all()
assert ("numba" in sys.modules) is (jit.statistics().compiled > 0), "machine code on disk needs no compiler"
print(jit.statistics().compiled, jit.statistics().loaded, cache.cache_folder(), "|", cache.cache_note())
"""


def run(folder, program=PROGRAM, **more):
    env = {**os.environ, "CNNKIT_CACHE": str(folder), **more}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counts, _, note = done.stdout.partition("|")
    compiled, loaded, used = counts.split(maxsplit=2)
    return int(compiled), int(loaded), Path(used.strip()), note.strip()


@pytest.mark.slow
def test_a_second_process_compiles_nothing(tmp_path):
    compiled, loaded, folder, note = run(tmp_path / "cache")
    assert compiled > 0 and loaded == 0 and note == ""
    assert folder.parent == tmp_path / "cache" and folder.stat().st_mode & 0o777 == 0o700
    assert run(tmp_path / "cache")[:2] == (0, compiled)


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """A cache folder not yet chosen."""
    monkeypatch.setattr(cache, "_folder", None)
    monkeypatch.setattr(cache, "_note", "")
    monkeypatch.setenv("CNNKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_folder_is_private_and_named_by_its_sources(fresh):
    folder = cache.cache_folder()
    assert folder.parent == fresh and re.fullmatch(r"kernels-[0-9a-f]{16}", folder.name)
    assert folder.stat().st_mode & 0o777 == 0o700 and fresh.stat().st_mode & 0o777 == 0o700
    assert cache.cache_note() == ""


def test_a_folder_that_others_can_write_is_refused(fresh):
    fresh.mkdir()
    fresh.chmod(0o777)
    folder = cache.cache_folder()
    assert folder.parent != fresh and folder.stat().st_mode & 0o777 == 0o700
    assert str(fresh) in cache.cache_note() and "can be written by others" in cache.cache_note()


def test_a_folder_of_somebody_else_is_refused(fresh, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert cache.cache_folder().parent != fresh
    assert "belongs to another user" in cache.cache_note()


def test_a_folder_that_cannot_be_made_is_replaced(fresh):
    fresh.write_text("a file is in the way")
    assert cache.cache_folder().is_dir()
    assert "cannot be written" in cache.cache_note() and "CNNKIT_CACHE" in cache.cache_note()


def test_old_folders_are_pruned_and_the_newest_few_kept(fresh):
    fresh.mkdir(mode=0o700)
    for age in range(cache.KEPT + 3):
        old = fresh / f"kernels-{age:016x}"
        old.mkdir()
        os.utime(old, (1_000_000 - age, 1_000_000 - age))
    (fresh / "something-else").mkdir()
    folder = cache.cache_folder()
    kept = {path.name for path in fresh.iterdir()} - {folder.name, "something-else"}
    assert kept == {f"kernels-{age:016x}" for age in range(cache.KEPT)} and (fresh / "something-else").is_dir()


def test_the_hash_changes_with_the_sources(monkeypatch):
    before = cache.sources_hash()
    assert before == cache.sources_hash()
    monkeypatch.setattr(cache, "LANES", 2)
    assert cache.sources_hash() != before


def test_the_hash_is_of_these_kernels_and_of_what_all_machines_share(monkeypatch, tmp_path):
    """So that work on the definitions or on a device's kernels does not have these compiled anew."""
    monkeypatch.setattr(cache, "SOURCES", tmp_path)
    for name in ("cpu/deeper", "shared", "reference", "cuda"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "kernel.py").write_text("one = 1")
    before = cache.sources_hash()
    for name, counts in (("reference", False), ("cuda", False), ("cpu/deeper", True), ("shared", True)):
        (tmp_path / name / "kernel.py").write_text("one = 2")
        assert (cache.sources_hash() != before) is counts, name
        before = cache.sources_hash()
    (tmp_path / "cpu" / "kernel.py").write_text("one = 1")
    assert cache.sources_hash() != before


def test_no_other_folder_has_a_part_in_machine_code():
    """What `COMPILED` leaves out must not be imported by kernels, or a stale kernel could be loaded."""
    assert cache.SOURCES.name == "kernels" and (cache.SOURCES / "cpu" / "machine" / "cache.py").exists()
    for folder in cache.COMPILED:
        for path in (cache.SOURCES / folder).rglob("*.py"):
            for other in ("reference", "cuda"):
                assert f"cnnkit.kernels.{other}" not in path.read_text(), path


def test_a_full_disk_does_not_stop_a_kernel(monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.cache_file, "write", full)
    y = np.zeros(3, np.float32)
    add_kernel(y, np.float32(2))
    assert (y == 2).all()


@inner
def add_task(y, value, worker, task):
    y[task] += value


@kernel
def add_kernel(y, value):
    parallel_for(add_task, y.size, (y, value))


def test_a_rehearsal_runs_nothing_and_tells_what_to_compile():
    y = np.zeros(5, np.float64)

    def walk():
        add_kernel(y, 1.0)
        add_kernel(y, 1.0)

    prepared = list(cpu.prepare(walk))
    assert not y.any()
    assert [(done, total, name) for done, total, name, _ in prepared] == [(1, 1, "add_kernel")]
    before = jit.statistics()
    add_kernel(y, 1.0)
    assert (y == 1).all() and jit.statistics() == before


def test_a_kernel_may_close_over_numbers_and_jitted_functions_only():
    with pytest.raises(TypeError, match="close over numbers"):
        cache._place([1, 2])
    assert cache._place(3) == 3 and cache._place(add_task)[1] == "add_task"


def test_all_kernels_are_listed():
    assert add_kernel in jit.KERNELS and repr(add_kernel) == "<kernel add_kernel>"


STEPS = """
import hashlib
import numpy as np
from cnnkit import models, ops, optim
rng = np.random.default_rng(0)
digest = hashlib.sha256()
for name in ("lenet5", "convnet", "digitnet", "resnet20", "mobilenet_v1_x0_25", "shufflenet_v2_x0_5"):
    model = models.create(name, rng=rng).eval()
    optimiser = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    x, labels = rng.standard_normal((9, 28, 28, 1), dtype=np.float32), np.arange(9)
    for _ in range(2):
        loss = ops.cross_entropy(model(x), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for parameter in model.parameters():
        digest.update(parameter.data.tobytes())
print(digest.hexdigest())
"""


@pytest.mark.slow
def test_kernels_from_the_cache_give_the_bits_of_kernels_just_compiled(tmp_path):
    environment = {**os.environ, "CNNKIT_CACHE": str(tmp_path / "cache")}
    cold, warm = (
        subprocess.run([sys.executable, "-c", STEPS], env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    )
    assert cold.stdout == warm.stdout != ""


def functions_of(function, found):
    """A kernel's function and all that it closes over, by identity."""
    if id(function) not in found:
        found[id(function)] = function
        for cell in function.__closure__ or ():
            if isinstance(cell.cell_contents, Inner):
                functions_of(cell.cell_contents.function, found)


def test_no_two_functions_of_factories_share_a_name():
    """Machine code compiled by two processes may meet in a third, where the linker knows functions by name alone."""
    found = {}
    for entry in jit.KERNELS:
        functions_of(entry.function, found)
    names = {(function.__module__, function.__qualname__) for function in found.values()}
    made = {(f.__module__, f.__code__.co_firstlineno, cache._closure(f)) for f in found.values()}  # alike is no harm
    assert len(names) == len(made)


def test_the_name_of_a_factorys_product_is_the_same_in_every_process():
    code = "import cnnkit.kernels.cpu.conv.direct.tile; from cnnkit.kernels.cpu.machine import jit;"
    code += "print([k.function.__qualname__ for k in jit.KERNELS])"
    first, second = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    )
    assert first == second != ""
