"""Direct convolution: tile.py sums a register tile, dw.py the gradient by the filters, plan.py tells what to do."""
