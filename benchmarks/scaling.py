"""How do times grow with images and fall with threads, and how near to the processor's peak do plain sums come?

python benchmarks/scaling.py images threads direct --keep

images:  milliseconds an image of a prediction, 8 to 256 images at once; wanted: within 15 %.
threads: predictions and training steps on one thread and on two, with multiply-adds in registers beside them, which
    tell what the second core gives at all; wanted: 1.85 where computing is what takes the time.
direct:  convolutions tap by tap, without Winograd's algorithm, of at least 64 channels on both sides, as shares of the
    multiply-adds in registers that run in turn with them; wanted: 88 %.
All contenders of a row run in turn in one process. Each is told by its best round and its median: a second core that
others share gives less at times, to what is measured and to what it is measured by. Kept are
results/<cpu>/scaling-<part>.json, and the tables in README.md.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from kept import keep
from tables import write_tables

from cnnkit import kernels
from cnnkit.autograd import Tensor, no_grad
from cnnkit.bench.conv_cases import LAYERS, conv_case
from cnnkit.bench.network_cases import scores
from cnnkit.bench.network_cases.convs import NETWORK_LAYERS, Layer
from cnnkit.bench.timer import in_turn
from cnnkit.cli.show.machine import machine_facts
from cnnkit.graph import Planned
from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.simd.peak import multiply_add_forever
from cnnkit.kernels.shared.array import Host

Row = dict[str, object]
IMAGES, GROWING = (8, 32, 256), (("resnet20", 32), ("mobilenet_v2", 224), ("resnet18", 224))
THREADS = (1, 2)
# (network, images of 224x224)
PREDICTED, LEARNED = (("resnet18", 8), ("resnet50", 8), ("vgg16", 4)), (("resnet18", 8), ("resnet50", 4), ("vgg16", 2))
LEAST = 64
ROUNDS = 200_000  # of the loop of multiply-adds, some 2 ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="+", choices=PARTS)
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("--threads", type=int, default=2, help="of images and direct")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each row")
    parser.add_argument("--keep", action="store_true", help="keep the figures, and write the tables")
    asked = parser.parse_args()
    for part in asked.parts:
        rows = []
        for row in PARTS[part](asked.only, asked.threads, asked.seconds):
            rows.append(row)
            print(row, flush=True)
        if asked.keep:
            keep({"machine": machine_facts(), "threads": asked.threads, "scaling": rows}, f"scaling-{part}")
            write_tables()


def growing(only: str, threads: int, seconds: float) -> Iterator[Row]:
    """Milliseconds an image, by how many there are."""
    for name, side in GROWING:
        if only in name:
            with kernels.use(threads=threads):
                timings = in_turn([prediction(name, N, side) for N in IMAGES], seconds=seconds, least=3)
            each = {str(N): 1e3 * timing.best / N for N, timing in zip(IMAGES, timings, strict=True)}
            medians = {str(N): 1e3 * timing.median / N for N, timing in zip(IMAGES, timings, strict=True)}
            spread = max(each.values()) / min(each.values())
            yield {"case": name, "ms an image": each, "medians": medians, "most / least": spread}


def shared(only: str, threads: int, seconds: float) -> Iterator[Row]:
    """One thread / two, of the best rounds and of the medians."""
    rows = [(f"{name} predict, batch {N}", partial(prediction, name, N, 224)) for name, N in PREDICTED]
    rows += [(f"{name} training step, batch {N}", partial(step, name, N)) for name, N in LEARNED]
    for title, make in rows:
        if only in title:
            work = make()
            both = [partial(on, count, work) for count in THREADS]
            peaks = [partial(on, count, partial(multiply_add_forever, count, 10 * ROUNDS)) for count in THREADS]
            one, two, alone, together = in_turn([*both, *peaks], seconds=seconds, least=5)
            yield {
                "case": title,
                "ms": {"1": 1e3 * one.best, "2": 1e3 * two.best},
                "1 / 2": one.best / two.best,
                "medians, 1 / 2": one.median / two.median,
                "multiply-adds, 1 / 2": 2 * alone.best / together.best,
                "their medians, 1 / 2": 2 * alone.median / together.median,
            }


def direct(only: str, threads: int, seconds: float) -> Iterator[Row]:
    """GFLOP/s as a share of multiply-adds in registers."""
    seen = set()
    for layer in (*LAYERS, *NETWORK_LAYERS):
        shape = layer.size, layer.C, layer.O, layer.kernel, layer.stride, layer.dilation
        if min(layer.C, layer.O) < LEAST or layer.groups > 1 or shape in seen or by_winograd(layer):
            continue
        seen.add(shape)
        for direction in ("forward", "dx", "dw"):
            case = conv_case(layer, direction)
            if only in case.name and case.flop is not None:
                with kernels.use(threads=threads):
                    case.check()
                    ours, peak = in_turn([case.run, partial(multiply_add_forever, threads, ROUNDS)], seconds=seconds)
                roof = multiply_add_forever(threads, 1000) / 1000 * ROUNDS
                of_best, of_median = (
                    case.flop / mine / (roof / most)
                    for mine, most in ((ours.best, peak.best), (ours.median, peak.median))
                )
                gflops = float(case.flop) / ours.best / 1e9
                yield {"case": case.name, "GFLOP/s": gflops, "of peak": of_best, "medians, of peak": of_median}


def by_winograd(layer: Layer) -> bool:
    return layer.stride == 1 and layer.kernel in schedule.FORMS


def prediction(name: str, N: int, side: int) -> Callable[[], Host]:
    model, x, _ = scores.setting(name, N, side)
    ready = Planned(model.eval())

    def predict() -> Host:
        with no_grad():
            logits: Host = ready(Tensor(x)).numpy()
        return logits

    if not np.isfinite(predict()).all():
        raise ArithmeticError(f"{name} told what is no number")
    return predict


def step(name: str, N: int) -> Callable[[], object]:
    case = scores.train_case(name, N, 224)
    case.check()
    return case.run


def on(threads: int, work: Callable[[], object]) -> object:
    with kernels.use(threads=threads):
        return work()


PARTS: dict[str, Callable[[str, int, float], Iterator[Row]]] = {"images": growing, "threads": shared, "direct": direct}

if __name__ == "__main__":
    main()
