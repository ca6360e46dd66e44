"""`parallel_for` as Numba knows it: an intrinsic that hands a compiled body to the threads. See threads.py.

Each thread has a share of the tasks, neighbours of each other, and takes them from the front; whoever is done with his
takes tasks from the back of others' shares. So a thread meets the same part of an image from kernel to kernel, and
finds what it wrote in its own second-level cache. From another core's it comes so slowly that two threads took as long
as one for the depthwise layers of mobilenet_v2 (Emerald Rapids: 1.2 ms, and 0.8 with shares).

    a share: end (32 bits) | next task (32 bits)

To take from the front one is added, to take from the back END is taken off: who finds next < end in what was there has
the task. An empty share stays empty.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from cnnkit.kernels.cpu.machine.crew import board

INT, BYTES = ir.IntType(64), ir.IntType(8).as_pointer()
WORKER = ir.FunctionType(ir.VoidType(), [BYTES, INT])
# An entry, as that of every kernel (compiler.py): of the crew's `share`.
SHARE = ir.FunctionType(ir.IntType(32), [INT.as_pointer()])
# Shares at most, for a thread looks at all of them before it ends; of more threads several have one. Words of a line.
SHARES, APART = 16, 8
NEXT, END = (1 << 32) - 1, 1 << 32


def _worker(context, module, compiled, body, shared_type):
    """void worker(shared, number): run tasks of its own share, then of the others', until all are empty."""
    worker = ir.Function(module, WORKER, name=module.get_unique_name("worker"))
    worker.linkage = "internal"
    builder = ir.IRBuilder(worker.append_basic_block("entry"))
    shared = builder.bitcast(worker.args[0], shared_type.as_pointer())
    raised, shares, places, packed = (cgutils.gep_inbounds(builder, shared, 0, i) for i in range(4))
    number, shares = worker.args[1], builder.load(shares)
    args = cgutils.unpack_tuple(builder, builder.load(packed))
    looked = cgutils.alloca_once_value(builder, INT(0))
    take, run, failed, further, stop = (
        worker.append_basic_block(name) for name in ("take", "run", "failed", "further", "stop")
    )
    builder.branch(take)
    builder.position_at_end(take)
    shift = builder.load(looked)
    own = builder.icmp_signed("==", shift, INT(0))
    place = builder.urem(builder.add(number, shift), shares)
    word = cgutils.gep_inbounds(builder, places, 0, builder.mul(place, INT(APART)))
    left = builder.atomic_rmw("add", word, builder.select(own, INT(1), INT(-END)), "monotonic")
    first, end = builder.and_(left, INT(NEXT)), builder.ashr(left, INT(32))
    task = builder.select(own, first, builder.sub(end, INT(1)))
    builder.cbranch(builder.icmp_signed("<", first, end), run, further)
    builder.position_at_end(run)
    status, _ = context.call_internal_no_propagate(builder, compiled.fndesc, body, [*args, number, task])
    builder.cbranch(status.is_error, failed, take)
    builder.position_at_end(further)
    shift = builder.add(shift, INT(1))
    builder.store(shift, looked)
    builder.cbranch(builder.icmp_signed("<", shift, shares), take, stop)
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


def _deal(builder, tasks, shares, places):
    """Share i is tasks · i / shares, … up to where the next begins, both rounded up: the caller's is never empty."""

    def begin(share):
        return builder.sdiv(builder.add(builder.mul(tasks, share), builder.sub(shares, INT(1))), shares)

    with cgutils.for_range(builder, shares) as loop:
        first, end = begin(loop.index), begin(builder.add(loop.index, INT(1)))
        word = cgutils.gep_inbounds(builder, places, 0, builder.mul(loop.index, INT(APART)))
        builder.store(builder.or_(first, builder.shl(end, INT(32))), word)


@intrinsic
def parallel_for(typingctx, body, tasks, args):
    """Call body(*args, worker, task) for task in range(tasks).

    worker < workers(), and no two calls under way share one.
    """
    call = body.get_call_type(typingctx, (*args.types, types.intp, types.intp), {})

    def codegen(context, builder, sig, values):
        def fewer(a, b):
            return builder.select(builder.icmp_signed("<", a, b), a, b)

        _, n, packed = values
        compiled = body.dispatcher.overloads[tuple(call.args)]
        context.add_linking_libs([compiled.library])
        # raised, shares, of each what is left of it, arguments
        shared_type = ir.LiteralStructType([INT, INT, ir.ArrayType(INT, SHARES * APART), packed.type])
        shared = cgutils.alloca_once(builder, shared_type)
        raised, shares, places, arguments = (cgutils.gep_inbounds(builder, shared, 0, i) for i in range(4))
        place = _board(builder.module)
        threads = builder.load_atomic(cgutils.gep(builder, place, board.THREADS // 8), "monotonic", 8)
        threads = builder.select(builder.icmp_signed("<", threads, INT(1)), INT(1), threads)
        count = fewer(threads, INT(SHARES))
        builder.store(INT(0), raised)
        builder.store(count, shares)
        builder.store(packed, arguments)
        _deal(builder, n, count, places)
        worker = _worker(context, builder.module, compiled, call, shared_type)

        data, threads = builder.bitcast(shared, BYTES), fewer(n, threads)
        with builder.if_else(builder.icmp_signed("<=", threads, INT(1))) as (alone, together):
            with alone:
                builder.call(worker, [data, INT(0)])
            with together:
                share = builder.load(cgutils.gep(builder, place, board.SHARE // 8))
                job = [builder.ptrtoint(pointer, INT) for pointer in (place, worker, data)]
                words = cgutils.alloca_once(builder, ir.ArrayType(INT, 4))
                for i, value in enumerate((*job, threads)):
                    builder.store(value, cgutils.gep_inbounds(builder, words, 0, i))
                first = cgutils.gep_inbounds(builder, words, 0, 0)
                builder.call(builder.inttoptr(share, SHARE.as_pointer()), [first])
        with builder.if_then(builder.icmp_signed("!=", builder.load(raised), INT(0)), likely=False):
            context.call_conv.return_user_exc(builder, RuntimeError, ("a task of parallel_for raised",))
        return context.get_dummy_value()

    return types.void(body, types.intp, args), codegen
