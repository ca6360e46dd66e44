"""Let the tests of foreign files import what makes them (`torch_files.py`)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
