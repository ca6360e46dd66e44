"""Networks that find things: (N, H, W, C) -> boxes (N, P, 6), each with its class and its score.

detector.py   what every such network takes and gives: the boxes to learn from, the boxes that it finds, its losses
"""
