"""Recurrences over the axes of an image.

gru.py   the gated recurrent unit, forward        dx.py  its gradient
rows.py  the sequences of a task, and the product of their states with the weights
"""
