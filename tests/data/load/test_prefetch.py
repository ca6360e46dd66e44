import threading
import time

import pytest

from cnnkit.data.load.prefetch import THREADS, Job, made_ahead


def job(number, parts=3, made=None):
    def part(i):
        if made is not None:
            made.append((number, i))
        return 10 * number + i

    return Job([lambda i=i: part(i) for i in range(parts)], lambda done: (number, done))


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith(THREADS)]


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("parts", [1, 3])
def test_wholes_come_in_order_with_their_parts_in_order(workers, parts):
    wholes = list(made_ahead((job(k, parts) for k in range(20)), workers=workers, depth=2))
    assert wholes == [job(k, parts).run() for k in range(20)]
    assert not threads()


@pytest.mark.parametrize("depth", [1, 3])
def test_no_more_is_begun_than_the_depth_beside_the_one_in_use(depth):
    begun = []

    def jobs():
        for k in range(50):
            begun.append(k)
            yield job(k)

    wholes = made_ahead(jobs(), workers=2, depth=depth)
    for k in range(5):
        next(wholes)
        assert len(begun) <= k + 1 + depth
    wholes.close()


def test_the_first_part_that_fails_is_raised_in_place_of_its_whole():
    def fail(text, wait):
        time.sleep(wait)
        raise ValueError(text)

    broken = Job([lambda: fail("first", 0.02), lambda: fail("second", 0)], list)
    wholes = made_ahead(iter([job(0), broken, job(2)]), workers=3, depth=2)
    next(wholes)
    with pytest.raises(ValueError, match="first"):
        next(wholes)
    assert not threads()


def test_closing_drops_what_has_not_begun_and_ends_the_threads():
    made = []
    slow = [Job([lambda: time.sleep(0.01)] * 50, lambda done: made.append(1)) for _ in range(3)]
    wholes = made_ahead(iter([job(0), *slow]), workers=2, depth=3)
    next(wholes)
    wholes.close()
    assert not threads() and not made
