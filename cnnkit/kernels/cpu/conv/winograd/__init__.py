"""Winograd's convolutions: 4x4 outputs of 3x3 filters or 2x2 outputs of 5x5 filters from 36 products.

tiles.py       forward and by the images             dw.py       by the filters
filters.py     filters transformed, and back         patches.py  patches of images transformed, and where they lie
transforms.py  the matrices                          fresh.py    as tiles.py, filters transformed in the tasks
"""
