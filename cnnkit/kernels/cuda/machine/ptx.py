"""What a kernel asks of the chip that Python has no word for: four numbers in one load, division of 32 bits.

In the simulator each has a stand-in that says the same in Python, and looks whether an address is a multiple of four.
"""

from typing import Any

import numba

if numba.config.ENABLE_CUDASIM:
    import ctypes

    import numpy as np

    def ld(a: Any, i: int) -> Any:
        """a[i] of an index from 0 up: of one that may be negative Python asks."""
        return a[i]

    def ld4(a: Any, i: int) -> tuple[Any, ...]:
        """a[i : i + 4], i a multiple of 4, in one load of 16 bytes."""
        assert i % 4 == 0 and i + 4 <= len(a), f"four numbers from {i} on, of {len(a)}"
        return a[i], a[i + 1], a[i + 2], a[i + 3]

    def st4(a: Any, i: int, p: Any, q: Any, r: Any, s: Any) -> None:
        """a[i : i + 4] = p, q, r, s in one store."""
        assert i % 4 == 0 and i + 4 <= len(a), f"four numbers from {i} on, of {len(a)}"
        a[i], a[i + 1], a[i + 2], a[i + 3] = p, q, r, s

    def number_at(address: int, i: int) -> Any:
        """Number i of those that begin at an address of memory."""
        return np.float32(ctypes.c_float.from_address(int(address) + 4 * i).value)

    def put_at(address: int, i: int, value: Any) -> None:
        """The same number overwritten."""
        ctypes.c_float.from_address(int(address) + 4 * i).value = float(value)

    def st_apart(a: Any, i: int, apart: int, p: Any, q: Any, r: Any, s: Any) -> None:
        """a[i] = p, a[i + apart] = q and so on: one address, of which the chip adds the rest itself."""
        a[i], a[i + apart], a[i + 2 * apart], a[i + 3 * apart] = p, q, r, s

    def div(a: int, b: int) -> int:
        """a // b of numbers from 0 up, in 32 bits: Python's own division is a call of some hundred instructions."""
        assert a >= 0 and b > 0, f"{a} // {b}"
        return int(a) // int(b)

    def within(i: int, size: int) -> bool:
        """0 <= i < size, in one comparison."""
        return 0 <= i < size

    def settled(i: int) -> int:
        """i, which is computed here, once: a compiler would rather compute what is cheap anew in a loop."""
        return i

    def over(a: int, by: Any) -> int:
        """a // d of a number from 0 up, by what `divisor(d)` made of d: three instructions."""
        assert 0 <= a < 1 << 31
        return ((int(a) * int(by[0]) >> 32) + int(a)) >> int(by[1])

else:
    from llvmlite import ir
    from numba import types
    from numba.cuda.extending import intrinsic

    FLOAT, WORD = ir.FloatType(), ir.IntType(32)
    FOUR, GLOBAL = ir.VectorType(FLOAT, 4), 1

    def _place(context: Any, builder: Any, kind: Any, array: Any, index: Any, index_kind: Any) -> Any:
        data = context.make_array(kind)(context, builder, array).data
        at = context.cast(builder, index, index_kind, types.int64)
        return builder.bitcast(builder.gep(data, [at]), FOUR.as_pointer(data.type.addrspace))

    def _is_floats(array: Any) -> bool:
        return isinstance(array, types.Array) and array.dtype == types.float32

    @intrinsic
    def ld(typingctx, array, index):
        """array[index] of an index from 0 up: of one that may be negative Numba asks."""
        if not _is_floats(array):
            return None

        def generate(context, builder, signature, args):
            data = context.make_array(signature.args[0])(context, builder, args[0]).data
            at = context.cast(builder, args[1], signature.args[1], types.int64)
            return builder.load(builder.gep(data, [at]))

        return types.float32(array, index), generate

    @intrinsic
    def ld4(typingctx, array, index):
        """array[index : index + 4], index a multiple of 4, in one load of 16 bytes."""
        if not _is_floats(array):
            return None

        def generate(context, builder, signature, args):
            at = _place(context, builder, signature.args[0], args[0], args[1], signature.args[1])
            four = builder.load(at, align=16)
            parts = [builder.extract_element(four, WORD(lane)) for lane in range(4)]
            return context.make_tuple(builder, signature.return_type, parts)

        return types.UniTuple(types.float32, 4)(array, index), generate

    @intrinsic
    def st4(typingctx, array, index, p, q, r, s):
        """array[index : index + 4] = p, q, r, s in one store."""
        if not _is_floats(array):
            return None

        def generate(context, builder, signature, args):
            four = ir.Constant(FOUR, ir.Undefined)
            for lane in range(4):
                four = builder.insert_element(four, args[2 + lane], WORD(lane))
            at = _place(context, builder, signature.args[0], args[0], args[1], signature.args[1])
            builder.store(four, at, align=16)
            return context.get_dummy_value()

        return types.void(array, index, *[types.float32] * 4), generate

    def _at(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address, i = (context.cast(builder, args[n], signature.args[n], types.int64) for n in range(2))
        return builder.gep(builder.inttoptr(address, FLOAT.as_pointer(GLOBAL)), [i])

    @intrinsic
    def number_at(typingctx, address, i):
        """Number i of those that begin at an address of memory."""

        def generate(context, builder, signature, args):
            return builder.load(_at(context, builder, signature, args))

        return types.float32(address, i), generate

    @intrinsic
    def put_at(typingctx, address, i, value):
        """The same number overwritten."""

        def generate(context, builder, signature, args):
            builder.store(args[2], _at(context, builder, signature, args))
            return context.get_dummy_value()

        return types.void(address, i, types.float32), generate

    @intrinsic
    def st_apart(typingctx, array, index, apart, p, q, r, s):
        """array[index] = p, array[index + apart] = q and so on: one address, of which the chip adds the rest itself."""
        if not _is_floats(array):
            return None

        def generate(context, builder, signature, args):
            data = context.make_array(signature.args[0])(context, builder, args[0]).data
            at, step = (context.cast(builder, args[n], signature.args[n], types.int64) for n in (1, 2))
            place = builder.gep(data, [at])
            for number in args[3:]:
                builder.store(number, place)
                place = builder.gep(place, [step])
            return context.get_dummy_value()

        return types.void(array, index, apart, *[types.float32] * 4), generate

    @intrinsic
    def div(typingctx, a, b):
        """a // b of numbers from 0 up, in 32 bits: Python's own division is a call of some hundred instructions."""

        def generate(context, builder, signature, args):
            words = zip(args, signature.args, strict=True)
            x, y = (context.cast(builder, value, kind, types.uint32) for value, kind in words)
            return builder.udiv(x, y)

        return types.int32(a, b), generate

    @intrinsic
    def within(typingctx, i, size):
        """0 <= i < size, in one comparison: as an unsigned number what is negative is large."""

        def generate(context, builder, signature, args):
            words = zip(args, signature.args, strict=True)
            x, y = (context.cast(builder, value, kind, types.uint32) for value, kind in words)
            return builder.icmp_unsigned("<", x, y)

        return types.boolean(i, size), generate

    @intrinsic
    def settled(typingctx, i):
        """i, which is computed here, once: a compiler would rather compute what is cheap anew in a loop."""

        def generate(context, builder, signature, args):
            word = context.cast(builder, args[0], signature.args[0], types.int32)
            same = ir.InlineAsm(ir.FunctionType(WORD, [WORD]), "mov.b32 $0, $1;", "=r,r", side_effect=True)
            return builder.call(same, [word])

        return types.int32(i), generate

    @intrinsic
    def over(typingctx, a, by):
        """a // d of a number from 0 up, by what `divisor(d)` made of d: three instructions."""

        def generate(context, builder, signature, args):
            wide = ir.IntType(64)
            x = context.cast(builder, args[0], signature.args[0], types.uint32)
            kinds = signature.args[1]
            factor, shift = (
                context.cast(builder, builder.extract_value(args[1], place), kinds[place], types.uint32)
                for place in range(2)
            )
            product = builder.mul(builder.zext(x, wide), builder.zext(factor, wide))
            high = builder.trunc(builder.lshr(product, wide(32)), WORD)
            return builder.lshr(builder.add(high, x), shift)

        return types.int32(a, by), generate


def divisor(d: int) -> tuple[int, int]:
    """(factor, shift) with a // d = (⌊a·factor / 2^32⌋ + a) >> shift for 0 <= a < 2^31, as `over` wants it.

    shift = ⌈log2 d⌉,  factor = ⌊2^32·(2^shift - d) / d⌋ + 1, as a signed number of 32 bits.
    Source: Granlund & Montgomery 1994, "Division by invariant integers using multiplication", figure 4.1.
    """
    shift = max(d - 1, 0).bit_length()
    factor = ((1 << 32) * ((1 << shift) - d)) // d + 1
    return (factor if numba.config.ENABLE_CUDASIM or factor < 1 << 31 else factor - (1 << 32)), shift
