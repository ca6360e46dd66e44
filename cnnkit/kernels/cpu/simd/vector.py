"""Explicit float32 vectors: a register of LANES floats as a value.

    a = load(x, i)                    x[i : i + LANES], a flat index in floats, as one register
    store(y, i, a)
    a = load_first(x, i, count)       the first `count` floats and no more, 0 in the other lanes; any count
    store_first(y, i, a, count)       writes the first `count` floats and nothing else
    a = load_or_zero(x, i, inside)    the vector where `inside`, else zeros, without a branch
    prefetch(x, i)                    asks for the cache line of x[i], which may lie outside: nothing is read
    stream(y, i, a)                   as store, past the caches; y and i lie on whole vectors
    x = floats_at(address, count)     the floats that lie there, as an array
    b = splat(x, i)                   x[i] in every lane
    a = fill(value), zero()           a float32 in every lane
    c = fma(a, b, c)                  a * b + c
    a + b, a - b, a * b, a / b
    vmax(a, b), vmin(a, b)            a NaN in `a` stays, one in `b` gives way to `a`
    select_less(a, b, p, q)           p in the lanes where a < b, else q (q where either is NaN)
    select_equal(a, b, p, q)          p in the lanes where a = b, else q (a != a finds NaN)
    keep_where(v, codes, i, code)     v in the lanes where the byte codes[i + lane] equals code, else 0
    store_codes(codes, i, v)          the lanes as bytes, codes[i + lane] = uint8(v)
    scale_by_power(a, n)              a * 2**n for whole numbers n in the lanes, -126 <= n <= 127
    exponent(a)                       n of 2**n <= a < 2**(n + 1), for normal a > 0; unspecified for all others
    truncate(a), sqrt(a), absolute(a)  truncate: towards zero, |a| < 2**31
    reduce_add(a), reduce_max(a)      one float32
    first_lane(a)
    zip_low(a, b), zip_high(a, b)     the halves of a0 b0 a1 b1 ...
    evens(a, b), odds(a, b)           every other lane of a, then of b

`acc = tile(rows, cols)` is a stack array of vectors, `acc[i, v]`. Both sizes must be literals, globals or closure ints.
`transpose(t)` turns a tile of LANES x 1 about its diagonal.
Once LLVM has unrolled the constant loops over it, all of it lives in registers.
`i = rolled(i)` is i itself, of which LLVM then knows nothing: the loop that counts i is left as it is.

With NUMBA_DISABLE_JIT=1 the same names are plain Python with every index checked.
"""

from cnnkit.kernels.cpu.machine.lanes import LANES, REGISTERS
from cnnkit.kernels.cpu.simd.names import (
    absolute,
    evens,
    exponent,
    fill,
    first_lane,
    floats_at,
    fma,
    keep_where,
    load,
    load_first,
    load_or_zero,
    odds,
    prefetch,
    reduce_add,
    reduce_max,
    rolled,
    scale_by_power,
    select_equal,
    select_less,
    splat,
    sqrt,
    store,
    store_codes,
    store_first,
    stream,
    tile,
    transpose,
    truncate,
    vmax,
    vmin,
    zero,
    zip_high,
    zip_low,
)

__all__ = [
    "LANES",
    "REGISTERS",
    "absolute",
    "evens",
    "exponent",
    "fill",
    "first_lane",
    "floats_at",
    "fma",
    "keep_where",
    "load",
    "load_first",
    "load_or_zero",
    "odds",
    "prefetch",
    "reduce_add",
    "reduce_max",
    "rolled",
    "scale_by_power",
    "select_equal",
    "select_less",
    "splat",
    "sqrt",
    "store",
    "store_codes",
    "store_first",
    "stream",
    "tile",
    "transpose",
    "truncate",
    "vmax",
    "vmin",
    "zero",
    "zip_high",
    "zip_low",
]
