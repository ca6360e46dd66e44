"""Let the test import the harness, which benchmarks/fuzz.py shares."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
