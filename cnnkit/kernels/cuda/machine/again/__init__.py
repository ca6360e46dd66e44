"""A computation made again by one launch: captured once as a CUDA graph, and taken if it gives the same bits.

same.py       numbers kept, changed and compared
program.py    of an input to results               roundtrip.py  and the way back to gradients
"""

from cnnkit.kernels.cuda.machine.again.program import program
from cnnkit.kernels.cuda.machine.again.roundtrip import roundtrip

__all__ = ["program", "roundtrip"]
