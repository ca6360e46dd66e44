"""The memory where kernels and helpers meet: one block of words, which machine code knows as `cnnkit_board`.

    SHARE      address of void share(board, function, data, threads), which the crew in use has put there
    THREADS    how many a kernel may use at most
    SLEEPERS   helpers that must be called      CLOSING   not 0: helpers go home
    BUSY       until when somebody else wants these cores, in nanoseconds (`words.now`)
    ENTERED    not 0: a kernel is shared by Numba's threads
    MUTEX, CALLED, LEFT                         what sleepers need from the system
    JOBS       of each job that can be under way at once a line: GATE, FUNCTION, DATA (protocol.py)

Offsets in bytes. Lines are 128 bytes apart: some processors fetch two cache lines of 64 at a time.
"""

import llvmlite.binding as llvm
import numpy as np

LINE = 128
NAME = "cnnkit_board"
HELPER = "cnnkit helper"  # the name of each thread that helps

SHARE, THREADS = 0, 8
SLEEPERS, CLOSING, BUSY, ENTERED = (LINE + 8 * n for n in range(4))
MUTEX, CALLED, LEFT = 2 * LINE, 3 * LINE, 4 * LINE  # of 40 to 64 bytes each
JOBS, FIRST = 4, 5 * LINE
GATE, FUNCTION, DATA = 0, 8, 16
SIZE = FIRST + JOBS * LINE

_memory = np.zeros(SIZE + LINE, np.uint8)
ADDRESS = _memory.ctypes.data + -_memory.ctypes.data % LINE
WORDS = np.ndarray(SIZE // 8, np.int64, _memory, ADDRESS - _memory.ctypes.data)

llvm.add_symbol(NAME, ADDRESS)


def read(offset: int) -> int:
    """The word there."""
    return int(WORDS[offset // 8])


def write(offset: int, value: int) -> None:
    """Change the word there."""
    WORDS[offset // 8] = value
