"""Codes as Numba intrinsics. See codes.py for what each name means."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from cnnkit.kernels.cpu.machine.lanes import LANES
from cnnkit.kernels.cpu.simd.memory import _address, _mask
from cnnkit.kernels.cpu.simd.value import INDEX, VEC, WHOLE, ZERO, call_llvm, spread, vec


def _lanes_of(array_type):
    """The LLVM vector of LANES elements of this array, and the name LLVM's intrinsics give it."""
    bits = array_type.dtype.bitwidth
    return ir.VectorType(ir.IntType(bits), LANES), f"v{LANES}i{bits}"


@intrinsic
def fill_code(typingctx, code):
    def codegen(context, builder, sig, args):
        return builder.bitcast(spread(builder, builder.trunc(args[0], INDEX), WHOLE), VEC)

    return vec(types.intp), codegen


@intrinsic
def pick_greater(typingctx, v, best, p, q):
    def codegen(context, builder, sig, args):
        v, best, p, q = args
        greater = builder.fcmp_unordered(">", v, best)
        number = builder.fcmp_ordered("ord", best, best)
        return builder.select(builder.and_(greater, number), p, q)

    return vec(vec, vec, vec, vec), codegen


def _as_elements(builder, code, kind):
    whole = builder.bitcast(code, WHOLE)
    return whole if kind == WHOLE else builder.trunc(whole, kind)


@intrinsic
def store_code(typingctx, arg, i, code):
    def codegen(context, builder, sig, args):
        kind, _ = _lanes_of(sig.args[0])
        where = _address(context, builder, sig.args[0], args[0], args[1], kind)
        builder.store(_as_elements(builder, args[2], kind), where).align = 1
        return context.get_dummy_value()

    return types.void(arg, types.intp, vec), codegen


@intrinsic
def store_code_first(typingctx, arg, i, code, count):
    def codegen(context, builder, sig, args):
        kind, name = _lanes_of(sig.args[0])
        where = _address(context, builder, sig.args[0], args[0], args[1], kind)
        operands = [_as_elements(builder, args[2], kind), where, ir.Constant(INDEX, 1), _mask(builder, args[3])]
        call_llvm(builder, f"llvm.masked.store.{name}.p0", ir.VoidType(), operands)
        return context.get_dummy_value()

    return types.void(arg, types.intp, vec, types.intp), codegen


def _keep(builder, v, found, code, kind):
    wanted = builder.trunc(code, kind.element)
    return builder.select(builder.icmp_unsigned("==", found, spread(builder, wanted, kind)), v, ZERO)


@intrinsic
def keep_code(typingctx, v, arg, i, code):
    def codegen(context, builder, sig, args):
        kind, _ = _lanes_of(sig.args[1])
        found = builder.load(_address(context, builder, sig.args[1], args[1], args[2], kind))
        found.align = 1
        return _keep(builder, args[0], found, args[3], kind)

    return vec(vec, arg, types.intp, types.intp), codegen


@intrinsic
def keep_code_first(typingctx, v, arg, i, code, count):
    def codegen(context, builder, sig, args):
        kind, name = _lanes_of(sig.args[1])
        where = _address(context, builder, sig.args[1], args[1], args[2], kind)
        nothing = ir.Constant(kind, [0] * LANES)
        operands = [where, ir.Constant(INDEX, 1), _mask(builder, args[4]), nothing]
        found = call_llvm(builder, f"llvm.masked.load.{name}.p0", kind, operands)
        return _keep(builder, args[0], found, args[3], kind)

    return vec(vec, arg, types.intp, types.intp, types.intp), codegen
