"""From samples to batches.

batch.py      images side by side, and what is to be learned of them
batching.py   how a row of samples is cut into batches     prefetch.py   things made ahead of their use
scales.py     the sizes of a training at several scales
collate.py    images stacked: bytes to floats, only here   loader.py     the order of an epoch, and its batches
"""
