"""A network that is used, and learns no more.

prepared.py   norms folded into convolutions, filters laid out once
repeated.py   kernels launched without Python, where small inputs of one shape come again and again
"""
