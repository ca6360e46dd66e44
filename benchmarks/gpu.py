"""What a GPU does, part by part, the most important first; each in a process of its own, with a limit of its own.

python benchmarks/gpu.py [--data FOLDER] [--output FOLDER] [--simulate] [--only PART ...]

A part that crashes, hangs or lacks something leaves the others; what it had found by then is kept. `gpu.sh` says more.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    *("numpy", "numba", "numba-cuda", "llvmlite", "cuda-bindings", "cuda-core", "cuda-toolkit", "nvidia-nvjitlink"),
    *("torch", "click", "rich", "pillow", "safetensors"),
)
# Seconds for all; what is left of it when a part begins is its limit too.
ALL = 480.0
HERE = Path(__file__).resolve().parent
CUDA = [sys.executable, "-m", "cnnkit"]
OWN = [sys.executable, str(HERE / "gpu_parts.py")]


def parts(options):
    """name -> (seconds, command)."""
    bench, digits = [*CUDA, "bench", "--backend", "cuda", "--json"], str(options.output / "digits")
    if options.simulate:
        return {
            "agreement": (60, [*OWN, "agreement", "--simulate"]),
            "kernels": (60, [*OWN, "kernels", "--simulate"]),
            "memory": (30, [*OWN, "memory", "--simulate"]),
            "graphs": (30, [*OWN, "graphs", "--simulate"]),
            "answers": (60, [*bench, "--only", "dense"]),
        }
    torch = ["--against", "torch"] if _has("torch") else []
    train = [*CUDA, "train", "--backend", "cuda", "--json"]
    found = {
        "agreement": (80, [*OWN, "agreement"]),
        "kernels": (70, [*OWN, "kernels"]),
        "memory": (20, [*OWN, "memory"]),
        "graphs": (20, [*OWN, "graphs"]),
        "step convnet": (35, [*bench, "--suite", "train", "--only", "convnet", *torch]),
        "step resnet18": (45, [*bench, "--suite", "train", "--only", "resnet18", *torch]),
        "convolutions": (80, [*OWN, "convolutions", *torch[1:]]),
        # The CPU's accuracy of a convnet on digits after three epochs is 98 to 99 %.
        "digits": (50, [*train, "--data", "digits", "--model", "convnet", "--epochs", "3", "--output", digits]),
    }
    if options.data and (options.data / "cifar10").is_dir():
        cifar = ["--data", str(options.data / "cifar10"), "--model", "resnet20", "--epochs", "3"]
        found["cifar10"] = (70, [*train, *cifar, "--output", str(options.output / "cifar10")])
    if sanitizer := shutil.which("compute-sanitizer"):
        for tool in ("memcheck", "racecheck"):
            found[tool] = (30, [sanitizer, "--tool", tool, "--error-exitcode", "9", *OWN, "small"])
    return found


def versions():
    """What is there to work with."""
    found = {"python": sys.version.split()[0], "commit": _said("git", "-C", str(HERE), "rev-parse", "--short", "HEAD")}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    query = "--query-gpu=name,driver_version,memory.total,memory.used,clocks.max.sm"
    return found | {"gpu": _said("nvidia-smi", query, "--format=csv,noheader")}


class Notes:
    """gpu.jsonl, a line for each thing that was found, and gpu.log, all that was said; both as it happens."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.lines, self.log = (folder / "gpu.jsonl").open("w"), (folder / "gpu.log").open("w")
        self.lock = threading.Lock()

    def add(self, part, **found):
        with self.lock:
            self.lines.write(json.dumps({"part": part} | found) + "\n")
            self.lines.flush()
            os.fsync(self.lines.fileno())

    def say(self, text):
        with self.lock:
            print(text, flush=True)
            self.log.write(text + "\n")
            self.log.flush()


def run(name, limit, command, notes, environment):
    """One part; its end is noted whatever it is."""
    notes.say(f"\n== {name}, at most {limit:.0f} s: {' '.join(command[1:])}")
    begun = time.perf_counter()
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=True
    )
    whole = []

    def read():
        for line in child.stdout:
            notes.say(line.rstrip("\n"))
            whole.append(line)
            # A line that is JSON was found; an object over several lines is taken at the end.
            if line.startswith("{") and line.rstrip().endswith("}"):
                _found(notes, name, line)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        code = child.wait(limit)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        code = "ran out of time"
    reader.join(5)
    text = "".join(whole)
    if "\n{\n" in "\n" + text:
        _found(notes, name, text[("\n" + text).index("\n{\n") :])
    seconds = round(time.perf_counter() - begun, 1)
    notes.add(name, ended=code, seconds=seconds)
    notes.say(f"== {name}: {'done' if code == 0 else code} after {seconds} s")
    return code


def _found(notes, name, text):
    try:
        found, _ = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return
    notes.add(name, found=found)


def _has(package):
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def _said(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {error}"
    return (done.stdout or done.stderr).strip()


def main():
    begun = time.perf_counter()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with cifar10/, as the published binary files")
    parser.add_argument("--output", type=Path, default=Path(os.environ.get("OUT") or "gpu"))
    parser.add_argument("--simulate", action="store_true", help="without a GPU: tiny shapes in Numba's simulator")
    parser.add_argument("--only", nargs="+", default=[], metavar="PART")
    options = parser.parse_args()
    notes, environment = Notes(options.output), dict(os.environ)
    if options.simulate:
        environment["NUMBA_ENABLE_CUDASIM"] = "1"
    found = versions()
    notes.add("versions", found=found)
    notes.say("\n".join(f"{name:<18} {value}" for name, value in found.items()))
    ended = {}
    for name, (limit, command) in parts(options).items():
        left = ALL - (time.perf_counter() - begun)
        if options.only and name not in options.only:
            continue
        if left < 5:
            ended[name] = "no time was left"
            notes.add(name, ended=ended[name])
            continue
        ended[name] = run(name, min(limit, left), command, notes, environment)
    notes.say("\n" + "\n".join(f"{name:<16} {'done' if code == 0 else code}" for name, code in ended.items()))
    return 0 if ended and all(code == 0 for code in ended.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
