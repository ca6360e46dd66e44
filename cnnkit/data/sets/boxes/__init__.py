"""Data sets whose targets are boxes around things.

shapes.py       shapes on textured ground, in memory
"""
