"""An ONNX file in ONNX Runtime and in OpenVINO: all that they optimise, in float32, and their own way of waiting."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnnkit.bench.rivals.known import Work
from cnnkit.errors import UsageError
from cnnkit.graph.onnx import onnx_file
from cnnkit.graph.trace import trace
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module
from cnnkit.nn.module import blank

Start = Callable[[bytes, Mapping[str, Host], int], Work]


def file_of(network: Module, x_shape: tuple[int, ...]) -> bytes:
    """The file of a network for inputs of just that shape, its results in their order."""
    graph = trace(network, blank(x_shape))
    if graph is None:
        raise UsageError(f"{type(network).__name__} computes what no call of cnnkit gave, so it has no ONNX file.")
    return onnx_file(graph, [f"y{number}" for number in range(len(graph.results))], any_batch=False)


def onnxruntime_session(model: bytes, feed: Mapping[str, Host], threads: int) -> Work:
    """feed: by the names of the inputs. Every optimisation is on by default, and threads spin while they wait."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, feed)


def openvino_session(model: bytes, feed: Mapping[str, Host], threads: int) -> Work:
    """One request at a time. Float32 is asked for: by itself OpenVINO computes in bfloat16 where the CPU can."""
    import openvino

    core = openvino.Core()
    options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(core.read_model(model), "CPU", options).create_infer_request()
    return lambda: list(request.infer(dict(feed)).values())


SESSIONS: dict[str, Start] = {"onnxruntime": onnxruntime_session, "openvino": openvino_session}
