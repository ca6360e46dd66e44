"""Weights over the network: from a server on this machine, with every wrong answer."""

import hashlib
import http.server
import io
import threading
from dataclasses import replace

import numpy as np
import pytest

from cnnkit import models
from cnnkit.engine.use.fetch import fetch_weights, largest_file
from cnnkit.engine.use.load import load
from cnnkit.errors import CheckpointError, CnnkitError, DataError, UsageError
from cnnkit.models.weights.downloads import DOWNLOADS


@pytest.fixture
def network():
    return models.create("resnet20", classes=10, in_channels=3, image_size=(32, 32), rng=np.random.default_rng(3))


@pytest.fixture
def server(monkeypatch, tmp_path, network):
    """Offers resnet20 as an .npz, under the digits of its own checksum."""
    packed = io.BytesIO()
    np.savez(packed, **network.state_dict())
    content = packed.getvalue()
    digest = hashlib.sha256(content).hexdigest()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # the name that http.server calls
            server.asked.append(self.path)
            if self.path.rpartition("/")[2] not in server.files:
                self.send_error(404)
                return
            body = server.files[self.path.rpartition("/")[2]]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.files = [], {f"resnet20-{digest[:8]}.npz": content}
    server.url = f"http://127.0.0.1:{server.server_address[1]}/models"
    address = f"{server.url}/resnet20-{digest[:8]}.npz"
    known = replace(DOWNLOADS["resnet20"], address=address, sha256=digest[:8])
    monkeypatch.setitem(DOWNLOADS, "resnet20", known)
    monkeypatch.setenv("CNNKIT_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CNNKIT_FETCH_URL", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_was_fetched_is_one_of_our_files_and_nothing_else_is_left(server, network, tmp_path):
    result = fetch_weights("resnet20")
    target = tmp_path / "home" / "weights" / "resnet20.safetensors"
    assert result.downloaded and result.target == str(target) and "BSD-2-Clause" in result.licence
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    predictor = load(target)
    assert predictor.classes[0] == "airplane"
    for name, array in predictor.module.state_dict().items():
        np.testing.assert_array_equal(array, network.state_dict()[name])


def test_what_is_there_already_is_not_fetched_again_unless_told(server):
    fetch_weights("resnet20")
    result = fetch_weights("resnet20")
    assert not result.downloaded and len(server.asked) == 1 and "is there already" in result.notes[0]
    assert fetch_weights("resnet20", exist_ok=True).downloaded and len(server.asked) == 2


def test_another_file_at_the_target_stays_unless_told(server, tmp_path):
    target = tmp_path / "mine.safetensors"
    target.write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"exists, and is not resnet20-\w+\.npz converted"):
        fetch_weights("resnet20", target)
    assert target.read_bytes() == b"mine" and not server.asked
    assert fetch_weights("resnet20", target, exist_ok=True).downloaded and load(target)


def test_a_folder_that_is_not_there_is_told_before_anything_is_fetched(server, tmp_path):
    with pytest.raises(UsageError, match="There is no folder"):
        fetch_weights("resnet20", tmp_path / "nowhere" / "file.safetensors")
    assert not server.asked


def test_a_wrong_checksum_leaves_nothing_behind(server, tmp_path):
    (name,) = server.files
    server.files[name] = server.files[name][:-1] + b"x"
    with pytest.raises(DataError, match="the published one is"):
        fetch_weights("resnet20")
    assert not list((tmp_path / "home" / "weights").iterdir())


def test_a_file_that_is_not_there_is_told(server):
    server.files.clear()
    with pytest.raises(CnnkitError, match="answered 404"):
        fetch_weights("resnet20")


def test_more_than_the_network_holds_is_refused(server):
    (name,) = server.files
    server.files[name] = bytes(largest_file("resnet20") + 1)
    with pytest.raises(DataError, match="far more than"):
        fetch_weights("resnet20")


def test_right_bytes_for_another_network_are_refused(server, monkeypatch, tmp_path):
    monkeypatch.setitem(DOWNLOADS, "resnet32", replace(DOWNLOADS["resnet20"], model="resnet32"))
    with pytest.raises(CheckpointError, match="is not for resnet32"):
        fetch_weights("resnet32")
    assert not (tmp_path / "home" / "weights" / "resnet32.safetensors").exists()


def test_another_place_may_be_told(server, monkeypatch):
    (name,) = server.files
    monkeypatch.setitem(
        DOWNLOADS, "resnet20", replace(DOWNLOADS["resnet20"], address=f"https://nowhere.invalid/{name}")
    )
    assert fetch_weights("resnet20", base_url=server.url + "/").downloaded
    monkeypatch.setenv("CNNKIT_FETCH_URL", "file:///tmp")
    with pytest.raises(UsageError, match="over http or https"):
        fetch_weights("resnet20", exist_ok=True)


def test_every_published_file_is_within_the_limit_of_its_network():
    # torchvision says 548.1 MB of vgg19_bn and 4.7 MB of squeezenet1_1.
    assert largest_file("vgg19_bn") > 548.1 * 2**20 and largest_file("squeezenet1_1") > 4.8 * 2**20
    assert largest_file("vgg19_bn") < 2**30
