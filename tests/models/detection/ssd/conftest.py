"""Makes what these tests share importable: the tests of a folder are no package."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[3] / "golden")]
