"""A network as an ONNX file: what other libraries read.

file.py       from a graph to the bytes
writing.py    names, constants and nodes of a file that is being written
sums.py       convolutions, dense layers, norms, and what goes number by number
maps.py       pools, other sizes, sums over axes       shape.py   what moves, joins or cuts numbers
recurrent.py  sweeps over a map
messages.py   the format itself: protocol buffers, written by hand

Maps lie channels-first there: (N, C, H, W). Filters and axes are turned as the file is written, so no map is.
"""

from cnnkit.graph.onnx.file import onnx_file

__all__ = ["onnx_file"]
