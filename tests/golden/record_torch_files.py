"""Write tests/golden/torch_files: small files as torch itself saves them. Run with torch at hand:

python tests/golden/record_torch_files.py
"""

from pathlib import Path

import torch
from torch import nn

FOLDER = Path(__file__).parent / "torch_files"


def tensors() -> dict[str, torch.Tensor]:
    """One of each kind that a state dict holds; `tests/serialize/test_pickle_reader.py` computes the same numbers."""
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) / 8 - 1
    return {
        "plain": base,
        "transposed": base.transpose(0, 2),
        "slice": base[1, :, 1:3],
        "stepped": base.reshape(-1)[3::5],
        "half": base[0].half(),
        "bfloat16": base[1].bfloat16(),
        "double": base.double(),
        "counter": torch.tensor(7),
        "flags": torch.tensor([True, False]),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "parameter": nn.Parameter(base[0].clone()),
    }


def checkpoint() -> dict[str, object]:
    """What a training script saves: weights among other things."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU())
    optimiser = torch.optim.SGD(module.parameters(), 0.1, momentum=0.9)
    module(torch.zeros(1, 1, 4, 4)).sum().backward()
    optimiser.step()
    return {"epoch": 3, "model": module.state_dict(), "optimizer": optimiser.state_dict(), "best": 0.5}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    torch.save(tensors(), FOLDER / "zip.pth")
    torch.save(tensors(), FOLDER / "zip_protocol_4.pth", pickle_protocol=4)
    torch.save(tensors(), FOLDER / "old.pth", _use_new_zipfile_serialization=False)
    torch.save(checkpoint(), FOLDER / "checkpoint_zip.pth")
    torch.save(checkpoint(), FOLDER / "checkpoint_old.pth", _use_new_zipfile_serialization=False)
    torch.save(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), FOLDER / "whole_model.pt")


if __name__ == "__main__":
    main()
