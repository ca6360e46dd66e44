"""Memory of a device, without one: what is taken, used again, and said when there is no more."""

import pytest

from cnnkit.errors import ResourceError
from cnnkit.kernels.cuda.machine.memory import Pool, size_class


class Driver:
    """So many bytes."""

    def __init__(self, room):
        self.room, self.taken = room, []

    def new(self, size):
        if sum(map(len, self.taken)) + size > self.room:
            return None
        memory = bytearray(size)
        self.taken.append(memory)
        return memory

    def free(self):
        return self.room - sum(map(len, self.taken))


def pool_of(room):
    driver = Driver(room)
    pool = Pool(driver.new, driver.free)
    clear = pool.clear

    def to_the_driver():
        driver.taken = [
            memory for memory in driver.taken if not any(memory is w for ws in pool._waits.values() for w in ws)
        ]
        clear()

    pool.clear = to_the_driver
    return pool, driver


def test_what_one_array_leaves_the_next_takes():
    pool, driver = pool_of(10_000)
    raw = pool.take(600).raw
    again = pool.take(700)
    assert again.raw is raw and len(driver.taken) == 1
    assert (pool.used, pool.waiting) == (1024, 0)


def test_memory_in_use_is_not_given_twice():
    pool, _ = pool_of(10_000)
    one, other = pool.take(600), pool.take(600)
    assert one.raw is not other.raw and pool.used == 2048


def test_sizes_are_whole_lines_and_near_ones_share():
    assert size_class(1) == 512 and size_class(513) == 1024
    assert size_class(1_000_000) == size_class(1_040_000) < 1_100_000


def test_what_waits_in_other_sizes_makes_room():
    pool, _ = pool_of(4096)
    pool.take(3000)
    assert pool.waiting == 3072
    kept = pool.take(4000)
    assert kept.size == 4096 and pool.waiting == 0


def test_no_room_is_told_with_how_much_was_wanted_and_what_helps():
    pool, _ = pool_of(4_000_000)
    kept = pool.take(3_000_000)
    with pytest.raises(ResourceError, match=r"no room for 2 MB more: arrays take 3 MB and 1 MB are free.*--batch-size"):
        pool.take(2_000_000)
    assert kept.raw is not None and pool.used == kept.size  # nothing is lost
