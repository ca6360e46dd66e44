"""One file from one address: servers on this machine that answer every wrong way there is."""

import hashlib
import io
import socket
import threading
import time

import pytest

from cnnkit.data.fetch import download as module
from cnnkit.data.fetch.download import check_address, download
from cnnkit.errors import CnnkitError, DataError, UsageError

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CONTENT) + CONTENT


class Scripted:
    """Answers the connections one after the other with these bytes, or as a function of the socket says."""

    def __init__(self, *answers):
        self.asked, self._answers = [], answers
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/folder/file.bin"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        for answer in self._answers:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.asked.append(connection.recv(65536))
                try:
                    if callable(answer):
                        answer(connection)
                    else:
                        connection.sendall(answer)
                except OSError:
                    pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def get(url, target, sha256=SHA256, largest=1 << 20):
    download(url, target, sha256, largest, lambda *_: None)


def redirect(to):
    return b"HTTP/1.1 302 Found\r\nLocation: " + to.encode("latin-1") + b"\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("digits", [8, 10, 64])
def test_a_file_is_held_against_as_much_of_its_checksum_as_is_known(tmp_path, digits):
    with Scripted(WHOLE) as server:
        get(server.url, tmp_path / "f", SHA256[:digits])
    assert (tmp_path / "f").read_bytes() == CONTENT and [path.name for path in tmp_path.iterdir()] == ["f"]


def test_another_file_is_refused_and_deleted(tmp_path):
    with Scripted(WHOLE) as server, pytest.raises(DataError, match=r"published one is 00000000….*was deleted"):
        get(server.url, tmp_path / "f", "00000000")
    assert not list(tmp_path.iterdir())


def test_a_redirect_over_http_is_followed(tmp_path):
    with Scripted(WHOLE) as behind, Scripted(redirect(behind.url)) as server:
        get(server.url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("file:///etc/passwd", "no address of http or https"),
        ("ftp://127.0.0.1/x", "no address of http or https"),
        ("gopher://127.0.0.1/x", "no address of http or https"),
        ("data:text/plain,x", "no address of http or https"),
        ("http:///x", "no address of http or https"),
        ("http://", "no address of http or https"),
        ("http://[::1/x", "could not be fetched"),
        ("http://[zzz]/x", "could not be fetched"),
        ("http://127.0.0.1:port/x", "no address of http or https"),
        ("http://127.0.0.1:99999999/x", "no address of http or https"),
        ("http://127.0.0.1:-1/x", "no address of http or https"),
        ("http://" + "a" * 70 + ".invalid/x", "could not be fetched"),
        ("http://a..b/x", "could not be fetched"),
        ("http://127.0.0.1:1/\x01\x7f", "could not be fetched"),
    ],
)
def test_a_redirect_to_what_is_no_address_is_told_and_not_followed(tmp_path, address, said):
    with Scripted(redirect(address)) as server, pytest.raises(CnnkitError, match=said) as caught:
        get(server.url, tmp_path / "f")
    assert caught.value.exit_code == 1 and server.url in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_redirect_from_https_to_http_is_refused():
    request, headers = module.urllib.request.Request("https://host/file"), {"Location": "http://host/file"}
    with pytest.raises(module._Lost, match="from https to http"):
        module._Redirects().http_error_302(request, io.BytesIO(), 302, "Found", headers)


def test_redirects_in_circles_end(tmp_path):
    answers = [lambda connection: connection.sendall(redirect("/folder/file.bin"))] * 20
    with Scripted(*answers) as server, pytest.raises(CnnkitError, match="redirects more than 10 times"):
        get(server.url, tmp_path / "f")


def test_ever_new_redirects_end(tmp_path):
    number = iter(range(100))
    answers = [lambda connection: connection.sendall(redirect(f"/{next(number)}"))] * 20
    with Scripted(*answers) as server, pytest.raises(CnnkitError, match="redirects more than 10 times"):
        get(server.url, tmp_path / "f")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answered 404 Not Found"),
        (b"HTTP/1.1 500 Oops\r\n\r\n", "answered 500 Oops"),
        (b"HTTP/1.1 302 Found\r\n\r\n", "answered 302 without saying where"),
        (b"", "could not be fetched"),
        (b"SSH-2.0-OpenSSH\r\n", "could not be fetched"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", "could not be fetched"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70000 + b"\r\n\r\n", "could not be fetched"),
        (WHOLE[:-100], r"closed after \d+ of \d+ bytes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\n" + CONTENT[:99], "could not be fetched"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "could not be fetched"),
    ],
)
def test_answers_that_are_no_file_are_told(tmp_path, answer, said):
    with Scripted(answer) as server, pytest.raises(CnnkitError, match=said) as caught:
        get(server.url, tmp_path / "f")
    assert caught.value.exit_code == 1 and not (tmp_path / "f").exists()


@pytest.mark.parametrize("length", ["9" * 5000, "-5", "1e9"])
def test_a_length_that_is_no_number_ends_in_the_file_or_in_an_error_of_ours(tmp_path, length):
    with Scripted(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode() + CONTENT) as server:
        try:
            get(server.url, tmp_path / "f")
        except CnnkitError:
            assert not (tmp_path / "f").exists()
        else:
            assert (tmp_path / "f").read_bytes() == CONTENT


def test_a_body_without_end_is_cut_off(tmp_path):
    def endless(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(bytes(65536))

    with Scripted(endless) as server, pytest.raises(DataError, match="sends more than 100000 bytes"):
        get(server.url, tmp_path / "f", largest=100_000)


def test_a_length_above_what_the_file_has_is_refused_before_it_comes(tmp_path):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n"
    with Scripted(head) as server, pytest.raises(DataError, match="offers 999999999999 bytes"):
        get(server.url, tmp_path / "f")
    assert not list(tmp_path.iterdir())


def test_a_redirect_whose_text_has_no_end_is_followed_at_once(tmp_path):
    with Scripted(WHOLE) as behind:

        def endless(connection):
            connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: " + behind.url.encode() + b"\r\n\r\n")
            while True:
                connection.sendall(bytes(65536))

        with Scripted(endless) as server:
            get(server.url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_a_silent_server_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT_S", 0.1)
    with Scripted(lambda connection: connection.recv(1)) as server, pytest.raises(CnnkitError, match="timed out"):
        get(server.url, tmp_path / "f")


def test_a_server_that_drips_is_given_up_and_the_next_goes_on_there(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.1)

    def drip(connection):
        connection.sendall(WHOLE[: -len(CONTENT)])
        for i in range(1000):
            connection.sendall(CONTENT[i : i + 1])
            time.sleep(0.01)

    with Scripted(drip) as server, pytest.raises(CnnkitError, match=r"only \d+ bytes came in 0 seconds"):
        get(server.url, tmp_path / "f")
    done = (tmp_path / "f.part").stat().st_size
    head = f"HTTP/1.1 206 Partial\r\nContent-Range: bytes {done}-{len(CONTENT) - 1}/{len(CONTENT)}\r\n\r\n".encode()
    with Scripted(head + CONTENT[done:]) as server:
        get(server.url, tmp_path / "f")
    assert b"Range: bytes=%d-" % done in server.asked[0] and (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "url", ["file:///etc", "ftp://host", "host/folder", "", "http://", "http://[::1", "http://h:x"]
)
def test_what_is_no_address_is_refused_before_a_socket_is_opened(url):
    with pytest.raises(UsageError, match="An address looks like https://host/folder"):
        check_address(url)
