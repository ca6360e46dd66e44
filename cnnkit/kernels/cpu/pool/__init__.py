"""Pools.

pool.py       shapes and buffers
max.py        the greatest pixel and which it was, and the way back
greatest.py   the greatest pixel alone
avg.py        means, and the way back
links.py      which pixels meet which windows
"""
