"""A training that starts from weights.

start.py           what the weights decide, and what the new network takes of them
lent.py            a classifier lends its trunk to a network of another task
features.py        what a frozen trunk says of every image, computed once
kept_features.py   the same on disk, beside the state
probe.py           a new head learns first
"""
