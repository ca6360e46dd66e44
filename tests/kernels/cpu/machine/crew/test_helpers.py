"""Our own helpers: as many as the system gives, gone when the process ends."""

import os
import subprocess
import sys
import threading

import pytest
from numba.core import config

from cnnkit.kernels.cpu.machine.crew import board, helpers

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="there is no crew without machine code")

START = """
import threading, time
import numpy as np
from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.machine import threads
from cnnkit.kernels.cpu.machine.crew import helpers
from cnnkit.kernels.shared.geometry import Window

x, w = np.ones((4, 20, 20, 8), np.float32), np.ones((3, 3, 8, 16), np.float32)

def check():
    assert (cpu.conv2d(x, w, Window()) == 72).all()

def count():
    return sum(thread.name == "cnnkit helper" for thread in threading.enumerate())

"""


def told(program, **env):
    """What a process of its own prints."""
    env = {**os.environ, "NUMBA_NUM_THREADS": "4", "NUMBA_THREADING_LAYER": "default", **env}
    command = [sys.executable, "-c", START + program]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.split()


def test_there_are_as_many_as_are_needed_and_none_before():
    found = told(
        "for n in (1, 2, 4, 3):\n    threads.set_threads(n)\n    check()\n    print(count())\nprint(threads.layer())"
    )
    assert found == ["0", "1", "3", "3", "cnnkit"]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system does not tell cores apart")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is one core")
def test_each_has_a_core_of_its_own_where_there_are_as_many_as_threads():
    program = "import os\ncores = sorted(os.sched_getaffinity(0))[:2]\nos.sched_setaffinity(0, cores)\n"
    program += "threads.set_threads(2); check()\n"
    program += "print([os.sched_getaffinity(helper.native_id) == {cores[1]} for helper in helpers._helpers])\n"
    program += "print(os.sched_getaffinity(0) == set(cores))"
    assert told(program) == ["[True]", "True"]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system does not tell cores apart")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is one core")
def test_the_system_places_them_where_there_are_more_cores_than_threads_or_fewer():
    program = "import os\ncores = os.sched_getaffinity(0)\nthreads.set_threads(4 if len(cores) != 4 else 3); check()\n"
    program += "print({os.sched_getaffinity(helper.native_id) == cores for helper in helpers._helpers})"
    assert told(program) == ["{True}"]


def test_kernels_run_when_all_have_gone_home():
    assert told("threads.set_threads(4); check(); helpers.stop(); check(); print(count())") == ["0"]


def test_a_process_ends_while_others_of_its_threads_compute():
    program = "threads.set_threads(4)\ndef forever():\n    while True: check()\n"
    program += "for _ in range(3): threading.Thread(target=forever, daemon=True).start()\n"
    assert told(program + "time.sleep(0.2); print('over')") == ["over"]


def test_where_the_system_starts_no_threads_those_that_are_there_do(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    helpers.start(2)
    before = board.read(board.SHARE)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    helpers.start(64)
    assert len(helpers._helpers) < 63 and board.read(board.SHARE) == before


def test_a_system_without_conditions_has_none(monkeypatch):
    assert helpers.can_be_had()
    monkeypatch.setattr(helpers, "NEEDED", [*helpers.NEEDED, "pthread_cond_that_no_system_has"])
    assert not helpers.can_be_had()


@pytest.mark.slow
def test_helpers_are_our_own_also_where_kernels_are_compiled_before_any_was_called(tmp_path):
    program = "print(len(list(cpu.prepare(lambda: cpu.add(x, x)))), threads.layer())"
    assert told(program, CNNKIT_CACHE=str(tmp_path / "kernels"), CNNKIT_THREADS="2") == ["1", helpers.NAME]
    assert len(list(tmp_path.glob("kernels/*/*.kernel"))) == 1 + len(helpers.CODE)
