"""Let the kernel tests import what they share (`agreement.py`, `targets.py`)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
