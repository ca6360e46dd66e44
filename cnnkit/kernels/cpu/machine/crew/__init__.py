"""The threads that help with kernels.

board.py      the memory where kernels and helpers meet   words.py      words that threads share
protocol.py   how a job is offered, joined and closed     code.py       machine code that is called by its address
helpers.py    our own helpers, started and ended          borrowed.py   Numba's, where ours cannot be had
"""
