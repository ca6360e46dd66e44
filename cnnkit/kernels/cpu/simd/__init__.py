"""Explicit vectors of float32.

vector.py   the vectors, and what each function means     value.py, memory.py   the same as Numba intrinsics
names.py    their names, without loading Numba
math.py     exponential and the like                      plain.py              the same as plain Python
partial.py  a vector or only its first lanes              tile.py              a register tile
peak.py     the most that this machine can do             codes.py, codes_vector.py, codes_plain.py   whole numbers
"""
