"""One number from one number.

scalar.py     activation functions in float32     activation.py   their kernels
pointwise.py  arithmetic, comparison, choice      broadcast.py    arrays of several shapes
"""
