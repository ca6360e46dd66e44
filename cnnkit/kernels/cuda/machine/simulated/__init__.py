"""Numba's simulator in a device's place.

turns.py     the threads of a block, one after the other
checked.py   memory whose indices are looked at, and that begins as NaN
chip.py      what is asked of a device
"""
