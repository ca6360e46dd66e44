"""Record what torch's networks compute, in float64: `python tests/golden/record_networks.py [NAME ...]`.

Wants torch and torchvision; the tests want neither. Writes networks.json, or renews only the networks named. Weights
and images come from formula.py. Kept are: names and shapes of the state; logits in use; in training (dropout 0) the
loss, of each gradient the norm and the product with a direction, and the same of the running statistics afterwards;
and how far torch's own float32 lies from that, which is what rounding may cost; of logits as a share of the largest.
"""

import json
import sys
from pathlib import Path
from statistics import median

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
import torchvision
from formula import direction, image, state
from torch_networks import NETWORKS

FILE = Path(__file__).with_name("networks.json")
NAMES = [
    *("alexnet", "vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn", "googlenet"),
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "mobilenet_v2"),
    *("mobilenet_v3_small", "mobilenet_v3_large", "squeezenet1_0", "squeezenet1_1"),
    *("shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0"),
    *NETWORKS,
]
EVAL_SIZE, TRAIN_SIZE, TRAIN_IMAGES = 224, 64, 8
AUXILIARY_WEIGHT = 0.3


def create(name: str, dtype: torch.dtype) -> torch.nn.Module:
    """The network with weights by formula."""
    model = NETWORKS[name]() if name in NETWORKS else of_torchvision(name)
    model.load_state_dict({key: torch.from_numpy(a) for key, a in state(shapes(model)).items()}, strict=False)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model.to(dtype)


def of_torchvision(name: str) -> torch.nn.Module:
    extra = {"aux_logits": True, "init_weights": False} if name == "googlenet" else {}
    return torchvision.models.get_model(name, weights=None, **extra)


def shapes(model: torch.nn.Module) -> dict[str, list[int]]:
    return {key: list(t.shape) for key, t in model.state_dict().items() if not key.endswith("num_batches_tracked")}


def images(count: int, size: int, dtype: torch.dtype) -> torch.Tensor:
    return torch.from_numpy(image((count, size, size, 3))).permute(0, 3, 1, 2).to(dtype)


def loss_of(outputs: torch.Tensor | tuple[torch.Tensor, ...], labels: torch.Tensor) -> torch.Tensor:
    if isinstance(outputs, torch.Tensor):
        return F.cross_entropy(outputs, labels)
    logits, *auxiliary = outputs
    return F.cross_entropy(logits, labels) + AUXILIARY_WEIGHT * sum(F.cross_entropy(a, labels) for a in auxiliary)


def measured(tensors: dict[str, torch.Tensor], order: list[str]) -> dict[str, list[float]]:
    """(norm, product with a direction) of each."""
    return {
        key: [
            t.double().norm().item(),
            (t.double() * torch.from_numpy(direction(tuple(t.shape), order.index(key)))).sum().item(),
        ]
        for key, t in tensors.items()
    }


def trained(name: str, dtype: torch.dtype) -> dict[str, object]:
    """Loss, gradients and running statistics of one pass in training mode."""
    model = create(name, dtype).train()
    order = list(shapes(model))
    labels = torch.arange(TRAIN_IMAGES) * 7 % (10 if name == "resnet20" else 1000)
    loss = loss_of(model(images(TRAIN_IMAGES, TRAIN_SIZE, dtype)), labels)
    loss.backward()
    statistics = {key: t for key, t in model.state_dict().items() if "running_" in key}
    gradients = {key: p.grad for key, p in model.named_parameters()}
    return {"loss": loss.item(), "gradients": measured(gradients, order), "statistics": measured(statistics, order)}


def rounding(exact: dict[str, list[float]], rounded: dict[str, list[float]]) -> list[float]:
    """Median and largest deviation of a product, in norms of its tensor; what should be zero is judged by the largest.

    The largest is often that of a ReLU or a pool whose tie fell to the other side: no fault, but no rounding either.
    """
    least = 1e-3 * max((norm for norm, _ in exact.values()), default=1.0)
    deviations = [abs(a[1] - b[1]) / max(a[0], least) for a, b in zip(exact.values(), rounded.values(), strict=True)]
    return [median(deviations), max(deviations)] if deviations else [0.0, 0.0]


def short(value: object) -> object:
    """Eight digits are enough of a number that float32 is compared with."""
    if isinstance(value, float):
        return float(f"{value:.8g}")
    if isinstance(value, dict):
        return {key: short(v) for key, v in value.items()}
    return [short(v) for v in value] if isinstance(value, list) else value


def record(name: str) -> dict[str, object]:
    with torch.inference_mode():
        model = create(name, torch.float64).eval()
        logits = model(images(1, EVAL_SIZE, torch.float64))[0]
        single = create(name, torch.float32).eval()(images(1, EVAL_SIZE, torch.float32))[0].double()
    exact, rounded = trained(name, torch.float64), trained(name, torch.float32)
    noise = {part: rounding(exact[part], rounded[part]) for part in ("gradients", "statistics")}
    noise["logits"] = ((single - logits).abs().max() / logits.abs().max()).item()
    noise["loss"] = abs(exact["loss"] - rounded["loss"]) / abs(exact["loss"])
    return {"shapes": shapes(model), "logits": short(logits.tolist()), **short(exact), "torch_float32": short(noise)}


if __name__ == "__main__":
    networks = json.loads(FILE.read_text())["networks"] if len(sys.argv) > 1 and FILE.exists() else {}
    for name in sys.argv[1:] or NAMES:
        networks[name] = record(name)
        print(name, networks[name]["torch_float32"], flush=True)
    told = [f"{json.dumps(name)}:{json.dumps(found, separators=(',', ':'))}" for name, found in networks.items()]
    versions = {module.__name__: module.__version__.partition("+")[0] for module in (torch, torchvision)}
    lines = ",\n".join(told)
    FILE.write_text(f'{{"versions":{json.dumps(versions)},\n"networks":{{\n{lines}\n}}}}\n')
