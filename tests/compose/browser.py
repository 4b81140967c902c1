"""A headless Chromium, driven by its own DevTools protocol: what a person would see of a page."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.compose.engine import until

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # it looks at pages of our own, and containers of CI have no user namespaces
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--window-size=1400,900",
    "--remote-debugging-port=0",
)
PAGE_S = 60


def program() -> str | None:
    """The Chromium of this machine, where it has one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Page:
    """One tab."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)

    def open(self, url: str) -> None:
        """Go to an address."""
        self._call("Page.navigate", url=url)

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, text: str) -> None:
        """Wait until the page shows a text.

        Raises:
            AssertionError: it does not, and this is what it shows.
        """
        shows = f"document.body.innerText.includes({json.dumps(text)}) || null"
        try:
            until(lambda: self.evaluate(shows), what=f"the text {text!r}", patience_s=PAGE_S)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.evaluate('location.href')} shows: {self.text()[:2000]}") from error

    def text(self) -> str:
        """What the page shows, as text."""
        return str(self.evaluate("document.body.innerText"))

    def write(self, selector: str, text: str) -> None:
        """Type into a field."""
        until(
            lambda: self.evaluate(f"!!document.querySelector({selector!r}) || null"), what=selector, patience_s=PAGE_S
        )
        self.evaluate(f"document.querySelector({selector!r}).focus()")
        self._call("Input.insertText", text=text)

    def press_enter(self) -> None:
        """Send the form whose field has the focus."""
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
        self._call("Input.dispatchKeyEvent", type="keyDown", **key)
        self._call("Input.dispatchKeyEvent", type="keyUp", **key)

    def picture(self, file: Path) -> None:
        """Keep what is seen as a PNG."""
        file.write_bytes(base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"]))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._connection.recv(timeout=PAGE_S))
            if answer.get("id") == number:  # all else is news that nobody asked for
                assert "error" not in answer, (method, answer)
                return cast("dict[str, Any]", answer["result"])


@contextlib.contextmanager
def page() -> Iterator[Page]:
    """A tab of a browser that nobody has used before, and that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="perennial-browser-", ignore_cleanup_errors=True) as profile:
        command = [str(program()), *OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with connect(_address(Path(profile)), max_size=None, proxy=None) as connection:
                yield Page(connection)
        finally:
            browser.terminate()
            browser.wait(timeout=20)


def _address(profile: Path) -> str:
    """Where the first tab of a browser that has just been started is to be driven."""
    port = until(lambda: (profile / "DevToolsActivePort").read_text().split()[0], what="Chromium", patience_s=PAGE_S)
    tabs = httpx.get(f"http://127.0.0.1:{port}/json/list", trust_env=False).json()
    return str(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))
