"""What an array is above the kernels, and what a NumPy array is called where only one of those will do.

Code above the kernels knows no more of an array than this: no arithmetic, no index. It asks `kernels.of(x)`, and so it
runs on arrays of any machine. What is looked at, or written to a file, is fetched first, and is then a `Host` array.
"""

from typing import Any, TypeAlias

from numpy.typing import NDArray

# On this machine's memory: what the kernels `cpu` and `reference` take, what files and pictures become.
Host: TypeAlias = NDArray[Any]
Array: TypeAlias = Host
