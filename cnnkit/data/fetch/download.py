"""One published file from one address: over http or https alone, held against its SHA-256, written beside and renamed.

Only the commands named `fetch` import this file: nothing else opens a socket.
"""

import hashlib
import re
import socket
import string
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urljoin, urlsplit

from cnnkit.errors import CnnkitError, DataError, UsageError

# (what, bytes done, bytes in all or 0 if the server does not say)
Progress = Callable[[str, int, int], None]
CHUNK, TIMEOUT_S = 1 << 18, 30
MOST_REDIRECTS = 10
# A server that sends less than this in so many seconds is given up.
LEAST_BYTES, PATIENCE_S = 64 << 10, 60


class _Lost(Exception):  # noqa: N818 - told on as a CnnkitError
    """The connection, or what came over it, cannot be used."""


def check_address(url: str) -> None:
    """UsageError if this is no address that is downloaded from."""
    if not _is_address(url):
        raise UsageError(
            f"Files are downloaded over http or https, not from {url!r}. An address looks like https://host/folder"
        )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def download(url: str, target: Path, sha256: str, largest: int, on_progress: Progress) -> None:
    """Have the file at this address as `target`; what is there already and right stays, a broken download goes on.

    Args:
        sha256: the published checksum, or as many of its first digits as are published.
        largest: bytes that the file may have at most.

    Raises:
        CnnkitError: the server cannot be reached, has no such file, or breaks off.
        DataError: what came is another file.
        OSError: it cannot be written.
    """
    part = target.with_name(target.name + ".part")
    if target.is_file() and _digest(target).startswith(sha256):
        return
    if not (part.is_file() and _digest(part).startswith(sha256)):
        try:
            _append(url, target.name, part, largest, on_progress)
        except urllib.error.HTTPError as error:
            error.close()
            raise CnnkitError(
                f"{url} answered {error.code} {error.reason}. Try later, or set CNNKIT_FETCH_URL."
            ) from error
        except _Lost as error:
            begun = part.is_file() and part.stat().st_size
            hint = "Run the command again: it goes on where it stopped." if begun else "Is this machine online?"
            raise CnnkitError(f"{url} could not be fetched: {error}. {hint}") from error
    found = _digest(part)
    if not found.startswith(sha256):
        part.unlink()
        raise DataError(
            f"{url} has the SHA-256 checksum {found}, but the published one is {sha256}"
            f"{'' if len(sha256) == 64 else '…'}. The file was deleted; fetch it again, or from another place with "
            "CNNKIT_FETCH_URL."
        )
    part.replace(target)


def _append(url: str, name: str, part: Path, largest: int, on_progress: Progress) -> None:
    """Append to `part` from where it ends; from the start where the server cannot do that."""
    have = part.stat().st_size if part.is_file() else 0
    try:
        response = _answer(url, have)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not have:
            raise
        # The part is as long as the file or longer, and its checksum was wrong.
        error.close()
        have, response = 0, _answer(url, 0)
    with response:
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        have = have if resumed else 0
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if re.fullmatch(r"[0-9]{1,18}", length) else 0
        if total > largest:
            raise DataError(f"{url} offers {total} bytes, far more than {name} has. Is it the right address?")
        with open(part, "ab" if have else "wb") as out:
            on_progress(name, have, total)
            for chunk in _chunks(response):
                have += len(chunk)
                if have > largest:
                    raise DataError(
                        f"{url} sends more than {largest} bytes, far more than {name} has. Is it the right address?"
                    )
                out.write(chunk)
                on_progress(name, have, total)
    if have < total:
        raise _Lost(f"the connection closed after {have} of {total} bytes")


def _answer(url: str, have: int) -> HTTPResponse:
    """What the server answers when asked for the file from byte `have` on."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        _Http,
        _Https,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
        _Redirects,
    ):
        opener.add_handler(handler())
    try:
        request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
        response: HTTPResponse = opener.open(request, timeout=TIMEOUT_S)
        return response
    except urllib.error.HTTPError:
        raise
    except (OSError, HTTPException, ValueError, OverflowError) as error:
        raise _Lost(_reason(error)) from error


class _InTime(HTTPConnection):
    """Gives up a head of an answer that drips: each byte comes in time, and the end never."""

    def getresponse(self) -> HTTPResponse:
        def hang_up() -> None:
            # The answer may just have come, and the connection be closed.
            with suppress(OSError, AttributeError):
                self.sock.shutdown(socket.SHUT_RDWR)

        watch = threading.Timer(PATIENCE_S, hang_up)
        watch.daemon = True
        watch.start()
        try:
            return super().getresponse()
        finally:
            watch.cancel()


class _InTimeTls(HTTPSConnection, _InTime):
    pass


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_InTime, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(_InTimeTls, req)


class _Redirects(urllib.request.BaseHandler):
    """To http and https alone, and never from https to http, where anybody on the way could answer."""

    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage
    ) -> HTTPResponse:
        fp.close()  # its text may have no end
        hops = getattr(req, "hops", 0) + 1
        if hops > MOST_REDIRECTS:
            raise _Lost(f"it redirects more than {MOST_REDIRECTS} times")
        to = headers.get("Location")
        if not to:
            raise _Lost(f"it answered {code} without saying where the file is")
        # An address without a host, such as http:///x, would be completed by the host that answered.
        whole = to if urlsplit(to).scheme else urljoin(req.full_url, to)
        url = quote(whole, safe=string.punctuation, encoding="latin-1", errors="replace")
        if not _is_address(url):
            raise _Lost(f"it redirects to {url[:200]!r}, which is no address of http or https")
        if req.full_url.lower().startswith("https:") and not url.lower().startswith("https:"):
            raise _Lost(f"it redirects to {url[:200]!r}, from https to http")
        further = urllib.request.Request(url, headers=dict(req.header_items()), unverifiable=True)
        further.remove_header("Host")
        further.hops = hops  # type: ignore[attr-defined]
        answer: HTTPResponse = self.parent.open(further, timeout=TIMEOUT_S)
        return answer

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _chunks(response: HTTPResponse) -> Iterator[bytes]:
    since, got = time.monotonic(), 0
    while True:
        try:
            chunk = response.read1(CHUNK)
        except (OSError, HTTPException, ValueError) as error:
            raise _Lost(_reason(error)) from error
        if not chunk:
            return
        yield chunk
        got += len(chunk)
        now = time.monotonic()
        if now - since >= PATIENCE_S:
            if got < LEAST_BYTES:
                raise _Lost(f"only {got} bytes came in {now - since:.0f} seconds")
            since, got = now, 0


def _reason(error: Any) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason) or type(error).__name__


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
