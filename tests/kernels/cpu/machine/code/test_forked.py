"""Jobs that are shared with forked children: each is done whatever becomes of a child."""

import os
import signal
import sys
import threading

import pytest

from cnnkit.kernels.cpu.machine.code import forked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are forked on Linux alone")
JOBS = 40


@pytest.fixture
def done(tmp_path):
    """A job that leaves a file which says who did it, unless it is there."""

    def work(number):
        place = tmp_path / str(number)
        if not place.exists():
            place.write_text(str(os.getpid()))

    work.folder = tmp_path
    return work


def by_whom(work) -> list[int]:
    return [int((work.folder / str(number)).read_text()) for number in range(JOBS)]


def test_each_job_is_told_once_and_a_child_does_what_the_parent_leaves(done):
    told = []
    for number in forked.in_company(JOBS, done, 1):
        told.append(number)
        while len(told) == 1 and len(list(done.folder.iterdir())) < JOBS - 1:
            pass  # the child does all others meanwhile
        done(number)
    assert sorted(told) == list(range(JOBS))
    assert by_whom(done).count(os.getpid()) <= 1  # none where the child was done before the parent had begun


def test_without_a_child_the_parent_does_all_of_them_in_order(done):
    assert list(forked.in_company(JOBS, done, 0)) == list(range(JOBS))


def test_a_child_that_dies_changes_nothing(done):
    def deadly(number):
        os.kill(os.getpid(), signal.SIGKILL)

    for number in forked.in_company(JOBS, deadly, 2):
        done(number)
    assert set(by_whom(done)) == {os.getpid()}


def test_a_child_that_fails_changes_nothing(done):
    def failing(number):
        raise ValueError(number)

    for number in forked.in_company(JOBS, failing, 1):
        done(number)
    assert set(by_whom(done)) == {os.getpid()}


@pytest.fixture
def children(monkeypatch):
    """Those that were started."""
    found, start = [], forked._child
    monkeypatch.setattr(forked, "_child", lambda *given: found.append(start(*given)) or found[-1])
    return found


def is_gone(child: int) -> bool:
    try:
        os.kill(child, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_child_that_hangs_is_ended_when_patience_is(done, children, monkeypatch):
    monkeypatch.setattr(forked, "PATIENCE", 0.1)

    def hanging(number):
        signal.pause()

    for number in forked.in_company(JOBS, hanging, 1):
        done(number)
    assert set(by_whom(done)) == {os.getpid()}
    assert [is_gone(child) for child in children] == [True]


def test_whoever_stops_in_the_middle_leaves_no_child(children):
    jobs = forked.in_company(JOBS, lambda number: signal.pause(), 1)
    next(jobs)
    jobs.close()
    assert [is_gone(child) for child in children] == [True]


def test_where_the_system_starts_no_more_processes_the_parent_works_alone(done, monkeypatch):
    def refused():
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(os, "fork", refused)
    assert list(forked.in_company(JOBS, done, 2)) == list(range(JOBS))


def test_children_help_where_there_is_work_memory_and_nobody_else_who_runs_python(monkeypatch):
    monkeypatch.setattr(forked, "available_memory", lambda: 8 << 30)
    assert [forked.children_for(jobs, 2) for jobs in (0, 1, 2, 100)] == [0, 0, 1, 1]
    assert forked.children_for(100, 1) == 0
    assert forked.children_for(100, 64) == forked.MOST
    monkeypatch.setattr(forked, "available_memory", lambda: 600 << 20)
    assert forked.children_for(100, 64) == 1
    monkeypatch.setattr(forked, "available_memory", lambda: None)
    waiting = threading.Event()
    other = threading.Thread(target=waiting.wait)
    other.start()
    assert forked.children_for(100, 64) == 0
    waiting.set()
    other.join()
    assert forked.children_for(100, 64) == forked.MOST
