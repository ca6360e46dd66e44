"""A real browser, headless Chromium, driven over WebDriver with urllib alone: for tests that open a page and use it."""

import base64
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

BINARIES = ("chromium", "chromium-browser", "google-chrome")
# A page with hundreds of maps on a busy machine.
PATIENCE = 60.0


def why_not() -> str:
    """Why no browser can be driven here; "" where one can."""
    if shutil.which("chromedriver") is None:
        return "no chromedriver here (Debian: apt-get install chromium chromium-driver)"
    if not any(shutil.which(name) for name in BINARIES):
        return f"none of {', '.join(BINARIES)} is here (Debian: apt-get install chromium chromium-driver)"
    return ""


class Browser:
    """One browser process with one window. `open` begins anew: what was logged before is forgotten."""

    def __init__(self) -> None:
        self._driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._driver.stdout is not None
        port = ""
        for line in self._driver.stdout:
            if "started successfully on port" in line:
                port = line.rstrip(".\n ").rsplit(" ", 1)[1]
                break
        self._base = f"http://127.0.0.1:{port}"
        binary = next(path for name in BINARIES if (path := shutil.which(name)))
        options = {
            "binary": binary,
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"],
        }
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        found = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._base += f"/session/{found['sessionId']}"
        self.size(1400, 900)

    def close(self) -> None:
        try:
            self._ask("DELETE", "", None)
        finally:
            self._driver.terminate()
            self._driver.wait(10)
            if self._driver.stdout is not None:
                self._driver.stdout.close()

    def open(self, page: Path) -> None:
        """Load a file and wait until it is there."""
        self._log("browser"), self._log("performance")
        self._ask("POST", "/url", {"url": page.resolve().as_uri()})

    def size(self, width: int, height: int) -> None:
        """The inner size of the window; narrower than a desktop's window can be, as a telephone's is."""
        sizes = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.devtools("Emulation.setDeviceMetricsOverride", sizes)

    def scheme(self, name: str) -> None:
        """What the page sees as the system's choice: "light" or "dark"."""
        self.devtools("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def run(self, script: str, *args: Any) -> Any:
        """What the body of a function returns in the page, with `arguments`."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(args)})

    def count(self, css: str) -> int:
        return int(self.run("return document.querySelectorAll(arguments[0]).length", css))

    def text(self, css: str) -> str:
        """The words of an element that can be seen."""
        return str(self._ask("GET", f"/element/{self._element(css)}/text", None))

    def click(self, css: str, x: float | None = None, y: float | None = None) -> None:
        """A click in the middle of an element, or at pixels from its upper left corner: with a real pointer."""
        script = """
            const e = document.querySelector(arguments[0]); e.scrollIntoView({block: 'center', inline: 'center'});
            const r = e.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]"""
        left, top, width, height = self.run(script, css)
        place = {"x": round(left + (width / 2 if x is None else x)), "y": round(top + (height / 2 if y is None else y))}
        pressed = [
            {"type": "pointerMove", "duration": 0, **place},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        pointer = {"type": "pointer", "id": "mouse", "actions": pressed}
        self._ask("POST", "/actions", {"actions": [pointer]})

    def keys(self, *keys: str) -> None:
        """Keys pressed one after the other where the focus is: characters, or names such as "Enter"."""
        codes = {"Enter": "\ue007", "Tab": "\ue004", "Left": "\ue012", "Up": "\ue013", "Right": "\ue014"}
        codes |= {"Down": "\ue015", "Escape": "\ue00c", "Home": "\ue011", "End": "\ue010", "Space": " "}
        pressed = []
        for key in keys:
            value = codes.get(key, key)
            pressed += [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": pressed}]})

    def focus(self, css: str) -> None:
        self.run("document.querySelector(arguments[0]).focus()", css)

    def wait(self, script: str, seconds: float = PATIENCE) -> Any:
        """Until the script's answer is true."""
        end = time.monotonic() + seconds
        while not (answer := self.run(script)):
            assert time.monotonic() < end, f"{script} was not true within {seconds} s"
            time.sleep(0.05)
        return answer

    def screenshot(self, file: Path, whole: bool = False) -> None:
        """A PNG of what is seen, or of the page to its end."""
        if whole:
            found = self.devtools("Page.captureScreenshot", {"captureBeyondViewport": True})["data"]
        else:
            found = self._ask("GET", "/screenshot", None)
        file.write_bytes(base64.b64decode(found))

    def complaints(self) -> list[str]:
        """What the console has said since `open`, errors and warnings."""
        return [str(entry["message"]) for entry in self._log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def fetched(self) -> list[str]:
        """Addresses that were asked for since `open`, but the page itself and what is in it."""
        events = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        asked = [params["request"]["url"] for params in sent]
        return [url for url in asked[1:] if not url.startswith("data:")]

    def overflow(self) -> int:
        """Pixels by which the page is wider than its window: 0 where it needs no scrolling to the side."""
        script = "const e = document.documentElement; return Math.max(0, e.scrollWidth - e.clientWidth)"
        return int(self.run(script))

    def small_controls(self, least: int = 24) -> list[str]:
        """Controls that can be seen and are smaller than `least` pixels, links in sentences left out."""
        script = """
            const found = [];
            const controls = 'button, select, input, summary, [role=button], [tabindex="0"]';
            for (const e of document.querySelectorAll(controls)) {
                const r = e.getBoundingClientRect();
                if (r.width && r.height && Math.min(r.width, r.height) < arguments[0] - 0.5
                    && getComputedStyle(e).clipPath === 'none')
                    found.push(e.outerHTML.slice(0, 120) + ' ' + r.width + 'x' + r.height);
            }
            return found"""
        return list(self.run(script, least))

    def devtools(self, command: str, params: dict[str, Any]) -> Any:
        """A command of Chrome's own protocol."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def _element(self, css: str) -> str:
        found = self._ask("POST", "/element", {"using": "css selector", "value": css})
        return str(next(iter(found.values())))

    def _log(self, kind: str) -> list[dict[str, Any]]:
        return list(self._ask("POST", "/se/log", {"type": kind}))

    def _ask(self, method: str, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE * 3) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                said = json.load(error)["value"]
            raise AssertionError(f"{method} {path}: {said.get('error')}: {said.get('message')}") from None
