"""What is brought to a device without a wait, by a device that is pretended: it reads when it is told to."""

import numpy as np

from cnnkit.kernels.cuda.machine.driver.staging import Staging


class Device:
    """Copies are done when `work` is called, or when somebody waits for them."""

    def __init__(self, most=10_000, locked=True):
        self.waiting, self.read, self.made, self.waits = [], [], 0, 0
        self.staging = Staging(self.new if locked else lambda size: None, self.mark, self.reached, self.until, most)

    def new(self, size):
        self.made += 1
        return np.empty(size, np.uint8)

    def mark(self):
        return len(self.read) + len(self.waiting)

    def reached(self, moment):
        return len(self.read) >= moment

    def until(self, moment):
        self.waits += 1
        while not self.reached(moment):
            self.work()

    def work(self):
        room, count = self.waiting.pop(0)
        self.read.append(room[: 4 * count].view(np.float32).copy())

    def send(self, *numbers):
        array = np.array(numbers, np.float32)
        sent = self.staging.send(array, lambda room: self.waiting.append((room, len(numbers))))
        array[...] = np.nan  # it may be written to at once
        return sent


def test_what_is_sent_is_read_later_and_memory_is_used_again():
    device = Device()
    assert device.send(1, 2) and device.send(3)
    assert device.made == 2 and not device.read
    device.work()
    assert device.send(4)
    while device.waiting:
        device.work()
    assert [array.tolist() for array in device.read] == [[1, 2], [3], [4]]
    assert device.made == 2 and device.waits == 0


def test_where_all_is_on_its_way_the_first_is_waited_for():
    device = Device(most=1024)
    for number in range(5):
        assert device.send(number)
    assert device.made == 2 and device.waits == 3
    device.until(5)
    assert [array.tolist() for array in device.read] == [[0], [1], [2], [3], [4]]


def test_memory_of_other_sizes_makes_room_and_what_is_too_large_is_told():
    device = Device(most=1024)
    device.send(1)
    device.work()
    assert device.send(*range(200)) and device.made == 2
    assert not device.send(*range(2000))
    assert not Device(locked=False).send(1)


def test_what_is_sent_for_is_what_it_was_then_and_later_work_is_not_waited_for():
    device = Device()
    there = np.array([1, 2], np.float32)

    def bring(room):
        device.waiting.append((room, 2))
        room[:8] = there.view(np.uint8)  # in its turn, which is now: nothing waits before it

    read = device.staging.receive(8, bring)
    there[...] = np.nan
    device.send(3)
    assert read().view(np.float32).tolist() == [1, 2]
    assert len(device.read) == 1 and len(device.waiting) == 1
    assert device.staging.receive(1 << 20, bring) is None


def test_what_was_sent_for_may_be_asked_for_again():
    device = Device()
    read = device.staging.receive(8, lambda room: room[:8].fill(7))
    assert read().tolist() == read().tolist() == [7] * 8
    rooms: list[np.ndarray] = []
    kept = [device.staging.receive(8, rooms.append) for _ in range(2)]
    assert None not in kept and rooms[0] is not rooms[1], "memory that was given back once is given to one alone"


def test_what_nobody_asks_for_leaves_its_memory_when_the_device_has_written_it():
    device = Device(most=1024)
    for _ in range(2):
        device.staging.receive(8, lambda room: device.waiting.append((room, 2)))
    third = device.staging.receive(8, lambda room: device.waiting.append((room, 2)))
    assert device.made == 2 and device.waits == 1, "the first was waited for, as the device might still have written it"
    assert third is not None


def test_what_is_on_its_way_is_counted_when_memory_of_other_sizes_is_let_go():
    device = Device(most=2048)
    reads = [device.staging.receive(8, lambda room, n=n: room[:8].fill(n)) for n in range(3)]
    device.send(1)
    device.work()
    assert device.staging.receive(1000, lambda room: None) is None, "1,536 bytes are on their way to somebody"
    assert [read()[0] for read in reads] == [0, 1, 2] and device.staging.held == 1536
