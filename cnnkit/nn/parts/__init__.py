"""A network in two parts, a trunk and what follows: freeze.py the trunk stays as it is, tail.py what follows alone."""
