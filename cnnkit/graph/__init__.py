"""A network in use, as data: traced, joined, planned; and one that learns.

trace.py     which Functions a network calls, and where their results go
fuse.py      batch norm, residual and activation joined with the convolution before them
dealt.py     channels that are only moved about, as a shuffle does: looked up where they are
placed.py    parts of a concatenation written where they are to lie
pieces.py    batches in pieces that stay in the cache
sums.py      convolutions and dense layers whose filters are laid out once
plan.py      the calls that are left, one after the other
planned.py   a network that is planned for each shape of its input, part by part where the whole is not known
learning.py  a network that learns: its steps made again by their kernels
onnx/        a traced network as a file that other libraries read
"""

from cnnkit.graph.learning import Learning
from cnnkit.graph.planned import Planned

__all__ = ["Learning", "Planned"]
