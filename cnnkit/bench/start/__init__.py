"""Whole commands: how long they take, and how much memory.

measures.py   the cases      processes.py   a process, timed from outside
"""

from cnnkit.bench.start.measures import measures

__all__ = ["measures"]
