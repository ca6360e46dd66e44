"""Words of memory that threads share, and what the system offers to those who wait, for machine code.

    load(a), store(a, v)                  the word at address `a`
    add(a, v), keep(a, v), mark(a, v)     adds v, clears all bits but those of v, sets those; tell what was there before
    swap(a, old, new)                     writes `new` where `old` is; whether it was there
    call(function, data, number)          calls void function(data, number) at that address
    ask(function, data)                   calls int32 function(data) at that address, and tells what it returned
    pause()                               tells the core that this is a loop that waits
    now()                                 nanoseconds on a clock that never goes back

Words are of 64 bits. Whoever sees what one of these has written also sees all that its thread wrote before.
"""

import platform
import time

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

WORD, BYTE = ir.IntType(64), ir.IntType(8)
ORDER = "seq_cst"
YIELD = ir.IntType(32)(1)
PAUSES: dict[str, tuple[str, list[ir.Constant]]] = {name: ("llvm.x86.sse2.pause", []) for name in ("x86_64", "AMD64")}
PAUSES |= {name: ("llvm.aarch64.hint", [YIELD]) for name in ("aarch64", "arm64")}

# POSIX; they lie in the process, and so LLVM finds them.
ONE = types.intc(types.intp)
sched_yield = types.ExternalFunction("sched_yield", types.intc())
mutex_lock = types.ExternalFunction("pthread_mutex_lock", ONE)
mutex_unlock = types.ExternalFunction("pthread_mutex_unlock", ONE)
cond_wait = types.ExternalFunction("pthread_cond_wait", types.intc(types.intp, types.intp))
cond_signal = types.ExternalFunction("pthread_cond_signal", ONE)
cond_broadcast = types.ExternalFunction("pthread_cond_broadcast", ONE)


def _word(builder, address):
    return builder.inttoptr(address, WORD.as_pointer())


@intrinsic
def load(typingctx, address):
    def codegen(context, builder, sig, args):
        return builder.load_atomic(_word(builder, args[0]), ORDER, 8)

    return types.int64(types.intp), codegen


@intrinsic
def store(typingctx, address, value):
    def codegen(context, builder, sig, args):
        builder.store_atomic(args[1], _word(builder, args[0]), ORDER, 8)
        return context.get_dummy_value()

    return types.void(types.intp, types.int64), codegen


def _changed(operation):
    """An intrinsic that changes a word and tells what was there before."""

    @intrinsic
    def change(typingctx, address, value):
        def codegen(context, builder, sig, args):
            return builder.atomic_rmw(operation, _word(builder, args[0]), args[1], ORDER)

        return types.int64(types.intp, types.int64), codegen

    return change


add, keep, mark = (_changed(operation) for operation in ("add", "and", "or"))


@intrinsic
def swap(typingctx, address, old, new):
    def codegen(context, builder, sig, args):
        found = builder.cmpxchg(_word(builder, args[0]), args[1], args[2], ORDER, ORDER)
        return builder.extract_value(found, 1)

    return types.boolean(types.intp, types.int64, types.int64), codegen


def _function(builder, result, args):
    """The result of a function at an address, given another address, and numbers where there are more."""
    function, data, *numbers = args
    kind = ir.FunctionType(result, [BYTE.as_pointer(), *(WORD for _ in numbers)])
    function, data = builder.inttoptr(function, kind.as_pointer()), builder.inttoptr(data, BYTE.as_pointer())
    return builder.call(function, [data, *numbers])


@intrinsic
def call(typingctx, function, data, number):
    def codegen(context, builder, sig, args):
        _function(builder, ir.VoidType(), args)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), codegen


@intrinsic
def ask(typingctx, function, data):
    def codegen(context, builder, sig, args):
        return _function(builder, ir.IntType(32), args)

    return types.int32(types.intp, types.intp), codegen


@intrinsic
def pause(typingctx):
    def codegen(context, builder, sig, args):
        name, operands = PAUSES.get(platform.machine(), (None, []))
        if name is not None:
            kind = ir.FunctionType(ir.VoidType(), [operand.type for operand in operands])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, name), operands)
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def now(typingctx):
    def codegen(context, builder, sig, args):
        number, moment = ir.IntType(32), ir.LiteralStructType([WORD, WORD])  # seconds, nanoseconds
        found = cgutils.alloca_once(builder, moment)
        kind = ir.FunctionType(number, [number, moment.as_pointer()])
        clock = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")
        builder.call(clock, [number(time.CLOCK_MONOTONIC), found])
        seconds, rest = (builder.load(cgutils.gep_inbounds(builder, found, 0, i)) for i in range(2))
        return builder.add(builder.mul(seconds, WORD(10**9)), rest)

    return types.int64(), codegen
