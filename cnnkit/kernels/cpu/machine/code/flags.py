"""Compile flags, chosen once."""

# The source alone decides every bit, so no fast-math at all: what LLVM may reorder or fuse, it does as the code around
# invites. A freshly compiled kernel calls inner functions that were compiled alone, one from the cache its own copies:
# with "reassoc" the two gave sums that differed in the last bit. Where a fused product is wanted the code says fma, and
# kernels written in vectors lose nothing. NaN and infinity keep their meaning, so a divergence is seen.
FASTMATH = False

# Machine code is called by our own entry and by other kernels, so it needs neither a Python nor a C entry of Numba's:
# without them a kernel compiles 10-15 % faster. Nothing in a kernel raises, so division by zero gives infinity as in
# numpy. Arrays belong to the caller: counting references to them (nrt) cost a call of 30 ns per stored vector where
# functions branch.
FLAGS = {
    "nogil": True,
    "fastmath": FASTMATH,
    "error_model": "numpy",
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
