"""What segmentation and detection add.

crf.py   the fully connected CRF      enlarge.py   transposed convolutions and resizing
loss.py  a loss of pixels             gru.py       recurrent sweeps
boxes.py the choice among boxes, and maps within them
"""
