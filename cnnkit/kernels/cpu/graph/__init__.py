"""Pixels and regions as the nodes of a graph.

lattice.py     a Gaussian filter's points in any number of dimensions (Adams et al. 2010), which points are neighbours
filter.py      messages of the fully connected CRF: pixels onto the lattice, along its axes, and back
segment.py     segments of a picture (Felzenszwalb & Huttenlocher 2004)
histogram.py   what occurs in each region, and how often
group.py       regions merged two by two, the most similar first (Uijlings et al. 2013)
"""

from cnnkit.kernels.cpu.graph.filter import crf_graph, crf_messages
from cnnkit.kernels.cpu.graph.group import group_regions
from cnnkit.kernels.cpu.graph.histogram import region_histograms
from cnnkit.kernels.cpu.graph.segment import segment

__all__ = ["crf_graph", "crf_messages", "group_regions", "region_histograms", "segment"]
