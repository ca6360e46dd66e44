"""The whole road of R-CNN, phase by phase, on pictures of shapes: each part gives what the next one asks for."""

import numpy as np
import pytest

from cnnkit import kernels, nn, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.data.sets.boxes.shapes import ShapeBoxes
from cnnkit.metrics.detection import FoundBoxes, TrueBoxes, VocScore
from cnnkit.models.detection.proposals import Strategies, selective_search
from cnnkit.models.detection.rcnn.crops import crops
from cnnkit.models.detection.rcnn.heads import Seen, learn
from cnnkit.models.detection.rcnn.roles import roles
from cnnkit.optim import Adam

# Pictures have 64 pixels, things 15 and more: segments and boxes are smaller than a photo's.
STRATEGIES = Strategies(ks=(20, 50), least=6)
SIZE, CONTEXT, GREY = 32, 3, 128


def looked_at(data, count):
    """(corners of true boxes and proposals, their crops from -1 to 1, boxes) of the first pictures."""
    for sample in (data[i] for i in range(count)):
        corners = np.concatenate([sample.target.corners, selective_search(sample.image, STRATEGIES)])
        images = crops(sample.image.astype(np.float32) - GREY, corners, SIZE, context=CONTEXT)
        yield corners, images / GREY, sample.target


def network(classes, rng):
    """Three convolutions, 64 features, and the classes with the ground as the last."""
    layers = []
    for before, after in ((3, 16), (16, 32), (32, 32)):
        layers += [nn.Conv2d(before, after, 3, padding=1, rng=rng), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(512, 64, rng=rng), nn.ReLU(), nn.Linear(64, classes + 1, rng=rng)
    )


def tuned(net, images, shown, rng, steps=800, batch=64):
    """As the paper samples: a quarter of a batch shows things, the rest ground. Half of the batches are mirrored."""
    things, ground = (np.flatnonzero(which) for which in (shown < shown.max(), shown == shown.max()))
    optimiser = Adam(net.parameters(), lr=2e-3)
    for _ in range(steps):
        picked = np.concatenate([rng.choice(things, batch // 4), rng.choice(ground, batch - batch // 4)])
        turned = images[picked][:, :, :: rng.choice([1, -1])]
        loss = ops.cross_entropy(net(Tensor(np.ascontiguousarray(turned))), shown[picked])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    net.eval()


def features_of(net, images):
    with no_grad():
        return net[:-1](Tensor(images)).numpy()


@pytest.mark.slow
def test_shapes_are_proposed_learned_and_found():
    """From 130 pictures to 30 others: mAP at 0.5 of at least 0.5. Found: 0.69; other vectors sum in other orders."""
    rng, classes = np.random.default_rng(0), 3
    with kernels.use(threads=1):
        learned_from = list(looked_at(ShapeBoxes("train"), 130))
        shown, picked = [], []
        for corners, images, boxes in learned_from:
            m = len(boxes.labels)
            taught = roles(corners[m:], boxes.corners, boxes.labels, boxes.crowd, classes)
            shown.append(np.concatenate([boxes.labels, taught.shown]))
            picked.append(images)
        net = network(classes, rng)
        tuned(net, np.concatenate(picked), np.concatenate(shown), rng)
        heads = learn(
            [Seen(features_of(net, images), corners, b.labels, b.crowd) for corners, images, b in learned_from], classes
        )
        score = VocScore(classes)
        for corners, images, boxes in looked_at(ShapeBoxes("test"), 30):
            m = len(boxes.labels)
            found = heads.found(features_of(net, images[m:]), corners[m:], (64, 64))
            found = found[found[:, 5] >= 0]
            score.add(
                FoundBoxes(found[:, :4], found[:, 4], found[:, 5].astype(np.int64)),
                TrueBoxes(boxes.corners, boxes.labels, boxes.crowd),
            )
    assert score.mean() >= 0.5
