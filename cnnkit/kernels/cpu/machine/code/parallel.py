"""`parallel_for` as Numba knows it: an intrinsic that hands a compiled body to the threads. See threads.py."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from cnnkit.kernels.cpu.machine.crew import board

INT, BYTES = ir.IntType(64), ir.IntType(8).as_pointer()
WORKER = ir.FunctionType(ir.VoidType(), [BYTES])
# An entry, as that of every kernel (compiler.py): of the crew's `share`.
SHARE = ir.FunctionType(ir.IntType(32), [INT.as_pointer()])


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
def parallel_for(typingctx, body, tasks, args):
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
                words = cgutils.alloca_once(builder, ir.ArrayType(INT, 4))
                for i, value in enumerate((*job, threads)):
                    builder.store(value, cgutils.gep_inbounds(builder, words, 0, i))
                first = cgutils.gep_inbounds(builder, words, 0, 0)
                builder.call(builder.inttoptr(share, SHARE.as_pointer()), [first])
        raised = builder.load(cgutils.gep_inbounds(builder, shared, 0, 2))
        with builder.if_then(builder.icmp_signed("!=", raised, INT(0)), likely=False):
            context.call_conv.return_user_exc(builder, RuntimeError, ("a task of parallel_for raised",))
        return context.get_dummy_value()

    return types.void(body, types.intp, args), codegen
