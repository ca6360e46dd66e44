"""The vector type and its arithmetic, as Numba intrinsics. See simd.py for what each name means."""

import operator

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

from cnnkit.kernels.cpu.machine.lanes import LANES

F32 = ir.FloatType()
VEC = ir.VectorType(F32, LANES)
INDEX = ir.IntType(32)
WHOLE = ir.VectorType(INDEX, LANES)
SAME = ir.Constant(WHOLE, [0] * LANES)
ZERO = ir.Constant(VEC, [0.0] * LANES)


class VecType(types.Type):
    """LANES floats in one register."""

    def __init__(self):
        super().__init__(name=f"f32x{LANES}")


vec = VecType()


@register_model(VecType)
class VecModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, VEC)


def spread(builder, scalar, kind=VEC):
    """The scalar in every lane of a vector of that kind."""
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(INDEX, 0))
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), SAME)


def call_llvm(builder, name, result, args):
    """Call the LLVM intrinsic `name` of these arguments."""
    kind = ir.FunctionType(result, [arg.type for arg in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)


@intrinsic
def fill(typingctx, value):
    def codegen(context, builder, sig, args):
        return spread(builder, args[0])

    return vec(types.float32), codegen


@intrinsic
def zero(typingctx):
    def codegen(context, builder, sig, args):
        return ZERO

    return vec(), codegen


@intrinsic
def fma(typingctx, a, b, c):
    # llvm.fmuladd: fused where the CPU can, else a product and a sum; llvm.fma would call libm for each lane.
    def codegen(context, builder, sig, args):
        return call_llvm(builder, f"llvm.fmuladd.v{LANES}f32", VEC, args)

    return vec(vec, vec, vec), codegen


def _operator(python_operator, name):
    """Typed and lowered without a function of its own to compile: `overload` costs every kernel 10-20 % more."""

    @infer_global(python_operator)
    class Typed(AbstractTemplate):
        def generic(self, args, kws):
            return signature(vec, vec, vec) if args == (vec, vec) else None

    @lower_builtin(python_operator, VecType, VecType)
    def lowered(context, builder, sig, args):
        return getattr(builder, name)(*args)


_operator(operator.add, "fadd")
_operator(operator.sub, "fsub")
_operator(operator.mul, "fmul")
_operator(operator.truediv, "fdiv")


def _choice(predicate):
    """b where b `predicate` a, else a: an unordered pair keeps a."""

    @intrinsic
    def choose(typingctx, a, b):
        def codegen(context, builder, sig, args):
            return builder.select(builder.fcmp_ordered(predicate, args[1], args[0]), args[1], args[0])

        return vec(vec, vec), codegen

    return choose


vmax, vmin = _choice(">"), _choice("<")


def _select(predicate):
    @intrinsic
    def select(typingctx, a, b, p, q):
        def codegen(context, builder, sig, args):
            return builder.select(builder.fcmp_ordered(predicate, args[0], args[1]), args[2], args[3])

        return vec(vec, vec, vec, vec), codegen

    return select


select_less, select_equal = _select("<"), _select("==")


@intrinsic
def scale_by_power(typingctx, a, n):
    def codegen(context, builder, sig, args):
        exponent = builder.shl(builder.fptosi(args[1], WHOLE), ir.Constant(WHOLE, [23] * LANES))
        return builder.bitcast(builder.add(builder.bitcast(args[0], WHOLE), exponent), VEC)

    return vec(vec, vec), codegen


@intrinsic
def exponent(typingctx, a):
    def codegen(context, builder, sig, args):
        power = builder.lshr(builder.bitcast(args[0], WHOLE), ir.Constant(WHOLE, [23] * LANES))
        return builder.sitofp(builder.sub(power, ir.Constant(WHOLE, [127] * LANES)), VEC)

    return vec(vec), codegen


def _unary(name):
    @intrinsic
    def op(typingctx, a):
        def codegen(context, builder, sig, args):
            return call_llvm(builder, f"llvm.{name}.v{LANES}f32", VEC, args)

        return vec(vec), codegen

    return op


sqrt, absolute = _unary("sqrt"), _unary("fabs")


@intrinsic
def truncate(typingctx, a):
    # Not llvm.trunc: without SSE4.1 that calls libm for each lane.
    def codegen(context, builder, sig, args):
        return builder.sitofp(builder.fptosi(args[0], WHOLE), VEC)

    return vec(vec), codegen


@intrinsic
def reduce_add(typingctx, a):
    def codegen(context, builder, sig, args):
        # Halves upon halves: llvm.vector.reduce.fadd without "reassoc" would add one lane after the other.
        total, half = args[0], LANES // 2
        while half:
            lanes = [lane + half if lane < half else lane for lane in range(LANES)]
            upper = builder.shuffle_vector(total, total, ir.Constant(ir.VectorType(INDEX, LANES), lanes))
            total, half = builder.fadd(total, upper), half // 2
        return builder.extract_element(total, ir.Constant(INDEX, 0))

    return types.float32(vec), codegen


@intrinsic
def reduce_max(typingctx, a):
    def codegen(context, builder, sig, args):
        return call_llvm(builder, f"llvm.vector.reduce.fmax.v{LANES}f32", F32, args)

    return types.float32(vec), codegen


@intrinsic
def first_lane(typingctx, a):
    def codegen(context, builder, sig, args):
        return builder.extract_element(args[0], ir.Constant(INDEX, 0))

    return types.float32(vec), codegen


@intrinsic
def rolled(typingctx, i):
    # LLVM takes an instruction in assembly for a call, and unrolls no loop that has one. Measured on a Zen 4, for which
    # it would unroll tile sums by two: 16 of 24 sums were then written to the stack in every turn, and direct
    # convolution came to half of the peak instead of 95 %.
    def codegen(context, builder, sig, args):
        nothing = ir.InlineAsm(ir.FunctionType(args[0].type, [args[0].type]), "", "=r,0", False)
        return builder.call(nothing, args, attrs=("readnone", "nounwind"))

    return types.intp(types.intp), codegen
