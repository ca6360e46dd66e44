"""One block of memory for a computation that is made again."""

import numpy as np

from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.cpu.machine.again.arena import FOREVER, Arena, Life, Lives, laid_out

SHARED = np.zeros(3, np.float32)


def test_what_lives_at_one_time_lies_apart_in_little_more_than_the_most_in_use():
    rng = np.random.default_rng(0)
    lives = []
    for begin in range(200):
        end = begin + int(rng.integers(1, 20)) if rng.random() < 0.95 else FOREVER
        lives.append(Life(64 * int(rng.integers(0, 1000)), begin, end))
    places, size = laid_out(lives)
    for i, (one, place) in enumerate(zip(lives, places, strict=True)):
        assert place % 64 == 0 and place + one.size <= size
        for other, at in zip(lives[:i], places[:i], strict=True):
            if one.begin < other.end and other.begin < one.end:
                assert place + one.size <= at or at + other.size <= place
    most = max(sum(life.size for life in lives if life.begin <= now < life.end) for now in range(220))
    assert most <= size < 1.25 * most


def arrays(sizes, kept):
    """Arrays of these sizes, each let go as the next is made but those that are kept."""
    found = [buffers.empty(size) if i in kept else buffers.empty(size) is None for i, size in enumerate(sizes)]
    return [array for array in found if array is not False]


def test_a_second_run_finds_its_arrays_in_the_block():
    lives = Lives()
    with buffers.taken_from(lives):
        alive = arrays([1000, 50, 1000, 7], {0, 3})
    arena = Arena(lives.lives)
    del alive
    with buffers.taken_from(arena):
        found = arrays([1000, 50, 1000, 7], {0, 3})
    assert arena.kept and all(map(arena.holds, found)) and not arena.holds(buffers.empty(1000))
    found[0].fill(1)
    found[1].fill(2)
    assert (arena.twin(found[0]) == 1).all() and (arena.twin(found[1]) == 2).all()


def test_a_run_that_asks_for_something_else_gets_it_and_is_known():
    for sizes, kept in (([1000, 51 * 64], {0}), ([1000, 50, 1], {0}), ([1000, 1000], set())):
        lives = Lives()
        with buffers.taken_from(lives):
            arrays([1000, 50], {0} if kept else set())
        arena = Arena(lives.lives)
        with buffers.taken_from(arena):
            assert len(arrays(sizes, kept)) == len(kept)
        assert not arena.kept


def test_an_array_that_lives_longer_than_it_did_is_known():
    lives = Lives()
    with buffers.taken_from(lives):
        arrays([1000, 1000], set())
    arena = Arena(lives.lives)
    with buffers.taken_from(arena):
        arrays([1000, 1000], {0})
    assert not arena.kept


def test_numbers_of_memory_and_places_of_arrays_are_told():
    lives = Lives()
    with buffers.taken_from(lives):
        alive = arrays([1000, 50, 5000], {0, 2})
        assert [lives.number(array) for array in alive] == [0, 2] and lives.number(buffers.empty(1)) == 3
    assert lives.number(np.zeros(3)) is None
    arena = Arena(lives.lives)
    del alive
    with buffers.taken_from(arena):
        first, last = arrays([1000, 50, 5000], {0, 2})
    assert arena.kept and arena.size >= 4 * 6000
    span, shape = arena.span(last[8:16].reshape(2, 4))
    assert shape == (2, 4) and span.stop - span.start == 8
    assert 4 * span.start == last.ctypes.data + 32 - arena.first
    twin, same, number = arena.twins((first, SHARED, 3))
    first.fill(4)
    assert same is SHARED and number == 3 and (twin == 4).all() and twin is not first
