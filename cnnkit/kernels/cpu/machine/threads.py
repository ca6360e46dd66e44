"""Share the tasks of a kernel among threads: `parallel_for(body, tasks, args)`.

    @inner
    def row_task(x, y, worker, task): ...     # `worker` (0, 1, ...) runs task number `task`: for scratch space

    @kernel
    def relu_rows(x, y, rows):
        parallel_for(row_task, rows, (x, y))

A body is compiled once, as an ordinary serial function; the intrinsic hands it to the crew (crew/), which costs none of
the compile time of `parallel=True`. Each thread takes the next task from a shared counter. Tasks are cut by shape and
write what no other task reads, so which thread runs which task cannot change a bit. An error in a task stops its worker
and surfaces as a RuntimeError of the caller. Do not nest.

One count of threads holds for the whole process, whichever Python thread asks.
"""

import os
import threading
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

from cnnkit.config import default_threads
from cnnkit.errors import UsageError
from cnnkit.kernels.cpu.machine.crew import board, borrowed, helpers

_count: int | None = None
_ready = False
_forked = False
_starting = threading.Lock()


def get_threads() -> int:
    """Threads that a kernel may use."""
    global _count
    if _count is None:
        _count = min(default_threads(), config.NUMBA_NUM_THREADS)
    return 1 if _forked else _count


def workers() -> int:
    """The most that can work at once, whatever another Python thread sets meanwhile: rows of scratch space."""
    return 1 if _forked else int(config.NUMBA_NUM_THREADS)


def set_threads(count: int) -> None:
    """Let kernels of this process use that many threads. A forked child uses one: helpers do not survive a fork."""
    global _count, _ready
    if not 1 <= count <= config.NUMBA_NUM_THREADS:
        raise UsageError(
            f"{count} threads were asked for, but the pool was made for {config.NUMBA_NUM_THREADS}. "
            f"Start the process with NUMBA_NUM_THREADS={max(count, 1)}."
        )
    _count, _ready = count, False


def layer() -> str:
    """Who helps: "cnnkit", or of Numba's threads "tbb", "omp" or "workqueue"; "none" without the JIT."""
    if config.DISABLE_JIT:
        return "none"
    return helpers.NAME if _own() else borrowed.name()


@cache
def _own() -> bool:
    """Not if NUMBA_THREADING_LAYER asks for one of Numba's."""
    return config.THREADING_LAYER == "default" and helpers.can_be_had()


def launch(entry: Callable[..., None], args: tuple[Any, ...]) -> None:
    """Call the machine code of an entry kernel."""
    if not _ready:
        _start()
    entry(*args)


def launch_all(calls: Iterable[tuple[Callable[..., None], tuple[Any, ...]]]) -> None:
    """As `launch`, one after another."""
    if not _ready:
        _start()
    for entry, args in calls:
        entry(*args)


def _start() -> None:
    """Tell the crew how many threads kernels may use from now on."""
    global _ready
    with _starting:
        count, _ready = get_threads(), True
        if config.DISABLE_JIT:
            return
        if count > 1 and _own():
            helpers.start(count)
        elif count > 1:
            borrowed.start()
        board.write(board.THREADS, count)


def _after_fork() -> None:
    global _forked, _ready, _starting
    _forked, _ready = True, False
    _starting = threading.Lock()
    helpers.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


INT, BYTES = ir.IntType(64), ir.IntType(8).as_pointer()
WORKER = ir.FunctionType(ir.VoidType(), [BYTES])
SHARE = ir.FunctionType(ir.VoidType(), [INT] * 4)


def _worker(context, module, compiled, body, shared_type):
    """void worker(shared): take a number, then run tasks until the counter passes the end."""
    worker = ir.Function(module, WORKER, name=module.get_unique_name("worker"))
    worker.linkage = "internal"
    builder = ir.IRBuilder(worker.append_basic_block("entry"))
    shared = builder.bitcast(worker.args[0], shared_type.as_pointer())
    next_task, next_worker, raised, tasks, packed = (cgutils.gep_inbounds(builder, shared, 0, i) for i in range(5))
    number = builder.atomic_rmw("add", next_worker, INT(1), "monotonic")
    tasks, args = builder.load(tasks), cgutils.unpack_tuple(builder, builder.load(packed))
    take, run, failed, stop = (worker.append_basic_block(name) for name in ("take", "run", "failed", "stop"))
    builder.branch(take)
    builder.position_at_end(take)
    task = builder.atomic_rmw("add", next_task, INT(1), "monotonic")
    builder.cbranch(builder.icmp_signed("<", task, tasks), run, stop)
    builder.position_at_end(run)
    status, _ = context.call_internal_no_propagate(builder, compiled.fndesc, body, [*args, number, task])
    builder.cbranch(status.is_error, failed, take)
    builder.position_at_end(failed)
    builder.atomic_rmw("xchg", raised, INT(1), "monotonic")
    builder.branch(stop)
    builder.position_at_end(stop)
    builder.ret_void()
    return worker


def _board(module):
    """Where the crew is met."""
    found = module.globals.get(board.NAME)
    return ir.GlobalVariable(module, INT, board.NAME) if found is None else found


@intrinsic
def _parallel_for(typingctx, body, tasks, args):
    """Call body(*args, worker, task) for task in range(tasks).

    worker < workers(), and no two calls under way share one.
    """
    call = body.get_call_type(typingctx, (*args.types, types.intp, types.intp), {})

    def codegen(context, builder, sig, values):
        _, n, packed = values
        compiled = body.dispatcher.overloads[tuple(call.args)]
        context.add_linking_libs([compiled.library])
        # next task, next worker, raised, tasks, arguments
        shared_type = ir.LiteralStructType([INT, INT, INT, INT, packed.type])
        shared = cgutils.alloca_once(builder, shared_type)
        for i, value in enumerate((INT(0), INT(0), INT(0), n, packed)):
            builder.store(value, cgutils.gep_inbounds(builder, shared, 0, i))
        worker = _worker(context, builder.module, compiled, call, shared_type)

        data, place = builder.bitcast(shared, BYTES), _board(builder.module)
        threads = builder.load_atomic(cgutils.gep(builder, place, board.THREADS // 8), "monotonic", 8)
        threads = builder.select(builder.icmp_signed("<", n, threads), n, threads)
        with builder.if_else(builder.icmp_signed("<=", threads, INT(1))) as (alone, together):
            with alone:
                builder.call(worker, [data])
            with together:
                share = builder.load(cgutils.gep(builder, place, board.SHARE // 8))
                job = [builder.ptrtoint(pointer, INT) for pointer in (place, worker, data)]
                builder.call(builder.inttoptr(share, SHARE.as_pointer()), [*job, threads])
        raised = builder.load(cgutils.gep_inbounds(builder, shared, 0, 2))
        with builder.if_then(builder.icmp_signed("!=", raised, INT(0)), likely=False):
            context.call_conv.return_user_exc(builder, RuntimeError, ("a task of parallel_for raised",))
        return context.get_dummy_value()

    return types.void(body, types.intp, args), codegen


def _plain_for(body, tasks, args):
    """What parallel_for means, without the JIT."""
    for task in range(tasks):
        body(*args, 0, task)


parallel_for = _plain_for if config.DISABLE_JIT else _parallel_for
