"""Whole numbers beside a vector of floats: which tap won a maximum, kept lane by lane and stored as uint8 or int32.

    code = fill_code(n)                       a vector whose lanes hold the bits of the whole number n
    pick_greater(v, best, p, q)               p where v beats best, else q: greater, or NaN where best is a number
    store_code(arg, i, code)                  arg[i + lane] = code, as arg's own type
    store_code_first(arg, i, code, count)     the first `count` lanes only
    keep_code(v, arg, i, n)                   v in the lanes where arg[i + lane] = n, else 0
    keep_code_first(v, arg, i, n, count)      the same, looking at the first `count` lanes only; 0 in the others

Codes travel in ordinary float vectors, bit for bit, and are only ever selected, never computed with.
"""

from cnnkit.kernels.cpu.simd.names import (
    fill_code,
    keep_code,
    keep_code_first,
    pick_greater,
    store_code,
    store_code_first,
)

__all__ = [
    "fill_code",
    "keep_code",
    "keep_code_first",
    "pick_greater",
    "store_code",
    "store_code_first",
]
