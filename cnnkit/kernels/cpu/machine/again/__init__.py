"""A computation made again by its kernels alone: noted once, then launched without Python between them.

program.py  of an input to results         roundtrip.py  and the way back to gradients
arena.py    the memory that it works in    chain.py      calls of kernels as one call
"""
