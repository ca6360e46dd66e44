"""Share the tasks of a kernel among threads: `parallel_for(body, tasks, args)`.

    @inner
    def row_task(x, y, worker, task): ...     # `worker` (0, 1, ...) runs task number `task`: for scratch space

    @kernel
    def relu_rows(x, y, rows):
        parallel_for(row_task, rows, (x, y))

A body is compiled once, as an ordinary serial function; the intrinsic hands it to Numba's own thread pool (TBB, OpenMP
or workqueue), which costs none of the compile time of `parallel=True`. Each thread takes the next task from a shared
counter. Tasks are cut by shape and write what no other task reads, so which thread runs which task cannot change a bit.
An error in a task stops its worker and surfaces as a RuntimeError of the caller. Do not nest.

One count of threads holds for the whole process, whichever Python thread asks: Numba's own is per Python thread.
"""

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

from cnnkit.config import default_threads
from cnnkit.errors import DeviceError, UsageError

# Rounds that a thread of GNU OpenMP waits busily before it sleeps; read when its library is loaded. Measured on two
# cores, lenet5's training step: 7 ms with 1000, as fast as any other value on an idle machine, and still 7 ms beside a
# busy process, where the default of 300,000 took 186 ms: the threads burned each other's time at every barrier.
SPINS = "1000"

_count: int | None = None
_started = False
_forked = False
_one_at_a_time = threading.Lock()
_NOTHING = nullcontext()


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
    """Let kernels of this process use that many threads. A forked child uses one: OpenMP's pool dies in a fork."""
    global _count
    if not 1 <= count <= config.NUMBA_NUM_THREADS:
        raise UsageError(
            f"{count} threads were asked for, but the pool was made for {config.NUMBA_NUM_THREADS}. "
            f"Start the process with NUMBA_NUM_THREADS={max(count, 1)}."
        )
    _count = count


def layer() -> str:
    """What runs the threads: "tbb", "omp" or "workqueue"; "none" without the JIT."""
    if config.DISABLE_JIT:
        return "none"
    start()
    return str(numba.threading_layer())


def start() -> None:
    """Start the pool, which also makes its functions known to LLVM. Needed before a kernel is compiled or loaded."""
    global _started
    if not _started:
        if "OMP_WAIT_POLICY" not in os.environ:
            os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
        _launcher()()
        _started = True


def _launcher() -> Any:
    try:
        from numba.np.ufunc.parallel import _launch_threads
    except ImportError as error:
        raise DeviceError(
            f"cnnkit shares its work through the thread scheduler inside Numba, which Numba {numba.__version__} no "
            "longer has where it was. Install the version of Numba that cnnkit asks for."
        ) from error
    return _launch_threads


def launch(entry: Callable[..., None], args: tuple[Any, ...]) -> None:
    """Call the machine code of an entry kernel with the process-wide count of threads."""
    with _ready():
        entry(*args)


def launch_all(calls: Iterable[tuple[Callable[..., None], tuple[Any, ...]]], most: int | None = None) -> None:
    """As `launch`, one after another, with `most` threads at most."""
    with _ready(most):
        for entry, args in calls:
            entry(*args)


def _ready(most: int | None = None) -> AbstractContextManager[object]:
    """Inside, this Python thread's kernels use the process-wide count of threads, or `most` if that is less."""
    if config.DISABLE_JIT:
        return _NOTHING
    count = get_threads() if most is None else min(most, get_threads())
    start()
    numba.set_num_threads(count)
    # It aborts when two Python threads enter at once.
    return _one_at_a_time if count > 1 and numba.threading_layer() == "workqueue" else _NOTHING


def _after_fork() -> None:
    global _forked, _one_at_a_time
    _forked = True
    _one_at_a_time = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


INT, BYTES = ir.IntType(64), ir.IntType(8).as_pointer()
WORKER = ir.FunctionType(ir.VoidType(), [BYTES.as_pointer(), INT.as_pointer(), INT.as_pointer(), BYTES])
PARALLEL_FOR = ir.FunctionType(ir.VoidType(), [BYTES] * 5 + [INT] * 3)


def _worker(context, module, compiled, body, shared_type):
    """void worker(…, shared): take a number, then run tasks until the counter passes the end."""
    worker = ir.Function(module, WORKER, name=module.get_unique_name("worker"))
    worker.linkage = "internal"
    builder = ir.IRBuilder(worker.append_basic_block("entry"))
    shared = builder.bitcast(worker.args[3], shared_type.as_pointer())
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

        one = cgutils.alloca_once_value(builder, INT(1))
        base = cgutils.alloca_once_value(builder, ir.Constant(BYTES, None))
        size = cgutils.alloca_once(builder, INT)
        get = cgutils.get_or_insert_function(builder.module, ir.FunctionType(INT, []), "get_num_threads")
        threads = builder.call(get, [])
        threads = builder.select(builder.icmp_signed("<", n, threads), n, threads)
        builder.store(threads, size)
        data = builder.bitcast(shared, BYTES)
        with builder.if_else(builder.icmp_signed("<=", threads, INT(1))) as (alone, together):
            with alone:
                builder.call(worker, [base, size, one, data])
            with together:
                run = cgutils.get_or_insert_function(builder.module, PARALLEL_FOR, "numba_parallel_for")
                pointers = [builder.bitcast(p, BYTES) for p in (worker, base, size, one)]
                builder.call(run, [*pointers, data, INT(0), INT(1), threads])
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
