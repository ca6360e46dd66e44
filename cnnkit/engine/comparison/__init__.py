"""Runs side by side, and whether one of them is better than chance alone would make it.

compare.py     compare(runs): all of it, as events; its value is the Comparison
same_images.py the test images that all of them may be judged on     differing.py   in what the runs differ
"""
