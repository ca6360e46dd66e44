"""Kernels compiled for a chip that is not here, and what their machine code does.

    code = compiled(kernel, signature, (9, 0))
    code.registers, code.spilled, code.loop_share("FFMA"), code.count("LDG.E.128")

The way is numba-cuda's own, LTO-IR that nvJitLink makes a cubin of; NVIDIA's cuobjdump and nvdisasm read it.
"""

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace


def tools() -> Path | None:
    """The folder of cuobjdump and nvdisasm; None where their packages are not installed."""
    for base in find_spec("nvidia").submodule_search_locations if find_spec("nvidia") else ():
        for folder in sorted(Path(base).glob("cu*/bin")):
            if all((folder / name).exists() for name in ("cuobjdump", "nvdisasm")):
                return folder
    return None


@contextlib.contextmanager
def pretended(cc: tuple[int, int]) -> Iterator[None]:
    """A device that numba-cuda asks for its compute capability where kernels call functions of theirs."""
    from numba.cuda import dispatcher
    from numba.cuda.cudadrv import devices

    before = dispatcher.get_current_device, devices.get_context
    chip = SimpleNamespace(compute_capability=cc, id=0, name=b"none")
    dispatcher.get_current_device = lambda: chip
    devices.get_context = lambda devnum=None: SimpleNamespace(device=chip, id=0)
    try:
        yield
    finally:
        dispatcher.get_current_device, devices.get_context = before


@dataclass(frozen=True)
class Code:
    """registers: of a thread.   local: bytes of local memory and stack of a thread.   lines: (address, opcode, text).

    labels: the number of the line that each stands at.
    """

    registers: int
    local: int
    shared: int
    lines: list[tuple[int, str, str]]
    labels: dict[str, int]

    def count(self, opcode: str) -> int:
        """Instructions that begin so."""
        return sum(name.startswith(opcode) for _, name, _ in self.lines)

    @property
    def spilled(self) -> bool:
        return self.local > 0 or self.count("LDL") + self.count("STL") > 0

    def main_loop(self, opcode: str = "FFMA") -> list[str]:
        """Opcodes of the innermost loop that multiplies most, by instructions that begin so."""
        loops = []
        for number, (_, name, text) in enumerate(self.lines):
            label = re.search(r"\.L\w+", text) if name.startswith("BRA") else None
            if label and self.labels[label[0]] <= number:
                loops.append([opcode for _, opcode, _ in self.lines[self.labels[label[0]] : number + 1]])
        counts = [sum(name.startswith(opcode) for name in loop) for loop in loops]
        most = max(counts, default=0)
        return min((loop for loop, count in zip(loops, counts, strict=True) if count == most > 0), key=len)

    def loop_share(self, opcode: str) -> float:
        """Which share of the main loop's instructions begins so."""
        loop = self.main_loop(opcode)
        return sum(name.startswith(opcode) for name in loop) / len(loop)


def compiled(kernel, signature, cc: tuple[int, int]) -> Code:
    """The machine code of a kernel for a chip of that compute capability."""
    with _cubin(kernel, signature, cc) as path:
        sizes, text = _sizes(path), _said("nvdisasm", path)
    return Code(sizes["REG"], sizes["LOCAL"] + sizes["STACK"], sizes["SHARED"], *_read(text))


def local_memory(kernel, signature, cc: tuple[int, int]) -> int:
    """Bytes of local memory and stack of a thread: what is spilled lies there. Its code is not read."""
    with _cubin(kernel, signature, cc) as path:
        sizes = _sizes(path)
    return sizes["LOCAL"] + sizes["STACK"]


@contextlib.contextmanager
def _cubin(kernel, signature, cc: tuple[int, int]) -> Iterator[Path]:
    with pretended(cc):
        cubin = _lowered(kernel, signature).get_cubin(cc=cc).code
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kernel.cubin"
        path.write_bytes(cubin)
        yield path


def _sizes(path: Path) -> dict[str, int]:
    use = _said("cuobjdump", "--dump-resource-usage", path)
    return {name: int(value) for name, value in re.findall(r"(REG|STACK|SHARED|LOCAL):(\d+)", use)}


@lru_cache(maxsize=256)
def _lowered(kernel, signature):
    """What Numba makes of a kernel, which is most of the work, before it is told of a chip."""
    from numba.cuda import compiler

    options = {"launch_bounds": kernel.threads} if kernel.threads else {}
    library, _ = compiler._compile_pyfunc_with_fixup(
        kernel.function, signature, device=False, cc=(7, 5), abi="numba", lto=True, **options
    )
    library._lto, library._max_registers = True, None
    return library


def _read(text: str) -> tuple[list[tuple[int, str, str]], dict[str, int]]:
    """Instructions, and at which of them each label stands."""
    lines: list[tuple[int, str, str]] = []
    labels: dict[str, int] = {}
    for line in text.splitlines():
        if found := re.match(r"(\.L\w+):", line):
            labels[found[1]] = len(lines)
        elif found := re.match(r"\s+/\*([0-9a-f]{4,})\*/\s+((?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*).*?);", line):
            lines.append((int(found[1], 16), found[3], found[2]))
    return lines, labels


def _said(program: str, *arguments) -> str:
    folder = tools()
    assert folder is not None
    command = [str(folder / program), *map(str, arguments)]
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
