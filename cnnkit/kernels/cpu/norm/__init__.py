"""Normalisation, and what else is done to whole channels.

norm.py   batch norm               lrn.py       local response norm
dx.py     its gradients            channels.py  channels weighed or shuffled
pixels.py the cut into tasks
"""
