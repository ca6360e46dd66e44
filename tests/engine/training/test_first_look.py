"""First weights that hang on training images: seen once, kept by the state, the same for any number of threads."""

import numpy as np

from cnnkit import nn
from cnnkit.engine import fit as training
from cnnkit.engine.records.events import StepEnd
from cnnkit.nn import init
from cnnkit.serialize import safe


class Looking(nn.Sequential):
    """A convolution whose filters whiten its images."""

    first_images = 50

    def __init__(self) -> None:
        super().__init__({"conv": nn.Conv2d(1, 8, 2), "flatten": nn.Flatten(), "dense": nn.Linear(7 * 7 * 8, 3)})
        self.conv.weight.requires_grad = False
        self.seen: list[int] = []

    def begin_from(self, images):
        images = list(images)
        self.seen.append(sum(map(len, images)))
        self.conv.weight.take(init.whitening(images, (2, 2)))


def filters(run):
    arrays, _ = safe.load(run / "weights" / "last.safetensors")
    return np.array(arrays["conv.weight"])


def test_a_network_is_shown_the_first_training_images_as_they_are(tiny, tmp_path):
    network, data = Looking(), tiny.data()
    list(training.fit(tiny.options(tmp_path / "run", epochs=1), module=network, data=data))
    images = np.stack([data.train[index].image for index in range(50)])
    mean, std = np.array(data.preprocessing.mean), np.array(data.preprocessing.std)
    expected = init.whitening([((images / 255 - mean) / std).astype(np.float32)], (2, 2))
    assert network.seen == [50]
    # pixels are normalised by one product and one sum in float32
    np.testing.assert_allclose(filters(tmp_path / "run"), expected, rtol=1e-4, atol=1e-5)


def test_a_run_that_goes_on_does_not_look_again_and_threads_change_nothing(tiny, tmp_path):
    whole, cut, networks = tmp_path / "whole", tmp_path / "cut", [Looking(), Looking()]
    list(training.fit(tiny.options(whole, threads=1), module=Looking(), data=tiny.data()))
    events = training.fit(tiny.options(cut), module=networks[0], data=tiny.data())
    while not isinstance(event := next(events), StepEnd) or event.step < 5:
        pass
    events.close()
    list(training.resume(cut, module=networks[1], data=tiny.data()))
    assert [network.seen for network in networks] == [[50], []]
    assert (cut / "weights/last.safetensors").read_bytes() == (whole / "weights/last.safetensors").read_bytes()
