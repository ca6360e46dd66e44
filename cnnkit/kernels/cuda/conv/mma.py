"""Products of small matrices on tensor cores, by a whole warp: D = A·B + C of 16x8, A 16x8 and B 8x8, in TF32.

TF32 is float32 with 10 bits behind the point instead of 23: operands are rounded to it, sums are float32. Thread `lane`
of the warp, with g = lane >> 2 and t = lane & 3, has

    A   a0 = [g, t]   a1 = [g + 8, t]   a2 = [g, t + 4]   a3 = [g + 8, t + 4]      B   b0 = [t, g]   b1 = [t + 4, g]
    C, D   0 = [g, 2t]   1 = [g, 2t + 1]   2 = [g + 8, 2t]   3 = [g + 8, 2t + 1]

Source: NVIDIA, PTX ISA, "Matrix fragments for mma.m16n8k8"; from compute capability 8.0 on (`LEAST`).
In the simulator a stand-in rounds as `cvt.rna` does and sums in float32, and the threads of a warp wait for each other.
"""

from typing import Any, cast

import numba

# The compute capability that knows TF32.
LEAST = (8, 0)

if numba.config.ENABLE_CUDASIM:
    import threading

    import numpy as np

    def tf32(x: Any) -> Any:
        """x rounded to TF32, of two as near ones the one further from 0."""
        word = int(np.float32(x).view(np.uint32))
        if word & 0x7F800000 != 0x7F800000:  # of what is infinite or no number nothing is cut off
            word = (word + 0x1000) & 0xFFFFE000
        return np.uint32(word).view(np.float32)

    def mma(a0, a1, a2, a3, b0, b1, c0, c1, c2, c3):
        """This thread's four numbers of A·B + C; all threads of the warp call it."""
        thread = cast(Any, threading.current_thread())
        # Of two places by turns, so that one wait for a product is enough.
        given = thread.block.given[thread.products & 1, thread.thread_id >> 5]
        thread.products += 1
        lane = thread.thread_id & 31
        given[lane] = a0, a1, a2, a3, b0, b1
        thread.syncwarp()
        row, column = lane >> 2, 2 * (lane & 3)
        left, right = given[4 * row : 4 * row + 4], given[4 * column : 4 * column + 8, 4:]
        sums = []
        for c, high, n in ((c0, 0, 0), (c1, 0, 4), (c2, 1, 0), (c3, 1, 4)):
            for half in range(2):
                for t in range(4):
                    c = c + left[t, 2 * half + high] * right[n + t, half]
            sums.append(c)
        return tuple(sums)

else:
    from llvmlite import ir
    from numba import types
    from numba.cuda.extending import intrinsic

    FLOAT, WORD = ir.FloatType(), ir.IntType(32)
    NAME = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"

    @intrinsic
    def tf32(typingctx, x):
        """x rounded to TF32, of two as near ones the one further from 0."""

        def generate(context, builder, signature, args):
            rounded = ir.InlineAsm(ir.FunctionType(WORD, [FLOAT]), "cvt.rna.tf32.f32 $0, $1;", "=r,f")
            return builder.bitcast(builder.call(rounded, args), FLOAT)

        return types.float32(types.float32), generate

    @intrinsic
    def mma(typingctx, a0, a1, a2, a3, b0, b1, c0, c1, c2, c3):
        """This thread's four numbers of A·B + C; all threads of the warp call it."""

        def generate(context, builder, signature, args):
            words = [builder.bitcast(number, WORD) for number in args[:6]]
            kind = ir.FunctionType(ir.LiteralStructType([FLOAT] * 4), [WORD] * 6 + [FLOAT] * 4)
            text = NAME + " {$0, $1, $2, $3}, {$4, $5, $6, $7}, {$8, $9}, {$10, $11, $12, $13};"
            asm = ir.InlineAsm(kind, text, "=f,=f,=f,=f,r,r,r,r,r,r,f,f,f,f", side_effect=True)
            # It says the same whenever it is called, but must not come into a branch that some threads do not take.
            found = builder.call(asm, [*words, *args[6:]], attrs=("convergent",))
            parts = [builder.extract_value(found, place) for place in range(4)]
            return context.make_tuple(builder, signature.return_type, parts)

        return types.UniTuple(types.float32, 4)(*[types.float32] * 10), generate
