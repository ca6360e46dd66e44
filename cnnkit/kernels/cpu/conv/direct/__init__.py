"""Direct convolution.

tile.py  sums a register tile            plan.py     what it is told
rows.py  short sums, without tables
dw.py    the gradient by the filters     dw_plan.py  what that is told
"""
