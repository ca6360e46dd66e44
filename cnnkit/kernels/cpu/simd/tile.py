"""A register tile: vectors on the stack, which LLVM promotes to registers once constant loops are unrolled."""

import operator

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

from cnnkit.kernels.cpu.machine.lanes import LANES
from cnnkit.kernels.cpu.simd.value import INDEX, VEC, VecType, vec


class TileType(types.Type):
    def __init__(self, rows, cols):
        self.rows, self.cols = rows, cols
        super().__init__(name=f"f32x{LANES}_tile({rows}x{cols})")


def _array(kind):
    return ir.ArrayType(ir.ArrayType(VEC, kind.cols), kind.rows)


@register_model(TileType)
class TileModel(models.PrimitiveModel):
    def __init__(self, dmm, fe_type):
        super().__init__(dmm, fe_type, _array(fe_type).as_pointer())


@intrinsic(prefer_literal=True)
def tile(typingctx, rows, cols):
    if not (isinstance(rows, types.IntegerLiteral) and isinstance(cols, types.IntegerLiteral)):
        return None
    kind = TileType(rows.literal_value, cols.literal_value)

    def codegen(context, builder, sig, args):
        return cgutils.alloca_once(builder, _array(kind))

    return kind(rows, cols), codegen


@infer_global(operator.getitem)
class TileGet(AbstractTemplate):
    def generic(self, args, kws):
        return signature(vec, *args) if isinstance(args[0], TileType) else None


@infer_global(operator.setitem)
class TileSet(AbstractTemplate):
    def generic(self, args, kws):
        return signature(types.void, *args) if isinstance(args[0], TileType) and args[2] is vec else None


def _slot(context, builder, sig, args):
    indices = zip(cgutils.unpack_tuple(builder, args[1]), sig.args[1], strict=True)
    place = [context.cast(builder, index, kind, types.intp) for index, kind in indices]
    return builder.gep(args[0], [ir.Constant(place[0].type, 0), *place], inbounds=True)


@lower_builtin(operator.getitem, TileType, types.BaseTuple)
def tile_get(context, builder, sig, args):
    return builder.load(_slot(context, builder, sig, args))


@lower_builtin(operator.setitem, TileType, types.BaseTuple, VecType)
def tile_set(context, builder, sig, args):
    builder.store(args[2], _slot(context, builder, sig, args))
    return context.get_dummy_value()


@intrinsic
def transpose(typingctx, t):
    """Blocks of half the size change places across the diagonal, then quarters, down to single floats."""

    def swapped(builder, a, b, step):
        first = [i if not i & step else LANES + i - step for i in range(LANES)]
        second = [i + step if not i & step else LANES + i for i in range(LANES)]
        kind = ir.VectorType(INDEX, LANES)
        return (builder.shuffle_vector(a, b, ir.Constant(kind, lanes)) for lanes in (first, second))

    def codegen(context, builder, sig, args):
        zero = ir.Constant(INDEX, 0)
        slots = [builder.gep(args[0], [zero, ir.Constant(INDEX, i), zero], inbounds=True) for i in range(LANES)]
        rows = [builder.load(slot) for slot in slots]
        step = LANES // 2
        while step:
            for i in range(LANES):
                if not i & step:
                    rows[i], rows[i + step] = swapped(builder, rows[i], rows[i + step], step)
            step //= 2
        for row, slot in zip(rows, slots, strict=True):
            builder.store(row, slot)
        return context.get_dummy_value()

    return types.void(t), codegen


def _dealt(lanes):
    """An intrinsic of two vectors: the lanes of the result, counted through both."""

    @intrinsic
    def dealt(typingctx, a, b):
        def codegen(context, builder, sig, args):
            return builder.shuffle_vector(*args, ir.Constant(ir.VectorType(INDEX, LANES), list(lanes)))

        return vec(vec, vec), codegen

    return dealt


_PAIRS = [lane for i in range(LANES) for lane in (i, LANES + i)]
zip_low, zip_high = _dealt(_PAIRS[:LANES]), _dealt(_PAIRS[LANES:])
evens, odds = _dealt(range(0, 2 * LANES, 2)), _dealt(range(1, 2 * LANES, 2))
