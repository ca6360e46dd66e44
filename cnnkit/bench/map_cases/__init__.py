"""What segmentation adds.

crf.py   the fully connected CRF      enlarge.py   transposed convolutions and resizing
loss.py  a loss of pixels             gru.py       recurrent sweeps
"""
