"""Numba's simulator in a device's place.

turns.py   the threads of a block, one after the other
chip.py    memory, and whatever else is asked of a device
"""
