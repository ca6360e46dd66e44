"""A job is done by its caller and whoever comes in time, and is over when nobody is inside. On boards of our own."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import cfunc, types
from numba.core import config

from cnnkit.kernels.cpu.machine.crew import board as places
from cnnkit.kernels.cpu.machine.crew.code import compiled
from cnnkit.kernels.cpu.machine.crew.protocol import AWAKE, PATIENCE, TAKEN, serve, share
from cnnkit.kernels.cpu.machine.crew.words import add, cond_broadcast, load, now, pause

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="there is no crew without machine code")
WORD = types.intp


class Board:
    """Memory of a board; zeros are an unlocked mutex and conditions without waiters on Linux, where these tests run."""

    def __init__(self):
        self._memory = np.zeros(places.SIZE + places.LINE, np.uint8)
        start = self._memory.ctypes.data
        self.address = start + -start % places.LINE
        self.words = np.ndarray(places.SIZE // 8, np.int64, self._memory, self.address - start)
        self._serve, self._share = compiled(serve, 2), compiled(share, 4)
        self.helpers = []

    def read(self, place):
        return int(self.words[place // 8])

    def write(self, place, value):
        self.words[place // 8] = value

    def gates(self):
        return [self.read(places.FIRST + n * places.LINE + places.GATE) for n in range(places.JOBS)]

    def hire(self, count=1):
        for _ in range(count):
            place = self.address, len(self.helpers) + 1
            self.helpers.append(threading.Thread(target=self._serve, args=place, daemon=True))
            self.helpers[-1].start()

    def share(self, function, data, threads):
        self._share(self.address, function.address, data.ctypes.data, threads)

    def until(self, condition):
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.0005)

    def close(self):
        self.write(places.CLOSING, 1)
        while any(helper.is_alive() for helper in self.helpers):
            broadcast(self.address + places.CALLED)
            time.sleep(0.0005)


@cfunc(types.void(WORD))
def broadcast_at(place):
    cond_broadcast(place)


broadcast = broadcast_at.ctypes


@pytest.fixture
def board():
    found = Board()
    yield found
    found.close()


@cfunc(types.void(WORD, WORD))
def counted(data, number):
    """data: how many began, how many ended."""
    add(data, 1)
    add(data + 8, 1)


@cfunc(types.void(WORD, WORD))
def met(data, number):
    """Nobody leaves before the second has come."""
    add(data, 1)
    while load(data) < 2:
        pause()
    add(data + 8, 1)


@cfunc(types.void(WORD, WORD))
def met_and_one_stays(data, number):
    """As `met`; who comes first leaves at once, the other after so many nanoseconds as data[2] says."""
    place = add(data, 1)
    while load(data) < 2:
        pause()
    end = now() + load(data + 16) * place
    while now() < end:
        pause()
    add(data + 8, 1)


def test_a_caller_without_helpers_does_the_job_alone(board):
    data = np.zeros(2, np.int64)
    for threads in (2, 64):
        board.share(counted, data, threads)
    assert data.tolist() == [2, 2] and board.gates() == [0] * places.JOBS


def test_a_helper_that_waits_takes_part(board):
    board.hire()
    for _ in range(100):
        data = np.zeros(2, np.int64)
        board.share(met, data, 2)
        assert data.tolist() == [2, 2]


@cfunc(types.void(WORD, WORD))
def met_by_number(data, number):
    """As `met`; data[1 + number] counts who came under that number."""
    add(data, 1)
    while load(data) < 2:
        pause()
    add(data + 8 * (1 + number), 1)


def test_the_caller_has_number_0_and_each_helper_its_own(board):
    board.hire(2)
    data = np.zeros(4, np.int64)
    for _ in range(50):
        data[0] = 0
        board.share(met_by_number, data, 2)
    assert data[1] == 50 and data[2] + data[3] == 50


def test_a_helper_that_sleeps_is_woken(board):
    board.hire()
    for _ in range(3):
        board.until(lambda: board.read(places.SLEEPERS) == 1)  # after PATIENCE, or sooner on a busy machine
        data = np.zeros(2, np.int64)
        board.share(met, data, 2)
        assert data.tolist() == [2, 2]


def test_a_helper_that_comes_late_finds_the_gate_closed(board):
    data = np.zeros(2, np.int64)
    board.share(counted, data, 2)
    board.hire()
    board.until(lambda: board.read(places.SLEEPERS) == 1)
    assert data.tolist() == [1, 1]


@pytest.mark.parametrize("stay", [0, AWAKE // 2, 20 * AWAKE], ids=["not", "shortly", "so long that the caller sleeps"])
def test_the_caller_stays_while_somebody_is_inside(board, stay):
    board.hire()
    for _ in range(5):
        data = np.array([0, 0, stay], np.int64)
        board.share(met_and_one_stays, data, 2)
        assert data[1] == 2 and board.gates() == [0] * places.JOBS


def test_no_more_come_than_there_are_seats(board):
    board.hire(4)
    for threads in (1, 2, 3):
        data = np.zeros(2, np.int64)
        for _ in range(50):
            board.share(counted, data, threads)
        assert 50 <= data[0] <= 50 * threads and data[0] == data[1]


def test_who_finds_no_free_line_does_the_job_alone(board):
    gates = [places.FIRST + n * places.LINE + places.GATE for n in range(places.JOBS)]
    for gate in gates:
        board.write(gate, TAKEN)
    board.hire()
    data = np.zeros(2, np.int64)
    board.share(counted, data, 2)
    assert data.tolist() == [1, 1] and board.gates() == [TAKEN] * places.JOBS


@cfunc(types.void(WORD, WORD))
def summed(data, number):
    """data: the next task, their number, the sum of the numbers of tasks that were run."""
    while True:
        task = add(data, 1)
        if task >= load(data + 8):
            break
        add(data + 16, task)


def test_many_callers_and_helpers_at_once(board):
    """More of both than there are lines and, mostly, cores: jobs end and lines are used again while others wake."""
    board.hire(6)

    def jobs(seed):
        for tasks in np.random.default_rng(seed).integers(0, 60, 200):
            data = np.array([0, tasks, 0], np.int64)  # the next job's lie in the same place, most of the time
            board.share(summed, data, 4)
            assert data[2] == tasks * (tasks - 1) // 2 and data[0] >= tasks

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(jobs, range(8)))
    assert board.gates() == [0] * places.JOBS


def test_helpers_go_home_when_the_board_says_so_awake_or_not(board):
    board.hire(2)
    board.until(lambda: board.read(places.SLEEPERS) == 2)
    board.hire(2)
    board.close()
    assert not any(helper.is_alive() for helper in board.helpers)
    assert PATIENCE < 10**9
