"""The fully connected CRF: a Gaussian filter of any number of dimensions, on a lattice (Adams et al. 2010).

lattice.py   where each pixel lies in the lattice, and which points of it are neighbours
filter.py    messages: pixels onto the lattice, along its axes, and back
"""

from cnnkit.kernels.cpu.crf.filter import crf_graph, crf_messages

__all__ = ["crf_graph", "crf_messages"]
