"""How the tasks of a kernel are shared: kernels call `share`, and `serve` is what a helper does all its life.

    function(data, number)    runs tasks until none is left; as many threads may be in it as there are tasks

A job is a gate with so many seats, on a line of the board. The caller, who has number 0, takes a free line, writes
function and data, opens the gate, and goes to work itself. A helper that passes takes a seat and is *inside* until it
has found no task left. When the caller finds none, it closes the gate, waits for those inside, and frees the line. So
it waits for tasks that somebody has begun and never for a helper that has not come: one that wakes too late finds the
gate closed, and one that never wakes is not missed. Nobody reads function or data but from inside, hence they may lie
on the caller's stack. If all lines are taken, or nobody comes, the caller does all of its tasks itself.

A gate is one word, so that a seat is taken in one step:

    AWAITED | TAKEN | inside (29 bits) | seats (32 bits)        0: the line is free

Helpers wait busily for a while, because the next kernel mostly follows within microseconds and a sleeper needs 10 to
100 to wake. After the first moments they offer their core to whoever wants it at each look. Where somebody took it, the
machine is busy, and who then waits busily is put to sleep by the system when he has work: so for a while helpers sleep
at once, and are woken with a good claim to a core.

Measured on two cores (Zen 5), lenet5's training step in ms, one thread 7.3, beside this protocol GNU OpenMP's threads:

    quiet          4.5   4.5, in some runs 9.9 (they slept between kernels; then each waits for the other to wake)
    a busy process 5.8   9.3   (7.5 where helpers yield but never sleep at once)
    two of them   11.0  12.4   (one thread 11.9)
"""

from cnnkit.kernels.cpu.machine.code.flags import FLAGS
from cnnkit.kernels.cpu.machine.code.later import later
from cnnkit.kernels.cpu.machine.crew.board import (
    BUSY,
    CALLED,
    CLOSING,
    DATA,
    FIRST,
    FUNCTION,
    GATE,
    JOBS,
    LEFT,
    LINE,
    MUTEX,
    SLEEPERS,
)
from cnnkit.kernels.shared.inner import Inner

SEAT, SEATS, INSIDE = 1, (1 << 32) - 1, 1 << 32
TAKEN, AWAITED = 1 << 61, 1 << 62

# Nanoseconds. A helper that waits looks for work alone, then yields at each look, then sleeps; if the machine is busy,
# it sleeps this soon. A look that took so long was interrupted by somebody who wants the core (by the system's own work
# it was by 60 us, some ten times a second), and for so long we believe that he still does.
ALONE, PATIENCE, HURRY = 10_000, 500_000, 5_000
INTERRUPTED, REMEMBERED = 200_000, 20_000_000
# A caller that waits for those inside sleeps after so long: they were interrupted, or have a long task.
AWAKE = 50_000
LOOKS = 16  # between two looks at the clock

add, call, keep, load, mark, now, pause, store, swap = later(
    "cnnkit.kernels.cpu.machine.crew.words", "add call keep load mark now pause store swap"
)
cond_broadcast, cond_signal, cond_wait, mutex_lock, mutex_unlock, sched_yield = later(
    "cnnkit.kernels.cpu.machine.crew.words",
    "cond_broadcast cond_signal cond_wait mutex_lock mutex_unlock sched_yield",
)


def inner(function):
    return Inner(function, FLAGS)


def share(board, function, data, threads):
    """Run function here and by at most threads - 1 helpers; returns when all have left it."""
    job = _free_line(board)
    if job == 0:
        call(function, data, 0)
        return
    store(job + FUNCTION, function)
    store(job + DATA, data)
    seats = threads - 1
    store(job + GATE, TAKEN + seats)
    _wake(board, seats)
    call(function, data, 0)
    if keep(job + GATE, ~SEATS) & ~SEATS != TAKEN:
        _wait_for_those_inside(board, job)
    store(job + GATE, 0)


@inner
def _free_line(board):
    """A line that is now the caller's; 0 if there is none."""
    for number in range(JOBS):
        job = board + FIRST + number * LINE
        if load(job + GATE) == 0 and swap(job + GATE, 0, TAKEN):
            return job
    return 0


@inner
def _wake(board, seats):
    """Call sleepers, for so many seats.

    Without the mutex, lest the caller wait for one that is going to sleep. Who has just looked and does not sleep yet
    may then miss the call: he is late, and no harm comes of it.
    """
    sleepers = load(board + SLEEPERS)
    if sleepers > seats:
        for _ in range(seats):
            cond_signal(board + CALLED)
    elif sleepers > 0:
        cond_broadcast(board + CALLED)


@inner
def _wait_for_those_inside(board, job):
    start = now()
    while now() - start < AWAKE:
        for _ in range(LOOKS):
            if load(job + GATE) == TAKEN:
                return
            pause()
    mutex_lock(board + MUTEX)
    mark(job + GATE, AWAITED)
    while load(job + GATE) != TAKEN + AWAITED:
        cond_wait(board + LEFT, board + MUTEX)
    mutex_unlock(board + MUTEX)


def serve(board, number):
    """Help until the crew goes home. No two helpers have one number, and none has 0."""
    while True:
        job = _next_job(board)
        if job == 0:
            return
        call(load(job + FUNCTION), load(job + DATA), number)
        _leave(board, job)


@inner
def _next_job(board):
    """The job in which a seat was found; 0 when it is time to go home."""
    start = last = now()
    while load(board + CLOSING) == 0:
        for _ in range(LOOKS):
            job = _enter(board)
            if job != 0:
                return job
            pause()
        if last - start > ALONE:
            sched_yield()
        time = now()
        if time - last > INTERRUPTED:
            store(board + BUSY, time + REMEMBERED)
        last = time
        if time - start > (HURRY if time < load(board + BUSY) else PATIENCE):
            job = _sleep(board)
            if job != 0:
                return job
            start = last = now()
    return 0


@inner
def _enter(board):
    """The first job that has a free seat, which is now taken; 0 if there is none.

    The gate may have been another job's when it was read: where it looks the same, the seat is as good.
    """
    for number in range(JOBS):
        job = board + FIRST + number * LINE
        gate = load(job + GATE)
        if gate & SEATS != 0 and swap(job + GATE, gate, gate + INSIDE - SEAT):
            return job
    return 0


@inner
def _leave(board, job):
    """From here on the job is no more."""
    before = add(job + GATE, -INSIDE)
    if before & AWAITED != 0:
        mutex_lock(board + MUTEX)
        cond_broadcast(board + LEFT)
        mutex_unlock(board + MUTEX)


@inner
def _sleep(board):
    """Until somebody calls. Who finds a job on his way to bed does not go there: that job is told, else 0."""
    mutex_lock(board + MUTEX)
    add(board + SLEEPERS, 1)
    job = _enter(board)
    if job == 0 and load(board + CLOSING) == 0:
        cond_wait(board + CALLED, board + MUTEX)
    add(board + SLEEPERS, -1)
    mutex_unlock(board + MUTEX)
    return job
