"""From samples to batches.

batching.py   how a row of samples is cut into batches     prefetch.py   things made ahead of their use
collate.py    images stacked: bytes to floats, only here   loader.py     the order of an epoch, and its batches
"""
