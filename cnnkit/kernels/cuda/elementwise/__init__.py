"""One number from one number.

scalar.py     activation functions in float32     activation.py   their kernels
pointwise.py  arithmetic, comparison, choice      broadcast.py    arrays of several shapes
random.py     numbers by counter                  lists.py       lists of arrays as one job
update.py     steps of the optimisers
"""
