"""The graph of a picture's pixels: which of the eight around a pixel its edges lead to, so that each edge is once."""

# (down, right): the four that come later in the order of reading.
FORWARD = ((0, 1), (1, -1), (1, 0), (1, 1))
