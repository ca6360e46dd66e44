"""Compile flags, chosen once."""

# Sums may be reordered and fused, but NaN and infinity keep their meaning (no nnan, no ninf): a network that
# diverges must be seen to diverge.
FASTMATH = frozenset({"contract", "arcp", "nsz", "reassoc", "afn"})

# An inner function is only ever called from another kernel, so it needs neither a Python nor a C entry: without them
# a kernel compiles 10-15 % faster. Nothing in a kernel raises, so division by zero gives infinity as in numpy. Arrays
# belong to the caller: counting references to them (nrt) cost a call of 30 ns per stored vector where functions branch.
INNER = {
    "nogil": True,
    "fastmath": set(FASTMATH),
    "error_model": "numpy",
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
ENTRY = {"nogil": True, "fastmath": set(FASTMATH), "error_model": "numpy"}
