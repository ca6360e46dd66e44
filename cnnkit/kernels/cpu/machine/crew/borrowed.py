"""Numba's threads as helpers: TBB, OpenMP or its work queue, for systems where ours cannot be had.

One kernel at a time is shared; who comes meanwhile computes alone. That every layer can bear: the work queue ends the
process when two threads enter.
"""

from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from cnnkit.errors import DeviceError
from cnnkit.kernels.cpu.machine.crew import board, code
from cnnkit.kernels.cpu.machine.crew.board import ENTERED
from cnnkit.kernels.cpu.machine.crew.words import BYTE, WORD, call, store, swap

BYTES, NOTHING = BYTE.as_pointer(), ir.VoidType()
# void body(places, sizes, steps, data), which the scheduler calls for each thread
BODY = ir.FunctionType(NOTHING, [BYTES.as_pointer(), WORD.as_pointer(), WORD.as_pointer(), BYTES])
PARALLEL_FOR = ir.FunctionType(NOTHING, [BYTES] * 5 + [WORD] * 3)


def start() -> None:
    """Start them; they are as many as NUMBA_NUM_THREADS says."""
    if not board.read(board.SHARE):
        _launcher()()
        board.write(board.SHARE, code.address_of(share, 4))


def name() -> str:
    """ "tbb", "omp" or "workqueue"."""
    start()
    return str(numba.threading_layer())


def _launcher() -> Any:
    try:
        from numba.np.ufunc.parallel import _launch_threads
    except ImportError as error:
        raise DeviceError(
            f"cnnkit shares its work through the thread scheduler inside Numba, which Numba {numba.__version__} no "
            "longer has where it was. Install the version of Numba that cnnkit asks for."
        ) from error
    return _launch_threads


def share(board, function, data, threads):
    """As protocol.share."""
    if swap(board + ENTERED, 0, 1):
        _in_each_thread(function, data, threads)
        store(board + ENTERED, 0)
    else:
        call(function, data, 0)


@intrinsic
def _in_each_thread(typingctx, function, data, threads):
    """function(data, number) in so many of Numba's threads; returns when all have."""

    def codegen(context, builder, sig, args):
        job = cgutils.alloca_once(builder, ir.ArrayType(WORD, 3))
        for i, value in enumerate((*args[:2], WORD(0))):
            builder.store(value, cgutils.gep_inbounds(builder, job, 0, i))
        nothing = cgutils.alloca_once_value(builder, ir.Constant(BYTES, None))
        size, step = cgutils.alloca_once_value(builder, args[2]), cgutils.alloca_once_value(builder, WORD(1))
        run = cgutils.get_or_insert_function(builder.module, PARALLEL_FOR, "numba_parallel_for")
        pointers = [builder.bitcast(p, BYTES) for p in (_body(builder.module), nothing, size, step, job)]
        builder.call(run, [*pointers, WORD(0), WORD(1), args[2]])
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), codegen


def _body(module):
    body = ir.Function(module, BODY, name=module.get_unique_name("body"))
    body.linkage = "internal"
    builder = ir.IRBuilder(body.append_basic_block("entry"))
    job = builder.bitcast(body.args[3], ir.ArrayType(WORD, 3).as_pointer())
    function, data = (builder.load(cgutils.gep_inbounds(builder, job, 0, i)) for i in range(2))
    number = builder.atomic_rmw("add", cgutils.gep_inbounds(builder, job, 0, 2), WORD(1), "monotonic")
    kind = ir.FunctionType(NOTHING, [BYTES, WORD]).as_pointer()
    builder.call(builder.inttoptr(function, kind), [builder.inttoptr(data, BYTES), number])
    builder.ret_void()
    return body
