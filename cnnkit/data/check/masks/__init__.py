"""What is in pictures with masks and what is wrong with them.

pairs.py         all of it: each pair is read once     values.py   what their values mean, and which mean nothing
class_pixels.py  pixels of each class, counted         stats.py    the set in figures
"""
