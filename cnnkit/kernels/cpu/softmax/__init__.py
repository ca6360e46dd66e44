"""Softmax and its loss.

rows.py           softmax and log-softmax, and cross-entropy of one row of classes after the other
pixels.py         the same of as many rows at once as a vector has lanes, with weights and a label that is ignored
cross_entropy.py  which of the two computes a loss
"""
