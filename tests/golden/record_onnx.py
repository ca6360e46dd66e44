"""Record what ONNX Runtime computes of our ONNX files: `python tests/golden/record_onnx.py`, from the root.

Wants onnx and onnxruntime; the tests want neither. Kept are in onnx.json, for each network of onnx_problem.py, the
SHA-256 of its file for any number of images, and ONNX Runtime's logits, or the first numbers of a large result. A file
of one image is run too, and must tell the same.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx_problem import NETWORKS, file_of, made

FILE = Path(__file__).with_name("onnx.json")
MOST = 60


def run(data: bytes, x: np.ndarray) -> np.ndarray:
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.ascontiguousarray(x.transpose(0, 3, 1, 2))})[0]


def record(name: str) -> dict[str, object]:
    module, x = made(name)
    data = file_of(module, x.shape[1:])
    y = run(data, x)
    assert np.abs(run(file_of(module, x.shape[1:], batch=1), x[:1]) - y[:1]).max() <= 1e-5 * np.abs(y).max()
    flat = y.reshape(len(x), -1)
    chosen = flat[:, :: max(1, flat.shape[1] // MOST)][:, :MOST]
    logits = [[float(f"{value:.8g}") for value in row] for row in chosen]
    return {"sha256": hashlib.sha256(data).hexdigest(), "shape": list(y.shape), "logits": logits}


if __name__ == "__main__":
    found = {name: record(name) for name in NETWORKS}
    versions = {module.__name__: module.__version__ for module in (onnx, onnxruntime)}
    lines = ",\n".join(f"{json.dumps(name)}:{json.dumps(kept, separators=(',', ':'))}" for name, kept in found.items())
    FILE.write_text(f'{{"versions":{json.dumps(versions)},\n"networks":{{\n{lines}\n}}}}\n')
