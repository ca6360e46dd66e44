"""A prediction in torch, as a script of its own that imports nothing of cnnkit: what a user of torch would start.

    python torch_script.py NETWORK.pt PICTURE THREADS

NETWORK.pt holds a graph that was frozen and, beside it, how a picture becomes an input. The picture has the network's
own size. Printed are the best class and its score, as JSON.
"""

import json
import sys

import numpy as np
import torch
from PIL import Image


def main(network: str, picture: str, threads: str) -> None:
    torch.set_num_threads(int(threads))
    beside = {"input.json": ""}
    model = torch.jit.load(network, _extra_files=beside)
    known = json.loads(beside["input.json"])
    pixels = np.asarray(Image.open(picture).convert("L" if known["channels"] == 1 else "RGB"), np.float32)
    mean, std = (np.array(known[name], np.float32) for name in ("mean", "std"))
    image = (pixels.reshape(*pixels.shape[:2], -1) / np.float32(255) - mean) / std
    with torch.inference_mode():
        (logits,) = model(torch.from_numpy(image)[None].permute(0, 3, 1, 2).contiguous())
        scores = torch.softmax(logits[0], 0)
        score, index = torch.max(scores, 0)
    print(json.dumps({"index": int(index), "score": float(score)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
