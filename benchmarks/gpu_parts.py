"""Parts of `gpu.py`, each for a process of its own: every finding is one line of JSON.

python benchmarks/gpu_parts.py agreement|kernels|memory|graphs|convolutions|small [--simulate] [torch]

agreement      convolutions of real shapes: 2,000 outputs of each, borders and last channels, against the definition
kernels        every call of the kernels' own tests against the definition, in several processes at once
memory         used again while work is on its way, by two threads; places far behind the first; equal bits twice
graphs         what is launched as one has the bits of what is launched one by one; how long a launch takes of each
convolutions   resnet50's, 32 images: forward and both gradients, in time, of the roof, beside torch
small          the cases of the simulator, for a tool that watches every access to memory
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
# Shapes of resnet50, and what has other schedules: first layers, few channels, strides, depthwise, 5x5, dilation.
REAL = (
    "resnet18 conv2_x",
    "resnet18 conv3_1",
    "resnet50 conv2 expand",
    "resnet18 conv1",
    "convnet conv1",
    "mobilenet_v2 bottleneck3 depthwise",
    "alexnet-like conv2",
    "deeplab_v3plus aspp",
    "resnet18 conv4_x",
    "mobilenet_v2 bottleneck7 depthwise",
    "vgg16 conv1_2",
)
PROCESSES = 8
# float32 first: it is what networks are trained in unless TF32 is asked for.
PRECISIONS = ("fast", "tf32")


def tell(**found):
    print(json.dumps(found), flush=True)


def layers(options):
    from cnnkit.bench.conv_cases import LAYERS
    from cnnkit.bench.network_cases.convs import Layer

    if options.simulate:
        return [Layer("tiny", 1, 5, 4, 4, 3), Layer("tiny depthwise", 1, 4, 4, 4, 3, stride=2, groups=4)]
    known = {layer.name: layer for layer in LAYERS}
    return [known[name] for name in REAL]


def agreement(options):
    from cnnkit import kernels
    from cnnkit.bench.conv_cases import conv_case
    from cnnkit.errors import CnnkitError

    wrong = 0
    with kernels.use(backend="cuda"):
        for precision in PRECISIONS:
            for layer in layers(options):
                for direction in ("forward", "dw") if layer.C <= 3 else ("forward", "dx", "dw"):
                    begun = time.perf_counter()
                    try:
                        with kernels.use(precision=precision):
                            conv_case(layer, direction).check()
                        found = {"right": True}
                    except CnnkitError as error:
                        found, wrong = {"right": False, "error": str(error)}, wrong + 1
                    seconds = round(time.perf_counter() - begun, 2)
                    tell(case=f"{layer} {direction}", precision=precision, seconds=seconds, **found)
    return wrong


def each_kernel(options):
    """In several processes, for what takes the time is to compile."""
    if options.share is None:
        count = 1 if options.simulate else PROCESSES
        command = [sys.executable, __file__, "kernels", *(["--simulate"] if options.simulate else [])]
        children = [subprocess.Popen([*command, "--share", str(share), str(count)]) for share in range(count)]
        return sum(child.wait() != 0 for child in children)
    sys.path[:0] = [str(ROOT / "tests" / "kernels"), str(ROOT / "tests")]
    from calls import CALLS

    from cnnkit import kernels
    from cnnkit.kernels.cuda.lacking import LACKING

    share, count = options.share
    rows = [row for row in CALLS if row[0] not in LACKING]
    rows = [row for row in rows if row[0] in ("add", "softmax", "permute")] if options.simulate else rows
    wrong = 0
    with kernels.use(backend="cuda"):
        for name, variant in rows[share::count]:
            try:
                error, found = _error_of(name, *CALLS[name, variant]), {}
            except Exception as failed:  # whatever it is: the others are looked at
                error, found = np.inf, {"error": f"{type(failed).__name__}: {failed}"[:500]}
            right = bool(error <= 1e-4)
            wrong += not right
            tell(
                kernel=", ".join(filter(None, (name, variant))),
                right=right,
                of_greatest=float(min(error, 1e9)),
                **found,
            )
    return wrong


def _error_of(name, args, options):
    """The greatest difference from the definition, as a share of its greatest number."""
    from cnnkit import kernels
    from cnnkit.kernels import reference

    k = kernels.home()

    def there(value):
        if isinstance(value, np.ndarray):
            return k.put(value)
        if isinstance(value, list):
            return [there(item) for item in value]
        if isinstance(value, dict):
            return {key: there(item) for key, item in value.items()}
        return tuple(map(there, value)) if type(value) is tuple else value

    def several(value):
        return value if isinstance(value, tuple) else (value,)

    expected = several(getattr(reference, name)(*args, **options))
    found, worst = several(getattr(k, name)(*there(args), **there(options))), 0.0
    for y, wanted in zip(found, expected, strict=True):
        if wanted is None or not np.size(wanted):
            continue
        y = np.asarray(k.fetch(y), np.float64)
        if not (np.isfinite(y) == np.isfinite(wanted)).all():
            return np.inf
        apart = np.abs(np.where(np.isfinite(y), y - wanted, 0.0)).max()
        worst = max(worst, float(apart / max(np.abs(np.where(np.isfinite(wanted), wanted, 0)).max(), 1e-30)))
    return worst


def memory(options):
    """What the simulator, where all is done at once, cannot show: each row would find another's numbers."""
    from concurrent.futures import ThreadPoolExecutor

    from cnnkit import kernels
    from cnnkit.kernels.shared.geometry import Window

    turns, size, far = (2, 40, 1 << 12) if options.simulate else (300, 300_000, 1 << 29)
    rng = np.random.default_rng(0)

    def used_again(start):
        """Arrays die as soon as their kernels are launched, and what they leave is filled by the next upload."""
        k, waiting, right = kernels.home(), [], True
        for turn in range(turns):
            host = np.full(size, start + turn, np.float32)
            y = k.multiply(k.add(k.put(host), 1.0), 2.0)
            host[:] = np.nan  # it was copied
            waiting.append((k.begin_fetch(y), 2.0 * (start + turn + 1)))
            if len(waiting) > 3:
                read, wanted = waiting.pop(0)
                right = right and bool((read() == wanted).all())
        return right and all(bool((read() == wanted).all()) for read, wanted in waiting)

    with kernels.use(backend="cuda"):
        k, found = kernels.home(), {}
        with ThreadPoolExecutor(2) as threads:
            found["used again"] = used_again(1000) and all(threads.map(used_again, (2000, 3000)))
        ends = k.slice(k.clip(k.zeros((far,)), 1.0, 2.0), (far - 5,), (far,), (1,))
        found["places far behind the first"] = bool((k.fetch(ends) == 1).all())
        side, channels = (6, 4) if options.simulate else (28, 128)
        x, w = (rng.standard_normal(s, np.float32) for s in ((2, side, side, channels), (3, 3, channels, channels)))
        dw = [k.fetch(k.conv2d_dw(k.put(x), k.put(x), w.shape, Window(1, 1, 1, 1, 1, 1))[0]) for _ in range(2)]
        found["equal bits twice"] = dw[0].tobytes() == dw[1].tobytes()
    for name, right in found.items():
        tell(case=name, right=right)
    return sum(not right for right in found.values())


def graphs(options):
    from cnnkit import kernels
    from cnnkit.kernels.shared.scalar import RELU

    count, turns = (3, 2) if options.simulate else (100, 200)
    rng = np.random.default_rng(0)
    host = rng.standard_normal((4, 64), np.float32)
    with kernels.use(backend="cuda"):
        k = kernels.home()
        x, weights, total = k.put(host), k.put(host[::-1].copy()), k.zeros(host.shape)

        def many(x):
            for _ in range(count):
                x = k.add(x, 1.0)
            return [x]

        def work(x):
            y = k.activate(k.multiply(x, weights), RELU)
            k.add(total, y, out=total)
            return [y], lambda dys: [k.multiply(k.activate_dx(dys[0], y, RELU), x)]

        def seconds(call):
            call(x)
            k.fetch(x)
            begun = time.perf_counter()
            for _ in range(turns):
                found = call(x)
            launched = time.perf_counter() - begun
            k.fetch(found[0])
            each = turns * count / 1e6
            return {"launched_us": launched / each, "done_us": (time.perf_counter() - begun) / each}

        program, roundtrip = k.program(many, x), k.roundtrip(work, x, [weights], [total])
        tell(case="one by one", kernels=count, **({} if options.simulate else seconds(many)))
        found = {} if program is None or options.simulate else seconds(program)
        tell(case="as a graph", kernels=count, right=program is not None, **found)
        # None where its graphs do not give the bits of the work for two inputs.
        tell(case="there and back as graphs", right=roundtrip is not None)
    return (program is None) + (roundtrip is None)


def convolutions(options):
    from cnnkit import kernels
    from cnnkit.bench.conv_cases import conv_case
    from cnnkit.bench.network_cases.convs import NETWORK_LAYERS
    from cnnkit.bench.on_cuda.clock import in_turn
    from cnnkit.bench.on_cuda.measure import measure_case
    from cnnkit.bench.on_cuda.roof import roof
    from cnnkit.bench.rivals.known import as_precise
    from cnnkit.errors import CnnkitError

    wanted = [replace(layer, N=32) for layer in NETWORK_LAYERS if layer.name.startswith(("resnet50", "resnet18"))]
    wrong = 0
    with kernels.use(backend="cuda"):
        tell(device=kernels.cuda_device(), **roof()._asdict())
        for precision in PRECISIONS:
            with kernels.use(precision=precision):
                against = ["torch"] if options.against and as_precise() else []
                for layer in wanted:
                    for direction in ("forward", "dw") if layer.C <= 3 else ("forward", "dx", "dw"):
                        try:
                            tell(**measure_case(conv_case(layer, direction), against, 0.1, roof(), in_turn).to_json())
                        except CnnkitError as error:
                            wrong += 1
                            tell(case=f"{layer} {direction}", precision=precision, error=str(error))
    return wrong


def small(options):
    from cnnkit import kernels
    from cnnkit.bench.on_cuda.simulated import checked

    with kernels.use(backend="cuda"):
        for name in checked():
            tell(case=name, right=True)
    return 0


PARTS = {
    "agreement": agreement,
    "kernels": each_kernel,
    "memory": memory,
    "graphs": graphs,
    "convolutions": convolutions,
    "small": small,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("against", nargs="*")
    parser.add_argument("--simulate", action="store_true")
    parser.add_argument("--share", nargs=2, type=int, help="which of how many shares")
    options = parser.parse_args()
    return int(PARTS[options.part](options) > 0)


if __name__ == "__main__":
    sys.exit(main())
