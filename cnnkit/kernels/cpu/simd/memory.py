"""Vectors to and from arrays, as Numba intrinsics. See simd.py for what each name means."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from cnnkit.kernels.cpu.machine.lanes import LANES
from cnnkit.kernels.cpu.simd.value import F32, INDEX, VEC, WHOLE, ZERO, call_llvm, spread, vec

BYTES = ir.VectorType(ir.IntType(8), LANES)
MASK = ir.VectorType(ir.IntType(1), LANES)
NUMBERS = ir.Constant(WHOLE, list(range(LANES)))
ALIGN = 4


def _address(context, builder, array_type, array, index, kind):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), kind.as_pointer())


def _mask(builder, count):
    """True in the lanes below count."""
    return builder.icmp_signed("<", NUMBERS, spread(builder, builder.trunc(count, INDEX), WHOLE))


@intrinsic
def load(typingctx, x, i):
    def codegen(context, builder, sig, args):
        value = builder.load(_address(context, builder, sig.args[0], args[0], args[1], VEC))
        value.align = ALIGN
        return value

    return vec(x, types.intp), codegen


@intrinsic
def store(typingctx, y, i, v):
    def codegen(context, builder, sig, args):
        builder.store(args[2], _address(context, builder, sig.args[0], args[0], args[1], VEC)).align = ALIGN
        return context.get_dummy_value()

    return types.void(y, types.intp, vec), codegen


@intrinsic
def floats_at(typingctx, address, count):
    kind, step = types.Array(types.float32, 1, "C"), ir.Constant(ir.IntType(64), ALIGN)

    def codegen(context, builder, sig, args):
        array = context.make_array(kind)(context, builder)
        data = builder.inttoptr(args[0], F32.as_pointer())
        populate_array(array, data=data, shape=[args[1]], strides=[step], itemsize=step, meminfo=None)
        return array._getvalue()

    return kind(types.intp, types.intp), codegen


@intrinsic
def load_first(typingctx, x, i, count):
    def codegen(context, builder, sig, args):
        where = _address(context, builder, sig.args[0], args[0], args[1], VEC)
        operands = [where, ir.Constant(INDEX, ALIGN), _mask(builder, args[2]), ZERO]
        return call_llvm(builder, f"llvm.masked.load.v{LANES}f32.p0", VEC, operands)

    return vec(x, types.intp, types.intp), codegen


@intrinsic
def store_first(typingctx, y, i, v, count):
    def codegen(context, builder, sig, args):
        where = _address(context, builder, sig.args[0], args[0], args[1], VEC)
        operands = [args[2], where, ir.Constant(INDEX, ALIGN), _mask(builder, args[3])]
        call_llvm(builder, f"llvm.masked.store.v{LANES}f32.p0", ir.VoidType(), operands)
        return context.get_dummy_value()

    return types.void(y, types.intp, vec, types.intp), codegen


@intrinsic
def load_or_zero(typingctx, x, i, inside):
    def codegen(context, builder, sig, args):
        nothing = cgutils.alloca_once_value(builder, ZERO)
        where = _address(context, builder, sig.args[0], args[0], args[1], VEC)
        value = builder.load(builder.select(args[2], where, nothing))
        value.align = ALIGN
        return value

    return vec(x, types.intp, types.boolean), codegen


@intrinsic
def splat(typingctx, x, i):
    def codegen(context, builder, sig, args):
        return spread(builder, builder.load(_address(context, builder, sig.args[0], args[0], args[1], F32)))

    return vec(x, types.intp), codegen


@intrinsic
def prefetch(typingctx, x, i):
    def codegen(context, builder, sig, args):
        where = _address(context, builder, sig.args[0], args[0], args[1], ir.IntType(8))
        kind = ir.FunctionType(ir.VoidType(), [where.type, INDEX, INDEX, INDEX])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        read, second_level, data = INDEX(0), INDEX(2), INDEX(1)
        builder.call(function, [where, read, second_level, data])
        return context.get_dummy_value()

    return types.void(x, types.intp), codegen


@intrinsic
def keep_where(typingctx, v, codes, i, code):
    def codegen(context, builder, sig, args):
        found = builder.load(_address(context, builder, sig.args[1], args[1], args[2], BYTES))
        found.align = 1
        wanted = spread(builder, builder.trunc(args[3], ir.IntType(8)), BYTES)
        return builder.select(builder.icmp_unsigned("==", found, wanted), args[0], ZERO)

    return vec(vec, codes, types.intp, types.intp), codegen


@intrinsic
def store_codes(typingctx, codes, i, v):
    def codegen(context, builder, sig, args):
        numbers = builder.trunc(builder.fptosi(args[2], WHOLE), BYTES)
        builder.store(numbers, _address(context, builder, sig.args[0], args[0], args[1], BYTES)).align = 1
        return context.get_dummy_value()

    return types.void(codes, types.intp, vec), codegen


@intrinsic
def stream(typingctx, y, i, v):
    # Other threads see it after the next locked instruction: parallel_for counts its tasks by one.
    def codegen(context, builder, sig, args):
        written = builder.store(args[2], _address(context, builder, sig.args[0], args[0], args[1], VEC))
        written.align = ALIGN * LANES
        written.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(INDEX, 1)]))
        return context.get_dummy_value()

    return types.void(y, types.intp, vec), codegen
