"""Pools: pool.py has shapes and buffers, max.py and avg.py the loops, links.py which pixels meet which windows."""
