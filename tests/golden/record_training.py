"""Record a hundred training steps of torch: `python tests/golden/record_training.py [NAME ...]`.

Wants torch; the test wants it not. Writes training.json, or renews only the networks named. Pictures, labels and rule
come from training_problem.py, first weights from formula.py. Kept are, of each network: names and shapes of the state;
the losses in float64, which are the truth; those in float32 with the images of each batch in several orders, which
changes rounding alone and so shows what it may cost; and for both the norm of every array of the state after the last
step.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from formula import state
from torch_networks import ConvNet, ResNet20
from training_problem import BATCH, MOMENTUM, PROBLEMS, STEPS, WARMUP, WEIGHT_DECAY, Problem, batch

FILE = Path(__file__).with_name("training.json")
NETWORKS = {"convnet": ConvNet, "resnet20": ResNet20}
# By how many places the images of a batch are turned round.
TURNS = range(0, BATCH, BATCH // 4)


def arrays(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {key: t for key, t in model.state_dict().items() if not key.endswith("num_batches_tracked")}


def trained(name: str, dtype: torch.dtype, turn: int = 0) -> dict[str, object]:
    """Losses of all steps, and norms afterwards."""
    problem, model = PROBLEMS[name], NETWORKS[name]()
    first = state({key: list(t.shape) for key, t in arrays(model).items()})
    model.load_state_dict({key: torch.from_numpy(array) for key, array in first.items()}, strict=False)
    model.to(dtype).train()
    optimiser = sgd(model, problem)
    rate = warmup_and_cosine(optimiser)
    losses = []
    for step in range(STEPS):
        x, labels = (torch.from_numpy(np.roll(array, turn, axis=0)) for array in batch(problem, step))
        loss = F.cross_entropy(model(x.permute(0, 3, 1, 2).to(dtype)), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
        losses.append(loss.item())
    return {"losses": losses, "norms": {key: t.double().norm().item() for key, t in arrays(model).items()}}


def sgd(model: torch.nn.Module, problem: Problem) -> torch.optim.Optimizer:
    """Nesterov's momentum; weights of one axis (biases, norms) do not decay."""
    wide = [p for p in model.parameters() if p.ndim > 1]
    narrow = [p for p in model.parameters() if p.ndim == 1]
    groups = [{"params": wide, "weight_decay": WEIGHT_DECAY}, {"params": narrow, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=problem.lr, momentum=MOMENTUM, nesterov=True)


def warmup_and_cosine(optimiser: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
    """A straight climb to the rate, then half a cosine down to zero."""
    climb = torch.optim.lr_scheduler.LinearLR(optimiser, 1 / (WARMUP + 1), total_iters=WARMUP)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS - WARMUP)
    return torch.optim.lr_scheduler.SequentialLR(optimiser, [climb, fall], [WARMUP])


def short(value: object) -> object:
    """Nine digits are enough of a number that float32 is compared with."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: short(v) for key, v in value.items()}
    return [short(v) for v in value] if isinstance(value, list) else value


def record(name: str) -> dict[str, object]:
    shapes = {key: list(t.shape) for key, t in arrays(NETWORKS[name]()).items()}
    rounded = [trained(name, torch.float32, turn) for turn in TURNS]
    return {"shapes": shapes, "float64": short(trained(name, torch.float64)), "float32": short(rounded)}


if __name__ == "__main__":
    networks = json.loads(FILE.read_text())["networks"] if len(sys.argv) > 1 and FILE.exists() else {}
    for name in sys.argv[1:] or NETWORKS:
        networks[name] = record(name)
    told = ",\n".join(f"{json.dumps(n)}:{json.dumps(found, separators=(',', ':'))}" for n, found in networks.items())
    version = json.dumps(torch.__version__.partition("+")[0])
    FILE.write_text(f'{{"torch":{version},\n"networks":{{\n{told}\n}}}}\n')
