"""Whole networks: a training step (forward, loss, backward, SGD with momentum), and prediction.

scores.py     those that tell scores of pictures or of pixels     boxes.py    those that find boxes, up to their heads
learning.py   the training step of any                            stages.py   the training step of two stages
whole.py      detectors from images to boxes                      ends.py     what ends a step: loss and update
convs.py      their convolutions, alone
"""
