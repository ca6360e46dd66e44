"""Whole networks: a training step (forward, loss, backward, SGD with momentum), and prediction.

scores.py     those that tell scores of pictures or of pixels     boxes.py   those that find boxes
learning.py   the training step of both
"""
