"""Rows of classes.

lanes.py  threads that share a row       rows.py  softmax and its logarithm       cross_entropy.py  against labels
"""
