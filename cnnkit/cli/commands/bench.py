"""`cnnkit bench`: measure this machine, and other libraries beside it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from cnnkit import kernels
from cnnkit.cli.arguments.common import option
from cnnkit.cli.arguments.completion import model_names
from cnnkit.cli.arguments.values import Name, Names, Real, Whole
from cnnkit.cli.command import command
from cnnkit.cli.show.screen import Screen
from cnnkit.errors import UsageError
from cnnkit.kernels.shared import devices

if TYPE_CHECKING:
    from cnnkit.bench import NetworkTime, Result

SUITES = ("conv", "networks", "pointwise", "train", "predict", "start")
RIVALS = ("torch", "onnxruntime", "openvino")
# A plain `cnnkit bench` ends within a minute: a part of each suite but "start", which compiles everything anew.
PLAIN_SUITES = SUITES[:-1]


@command("bench", example="cnnkit bench --suite conv --against torch,onnxruntime", computes=True)
@click.argument("model", required=False, shell_complete=model_names)
@option("--layers", is_flag=True, help="Where the time of a prediction by the network MODEL goes, layer by layer.")
@option(
    "--batch-size",
    also="--batch",
    type=Whole(1, 4096, example="--batch-size 8"),
    show_default=False,
    help="With --layers: images at a time; 1 by default.",
)
@option(
    "--suite",
    type=Name(SUITES, example="--suite conv"),
    help="conv, networks (their convolutions), pointwise, train, predict or start, whole; by default a part of each.",
)
@option(
    "--against",
    type=Names(RIVALS, example="--against torch,onnxruntime"),
    default=(),
    show_default=False,
    help="Libraries to compare with, if they are installed: torch, onnxruntime, openvino.",
)
@option(
    "--only", default="", show_default=False, metavar="TEXT", help="Measure only the cases whose name contains TEXT."
)
@option("--seconds", type=Real(above=0, most=600, example="--seconds 1"), help="Time for each library in a case.")
@click.pass_context
def bench(
    ctx: click.Context,
    screen: Screen,
    model: str | None,
    layers: bool,
    batch_size: int | None,
    suite: str | None,
    against: tuple[str, ...],
    only: str,
    seconds: float | None,
) -> None:
    """Measure kernels, training and prediction on this machine.

    Every answer is checked before it is timed. Shown are the median, the best and the worst time.

    With MODEL --layers: the layers of a network in use, those where the most could be gained first.
    """
    from cnnkit import bench as measuring
    from cnnkit.cli.show.machine import machine_facts, threads_in_use

    there = kernels.backend() == "cuda"
    if there and (layers or model or batch_size):
        raise UsageError("Layers are timed on this processor alone. Leave --layers out, or --backend.")
    if there and devices.is_simulated():
        _simulated(screen, only)
        return
    if layers or model or batch_size:
        if not (layers and model) or suite or against or only:
            raise UsageError("--layers is for one network and nothing beside it: cnnkit bench MODEL --layers")
        _layers(screen, measuring.layer_times(model, batch_size or 1, threads=threads_in_use(), seconds=seconds or 1.0))
        return
    if "torch" in against and not there:
        _start_fairly(ctx.find_root().meta.get("cnnkit.own_arguments"), measuring.FAIR_ENVIRONMENT)
    machine = machine_facts()
    suites, quick = (suite,) if suite else PLAIN_SUITES, suite is None
    seconds = seconds or (0.5 if quick or there else 1.0)
    if there:
        machine |= _device(screen)
        measured = measuring.on_device(suites, against=against, seconds=seconds, quick=quick, only=only)
    else:
        screen.note(f"{machine['cpu']}, {threads_in_use()} thread(s); every answer is checked before it is timed.")
        measured = measuring.run(
            suites, against=against, threads=threads_in_use(), seconds=seconds, quick=quick, only=only
        )
    results: list[Result] = []
    with screen.progress() as progress:
        progress.update("measuring", 0, 0)
        for result in measured:
            results.append(result)
            progress.update("measured", len(results), 0, result.case, result.case)
    if only and not results:
        where = f"the suite {suite}" if suite else "the part of each suite that is measured without --suite"
        raise UsageError(f"--only: no case in {where} has {only!r} in its name. Leave --only out to see their names.")
    if screen.as_json:
        screen.json({"machine": machine, "results": [result.to_json() for result in results]})
    else:
        _table(screen, results, against)


def _device(screen: Screen) -> dict[str, Any]:
    """What is measured, told and noted beside the machine: the device, and how fast it is at most."""
    from cnnkit.bench.on_cuda.measure import LEFT_OUT
    from cnnkit.bench.on_cuda.roof import roof

    name, most = kernels.cuda_device(), roof()
    screen.note(
        f"{name}. At most {most.gflops:,.0f} GFLOP/s and {most.gbytes:,.0f} GB/s, measured; every answer is checked "
        "before it is timed, by the device's own clock."
    )
    if kernels.precision() == "tf32":
        screen.note(LEFT_OUT)
    return {"device": name, "roof": most._asdict()}


def _simulated(screen: Screen, only: str) -> None:
    """In the simulator every answer is checked, and nothing is timed."""
    from cnnkit import bench as measuring
    from cnnkit.bench.on_cuda.simulated import LEFT_OUT

    names = list(measuring.checked(only))
    if not names:
        raise UsageError(f"--only: no case has {only!r} in its name. Leave --only out to see their names.")
    if screen.as_json:
        screen.json({"simulated": True, "checked": names})
    else:
        screen.table(["case", "answer"], [(name, "right") for name in names])
        screen.note("simulated: answers checked, no times")
        screen.note(LEFT_OUT)


def _start_fairly(arguments: list[str] | None, environment: dict[str, str]) -> None:
    """torch reuses memory only with these variables, which glibc reads when a process starts: so start again."""
    if arguments is not None and any(name not in os.environ for name in environment):
        os.execve(sys.executable, [sys.executable, "-m", "cnnkit", *arguments], {**os.environ, **environment})


def _layers(screen: Screen, times: NetworkTime) -> None:
    from cnnkit.cli.show.machine import machine_facts

    if screen.as_json:
        screen.json({"machine": machine_facts(), **times.to_json()})
        return
    rows = [
        (
            layer.name,
            "x".join(map(str, layer.shape[1:])),
            f"{layer.ms:.3f}",
            "-" if layer.gflops is None else f"{layer.gflops:.0f}",
            f"{100 * layer.of_roof:.0f} %",
            f"{layer.gain_ms:.3f}",
        )
        for layer in times.layers
    ]
    screen.table(["layer", "result", "ms", "GFLOP/s", "of roof", "to gain"], rows, optional=["result"])
    parts = sum(layer.ms for layer in times.layers)
    screen.note(
        f"{times.network}, batch {times.batch}: {times.ms:.3f} ms as a whole, {parts:.3f} ms the layers one by one. "
        "The roof is the peak of multiply-adds, or a copy of what is read and written, whichever takes longer."
    )


def _table(screen: Screen, results: list[Result], against: tuple[str, ...]) -> None:
    # Whole processes are measured in memory too, and nothing is told of their sums.
    whole = any(result.mb is not None for result in results)
    columns = ["case", "ms", "best", "worst", *(["MB"] if whole else ["GFLOP/s", "of peak"])]
    columns += [title for name in against for title in (f"{name} / ours", *([f"{name}, MB"] if whole else []))]
    rows: list[tuple[Any, ...]] = [
        (
            result.case,
            f"{result.ms:.3f}",
            f"{result.best_ms:.3f}",
            f"{result.worst_ms:.3f}",
            *([_shown(result.mb, "{:.0f}")] if whole else _sums(result)),
            *(cell for name in against for cell in _beside(result, name, whole)),
        )
        for result in results
    ]
    screen.table(columns, rows, optional=["worst", "best", "GFLOP/s", "of peak"])
    if against:
        screen.note("A ratio above 1 means that cnnkit is faster.")


def _sums(result: Result) -> list[str]:
    share = None if result.peak_fraction is None else 100 * result.peak_fraction
    return [_shown(result.gflops, "{:.1f}"), _shown(share, "{:.0f} %")]


def _beside(result: Result, name: str, whole: bool) -> list[str]:
    cells = [_shown(result.against.get(name), "{:.2f}x")]
    return [*cells, _shown(result.against_mb.get(name), "{:.0f}")] if whole else cells


def _shown(number: float | None, form: str) -> str:
    return "-" if number is None else form.format(number)
