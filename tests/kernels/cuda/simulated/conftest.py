"""These run in Numba's simulator alone: `test_in_the_simulator.py` calls them in a process of its own."""

import os

SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM") == "1"
collect_ignore_glob = [] if SIMULATED else ["test_*.py"]
