"""Against a server on this machine: no test here reaches farther than 127.0.0.1."""

import hashlib
import http.server
import io
import tarfile
import threading
from dataclasses import replace

import pytest

from cnnkit.data.fetch import fetch as module
from cnnkit.data.fetch.fetch import fetch
from cnnkit.data.fetch.sources import SOURCES, RemoteFile
from cnnkit.data.open.source import catalogue, open_data
from cnnkit.data.sets.digits import FOLDER
from cnnkit.errors import CnnkitError, DataError, ResourceError, UsageError


class Server(http.server.ThreadingHTTPServer):
    """Serves `files`; `cut` closes a connection after so many bytes, `ranges` says whether parts may be asked for."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked = {}, []
        self.cut, self.ranges, self.status = None, True, None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/data"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # the name that http.server calls
        server, name = self.server, self.path.rpartition("/")[2]
        wanted = self.headers.get("Range")
        server.asked.append((name, wanted))
        if server.status or name not in server.files:
            self.send_error(server.status or 404)
            return
        content, start = server.files[name], 0
        if wanted and server.ranges:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:][: server.cut])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("CNNKIT_FETCH_URL", server.url)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def digits_as_mnist(server, monkeypatch):
    """The embedded digits, offered under MNIST's names with their own checksums."""
    files = []
    for remote in SOURCES["mnist"].files:
        content = (FOLDER / remote.name.replace("t10k", "test")).read_bytes()
        server.files[remote.name] = content
        files.append(RemoteFile(remote.name, sha256(content), tried=True))
    monkeypatch.setitem(SOURCES, "mnist", replace(SOURCES["mnist"], files=files))
    return server


def test_what_was_fetched_opens_by_its_name(digits_as_mnist, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNKIT_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    steps = []
    folder = fetch("mnist", None, lambda *step: steps.append(step))
    assert folder == tmp_path / "home" / "mnist"
    assert sorted(path.name for path in folder.iterdir()) == sorted(digits_as_mnist.files)
    size = len(digits_as_mnist.files["train-images-idx3-ubyte.gz"])
    assert steps[0] == ("train-images-idx3-ubyte.gz", 0, size) and ("train-images-idx3-ubyte.gz", size, size) in steps
    assert len(open_data("mnist").test) == 2000


def test_a_fetch_that_came_to_nothing_leaves_a_data_set_that_is_not_there(digits_as_mnist, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNKIT_DATA_HOME", str(tmp_path))
    digits_as_mnist.files.clear()
    with pytest.raises(CnnkitError):
        fetch("mnist")
    (tmp_path / "mnist").mkdir(exist_ok=True)
    (tmp_path / "mnist" / "train-images-idx3-ubyte.gz.part").touch()
    with pytest.raises(DataError, match=r"mnist is not on this machine.*cnnkit data fetch mnist"):
        open_data("mnist")
    assert {row.name for row in catalogue() if row.here} == {"digits", "shapes"}


def test_what_is_there_already_is_not_fetched_again(digits_as_mnist, tmp_path):
    fetch("mnist", tmp_path)
    digits_as_mnist.asked.clear()
    fetch("mnist", tmp_path)
    assert not digits_as_mnist.asked


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_fetch_goes_on_where_it_stopped_if_the_server_can(digits_as_mnist, tmp_path, ranges):
    server, name = digits_as_mnist, "train-images-idx3-ubyte.gz"
    server.cut, server.ranges = 100_000, ranges
    with pytest.raises(CnnkitError, match="Run the command again: it goes on where it stopped"):
        fetch("mnist", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name + ".part"]
    server.cut = None
    server.asked.clear()
    fetch("mnist", tmp_path)
    assert server.asked[0] == (name, "bytes=100000-")
    assert (tmp_path / name).read_bytes() == server.files[name]


def test_a_part_longer_than_the_file_is_begun_anew(digits_as_mnist, tmp_path):
    name = "train-images-idx3-ubyte.gz"
    (tmp_path / (name + ".part")).write_bytes(bytes(len(digits_as_mnist.files[name]) + 5))
    fetch("mnist", tmp_path)
    assert (tmp_path / name).read_bytes() == digits_as_mnist.files[name]


def test_a_wrong_checksum_leaves_nothing_behind(digits_as_mnist, tmp_path):
    digits_as_mnist.files["train-images-idx3-ubyte.gz"] += b"x"
    with pytest.raises(DataError, match="the published one is"):
        fetch("mnist", tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("status", [404, 500])
def test_an_answer_that_is_no_file_is_told(server, tmp_path, status):
    server.status = status
    with pytest.raises(CnnkitError, match=f"answered {status}") as caught:
        fetch("mnist", tmp_path)
    assert caught.value.exit_code == 1


def test_an_address_where_nobody_listens_is_told(tmp_path):
    with pytest.raises(CnnkitError, match=r"could not be fetched: .*refused"):
        fetch("mnist", tmp_path, base_url="http://127.0.0.1:9/")


def test_more_bytes_than_any_file_has_are_refused(digits_as_mnist, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_FILE", 1000)
    with pytest.raises(DataError, match="far more than train-images"):
        fetch("mnist", tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="cannot be written"):
        fetch("mnist", tmp_path / "file" / "below")


@pytest.mark.parametrize(("name", "message"), [("mnits", "Did you mean mnist"), ("digits", "nothing to fetch")])
def test_unknown_names_are_refused(name, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        fetch(name, tmp_path)


@pytest.mark.parametrize("url", ["file:///etc/", "ftp://host/"])
def test_only_http_is_fetched_from(url, tmp_path):
    with pytest.raises(UsageError, match="http or https"):
        fetch("mnist", tmp_path, base_url=url)


def archive(members, kind=tarfile.REGTYPE):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            info.size = len(content) if kind == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def small_cifar(server, monkeypatch):
    def offer(content):
        source = replace(
            SOURCES["cifar10"],
            files=[RemoteFile("c.tar.gz", sha256(content), tried=False)],
            members={"c/data_batch_1.bin": 3, "c/test_batch.bin": 4},
        )
        monkeypatch.setitem(SOURCES, "cifar10", source)
        server.files["c.tar.gz"] = content
        return server

    return offer


def test_an_archive_gives_its_expected_members_and_nothing_else(small_cifar, tmp_path):
    evil = {
        "../evil": b"x",
        "/evil": b"x",
        "c/readme.html": b"x",
        "c/data_batch_1.bin": b"abc",
        "c/test_batch.bin": b"defg",
    }
    server = small_cifar(archive(evil))
    fetch("cifar10", tmp_path / "cifar10")
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert names == ["cifar10/classes.txt", "cifar10/data_batch_1.bin", "cifar10/test_batch.bin"]
    assert (tmp_path / "cifar10" / "data_batch_1.bin").read_bytes() == b"abc"
    server.asked.clear()
    fetch("cifar10", tmp_path / "cifar10")
    assert not server.asked


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (archive({"c/data_batch_1.bin": b"abc"}), "lacks c/test_batch.bin"),
        (archive({"c/data_batch_1.bin": b"abcd", "c/test_batch.bin": b"defg"}), "is not a file of 3 bytes"),
        (archive({"c/data_batch_1.bin": b""}, tarfile.SYMTYPE), "is not a file of 3 bytes"),
        (archive({"c/data_batch_1.bin": b"abc"})[:60], "cannot be unpacked"),
        (b"no archive", "cannot be unpacked"),
    ],
    ids=["lacks a file", "another size", "a link", "cut", "no archive"],
)
def test_a_strange_archive_is_refused(small_cifar, tmp_path, content, message):
    small_cifar(content)
    with pytest.raises(DataError, match=message):
        fetch("cifar10", tmp_path)


def test_the_published_sums_of_mnist_are_those_of_the_real_files(shared):
    for remote in SOURCES["mnist"].files:
        assert sha256((shared / "data" / "mnist" / remote.name).read_bytes()) == remote.sha256 and remote.tried


def test_what_could_not_be_tried_is_marked_so():
    assert not any(source.tried for source in SOURCES.values())
    assert not any(remote.tried for name, source in SOURCES.items() if name != "mnist" for remote in source.files)
