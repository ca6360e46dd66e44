"""Train the network of a recipe in torch: the same first weights, pictures, order and rates. What does torch reach?

python benchmarks/torch_training.py --recipe unet-membrane --data ../shared/data/membrane --seed 1 --as unet-membrane-1

Batches come from cnnkit's loader, so each picture is changed alike; every number of a step is then torch's: outputs,
loss, gradients, update. After an epoch the weights go into cnnkit's network, which is judged as in a run: that both say
the same of the same weights is shown by tests. Dropout draws other numbers. Kept is results/<cpu>/torch/<name>.json.
"""

import argparse
import time
from typing import Any

import numpy as np
from kept import keep

from cnnkit.bench.rivals.known import nchw
from cnnkit.bench.twins.torch_twin import TorchTwin
from cnnkit.cli.show.machine import machine_facts
from cnnkit.data.load.batch import Batch
from cnnkit.data.targets import VOID
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.records.recipes import merged
from cnnkit.engine.run.state import Training
from cnnkit.engine.session.assemble import Pieces, begin
from cnnkit.engine.session.judging import Judging
from cnnkit.engine.training.course import Course
from cnnkit.engine.training.rate import Rate
from cnnkit.errors import NumericError
from cnnkit.nn import Dropout
from cnnkit.tasks.segmentation.losses import CROSS_ENTROPY

PATHS = ("data", "weights")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", required=True)
    parser.add_argument("--data", help="where the recipe's data lie")
    parser.add_argument("--weights", help="where the recipe's first weights lie")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, help="fewer than the recipe's, to try it")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--as", dest="name", help="keep the figures under results/CPU/torch/NAME.json")
    asked = parser.parse_args()
    chosen = {name: getattr(asked, name) for name in (*PATHS, "seed", "epochs")}
    given = {name: value for name, value in chosen.items() if value is not None}
    pieces = begin(FitOptions.from_values(merged(asked.recipe, given)).validate(), None, None)
    found = trained(pieces, asked.threads)
    print(found)
    if asked.name:
        options = {name: value for name, value in pieces.training.options.to_record().items() if name not in PATHS}
        facts = {"recipe": asked.recipe, "data": pieces.splits.name, "options": options, "threads": asked.threads}
        keep(facts | found | {"machine": machine_facts()}, f"torch/{asked.name}")


def trained(pieces: Pieces, threads: int) -> dict[str, Any]:
    """The whole course; what the best epoch says of the test part."""
    set_up(threads, pieces.training.options.seed)
    training, splits, loader = pieces.training, pieces.splits, pieces.loader
    if training.progress.new_head:
        raise SystemExit("A head that first learns alone is not compared.")
    if training.lookahead is not None:
        raise SystemExit(
            "Weights that go back to an average are not compared, but benchmarks/torch_steps.py times them."
        )
    course = Course.of(training.options, len(loader))
    rate, learner = Rate(training.options, course), Learner(pieces)
    begun, steps, curve = time.perf_counter(), 0.0, []
    for epoch in range(course.epochs):
        losses = []
        for number, batch in enumerate(loader.epoch(epoch)):
            if number >= course.batches(epoch):
                break
            since = time.perf_counter()
            losses.append(learner.step(batch, rate.lr(epoch * course.per_epoch + number)))
            steps += time.perf_counter() - since
        learner.give_back()
        judgement = judging(pieces).validation().judgement()
        training.keep_if_best(judgement, epoch + 1)
        curve.append({"loss": round(float(np.mean(losses)), 5), "val_loss": judgement.loss, **judgement.values})
        print(epoch + 1, curve[-1], f"{time.perf_counter() - begun:.0f} s", flush=True)
    tally = judging(pieces).test()
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "seconds_of_steps": round(steps, 1),
        "best_epoch": training.progress.best_epoch,
        "test": {**tally.judgement().values, **tally.more(), "loss": tally.judgement().loss, "n": len(splits.test)},
        "curve": curve,
    }


def set_up(threads: int, seed: int) -> None:
    """Of torch."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    # Published weights hold numbers so small that a CPU computes with them many times slower.
    torch.set_flush_denormal(True)


class Learner:
    """Steps in torch on batches of any size, from the weights that the pieces hold; the first loss is compared."""

    def __init__(self, pieces: Pieces, *, channels_last: bool = True) -> None:
        self.pieces, self.channels_last = pieces, channels_last
        self.twins: dict[tuple[int, ...], TorchTwin] = {}
        self.optimiser: Any = None

    def step(self, batch: Batch, lr: float) -> float:
        """One update at this rate; the loss before it."""
        import torch

        training, before = self.pieces.training, bool(self.twins)
        if batch.x.shape not in self.twins:
            first = next(iter(self.twins.values()), None)
            twin = TorchTwin(training.module, batch.x, channels_last=self.channels_last, beside=first)
            self.twins[batch.x.shape] = twin
            self.optimiser = self.optimiser or optimiser_of(training, twin.parameters())
        for group in self.optimiser.param_groups:
            group["lr"] = group["factor"] * lr
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        images = torch.from_numpy(nchw(batch.x)).contiguous(memory_format=layout)
        loss = loss_of(self.pieces, self.twins[batch.x.shape](images), batch.targets)
        if not before:
            same_work(self.pieces, batch, loss.item())
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return float(loss.item())

    def give_back(self) -> None:
        """Write the weights into cnnkit's network."""
        for twin in self.twins.values():
            twin.give_back(self.pieces.training.module)


def judging(pieces: Pieces) -> Judging:
    return Judging(pieces.training, pieces.task, pieces.splits, lambda: None, NumericError)


def loss_of(pieces: Pieces, logits: Any, targets: Any) -> Any:
    """Cross-entropy of images or of pixels, with the classes' weights; other losses are not compared."""
    import torch

    options, weights = pieces.training.options, None
    if (options.loss or CROSS_ENTROPY) != CROSS_ENTROPY or options.border_weight or options.mixup or options.cutmix:
        raise SystemExit("Only the plain cross-entropy is compared.")
    if options.class_weights != "none":
        weights = torch.from_numpy(np.asarray(pieces.task.settings()["weight_of_class"], np.float32))
    labels = torch.from_numpy(np.asarray(targets, np.int64))
    function = torch.nn.functional.cross_entropy
    return function(logits, labels, weights, ignore_index=VOID, label_smoothing=options.label_smoothing)


def same_work(pieces: Pieces, batch: Batch, first: float) -> None:
    """Refuse to go on if the first loss is another than ours; a network that drops anything cannot be compared."""
    ours = pieces.task.loss(pieces.training.module, batch).value.item()
    dropping = any(isinstance(module, Dropout) and module.rate for module in pieces.training.module.modules())
    if not dropping and not abs(ours - first) <= 1e-4 * abs(ours):
        raise SystemExit(f"The first loss is {first:.6g} in torch and {ours:.6g} in cnnkit: not the same work.")


def optimiser_of(training: Training, parameters: list[Any]) -> Any:
    """torch's own; biases, and what batch norm scales and shifts, do not decay, and a head may move faster."""
    import torch

    options, decay = training.options, float(training.options.weight_decay or 0.0)
    moved = zip(training.optimiser.parameters, training.optimiser.factors, strict=True)
    factors = {id(parameter): factor for parameter, factor in moved}
    groups = [
        {"params": [p], "weight_decay": decay if p.ndim > 1 else 0.0, "factor": factors[id(ours)]}
        for p, ours in zip(parameters, training.module.parameters(), strict=True)
        if ours.requires_grad
    ]
    if options.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=0.1, momentum=options.momentum, nesterov=options.nesterov)
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[str(options.optimiser)](groups, lr=1e-3)


if __name__ == "__main__":
    main()
