"""What belongs to work that is noted: its memory, what it must keep alive, and what it may not do."""

import threading

import pytest

from cnnkit.kernels.cuda.machine import capture
from cnnkit.kernels.cuda.machine.capture import NotRepeatable, Room
from cnnkit.kernels.cuda.machine.memory import Pool


def test_a_room_takes_memory_again_but_gives_none_back():
    room = Room(bytearray, lambda: 0)
    first = room.take(600).raw
    assert room.take(700).raw is first and room.size == 1024
    room.clear()
    assert room.take(700).raw is first


def test_memory_of_others_is_kept_alive_and_that_of_the_room_is_not():
    others, room = Pool(bytearray, lambda: 0), Room(bytearray, lambda: 0)
    with capture.begun(room) as under_way:
        block = others.take(512)
        capture.hold(block, room.take(512), None)
    del block
    assert (others.used, room.used) == (512, 0)
    del under_way
    assert others.used == 0


def test_only_the_python_thread_that_notes_may_not_ask_for_numbers():
    ended = []

    def other():
        capture.refuse()
        ended.append(capture.under_way())

    with capture.begun(Room(bytearray, lambda: 0)):
        with pytest.raises(NotRepeatable):
            capture.refuse()
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    capture.refuse()
    assert ended == [None]
