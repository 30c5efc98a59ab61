"""A real browser for tests: Chromium without a window, driven through its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless=new", "--disable-gpu", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--remote-debugging-port=0", "--hide-scrollbars", "--no-proxy-server", "about:blank",
)  # fmt: skip
SCREENS = Path(__file__).parents[2] / "build" / "screens"


def program() -> str | None:
    """The browser of this machine, None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass
class Page:
    """One page of the browser. `complaints` are what it wrote to its console: errors, and what the
    content security policy kept from being loaded."""

    socket: aiohttp.ClientWebSocketResponse
    session: str
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    waiting: dict[int, asyncio.Future[dict[str, object]]] = field(default_factory=dict)
    loaded: asyncio.Event = field(default_factory=asyncio.Event)
    complaints: list[str] = field(default_factory=list)
    doing: str = ""

    async def read(self) -> None:
        async for message in self.socket:
            said = json.loads(message.data)
            if "id" in said and said["id"] in self.waiting:
                self.waiting.pop(said["id"]).set_result(said)
            elif said.get("method") == "Page.loadEventFired":
                self.loaded.set()
            elif said.get("method") == "Log.entryAdded":
                entry = said["params"]["entry"]
                if entry["level"] == "error":
                    self.complaints.append(entry["text"])
            elif said.get("method") == "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(said["params"]["exceptionDetails"])[:300])
            elif said.get("method") == "Page.javascriptDialogOpening":
                self.complaints.append(f"dialog: {said['params']['message']}")
                await self.tell("Page.handleJavaScriptDialog", accept=False)

    async def tell(self, method: str, **params: object) -> None:
        message = {"id": next(self.numbers), "method": method, "params": params}
        await self.socket.send_json({**message, "sessionId": self.session})

    async def call(self, method: str, **params: object) -> dict[str, object]:
        number = next(self.numbers)
        answer = self.waiting[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": params}
        await self.socket.send_json({**message, "sessionId": self.session})
        self.doing = f"{method} {params}"
        said = await answer
        self.doing = ""
        assert "error" not in said, said
        result = said["result"]
        assert isinstance(result, dict)
        return result

    async def go(self, url: str) -> None:
        """Loads an address."""
        self.loaded.clear()
        await self.call("Page.navigate", url=url)
        self.doing = f"loading {url}"
        await self.loaded.wait()
        self.doing = ""

    async def run(self, script: str) -> object:
        """The value of an expression in the page."""
        found = await self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found
        result = found["result"]
        assert isinstance(result, dict)
        return result.get("value")

    async def text(self) -> str:
        """The text that is seen."""
        return str(await self.run("document.body.innerText"))

    async def tree_has(self, text: str) -> bool:
        """Whether a text is among what the browser tells to programs that read aloud; works
        without scripts."""
        found = await self.call("Accessibility.getFullAXTree")
        return text in json.dumps(found, ensure_ascii=False)

    async def focus(self, selector: str) -> None:
        """Gives the focus to an element; works without scripts."""
        root = await self.call("DOM.getDocument")
        node = await self.call(
            "DOM.querySelector",
            nodeId=root["root"]["nodeId"],
            selector=selector,  # type: ignore[index]
        )
        await self.call("DOM.focus", nodeId=node["nodeId"])

    async def press(self, key: str, text: str = "") -> None:
        """Presses a key."""
        codes = {"Tab": 9, "Enter": 13, " ": 32, "Escape": 27}
        for kind in ("keyDown", "keyUp"):
            await self.call(
                "Input.dispatchKeyEvent", type=kind, key=key,
                windowsVirtualKeyCode=codes.get(key, 0),
                text=(text or ("\r" if key == "Enter" else "")) if kind == "keyDown" else "",
            )  # fmt: skip

    async def write(self, text: str) -> None:
        """Types a text into what has the focus."""
        await self.call("Input.insertText", text=text)

    async def follow(self, script: str) -> None:
        """Runs what leads to another page, and waits for it."""
        self.loaded.clear()
        await self.run(script)
        self.doing = f"what comes after {script}"
        await self.loaded.wait()
        self.doing = ""

    async def enter(self) -> None:
        """Presses Enter where it leads to another page, and waits for it."""
        self.loaded.clear()
        self.doing = "Enter, which leads to another page"
        # No answer is waited for: it may be lost with the page that is left.
        await self.tell(
            "Input.dispatchKeyEvent", type="keyDown", key="Enter", windowsVirtualKeyCode=13,
            text="\r",
        )  # fmt: skip
        await self.loaded.wait()
        self.doing = ""

    async def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        """The size of the window and the colours that the viewer likes."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def picture(self, name: str, *, whole: bool = True) -> Path:
        """Keeps a picture of the page under build/screens."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        found = await self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path = SCREENS / f"{name}.png"
        path.write_bytes(base64.b64decode(str(found["data"])))
        return path


@asynccontextmanager
async def opened(*, scripts: bool = True) -> AsyncIterator[Page]:
    """A fresh browser with one page; without `scripts` pages have to do without."""
    found = program()
    assert found is not None
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(
        prefix="horarium-browser-", ignore_cleanup_errors=True
    ) as profile:
        arguments = [found, f"--user-data-dir={profile}", *sandbox, *ARGUMENTS]
        process = subprocess.Popen(
            arguments, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
            env={**os.environ, "HOME": profile},
        )  # fmt: skip
        try:
            url = await asyncio.to_thread(_address, process)
            async with (
                aiohttp.ClientSession() as http,
                http.ws_connect(url, max_msg_size=64 << 20) as socket,
            ):
                page = await _page(socket)
                reading = asyncio.create_task(page.read())
                for domain in ("Page", "Runtime", "Log", "Network"):
                    await page.call(f"{domain}.enable")
                if not scripts:
                    await page.call("Emulation.setScriptExecutionDisabled", value=True)
                await page.resize(1280, 800)
                yield page
                reading.cancel()
        finally:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        match = re.search(r"DevTools listening on (ws://\S+)", line)
        if match:
            return match[1]
    raise AssertionError("the browser did not start")


async def _page(socket: aiohttp.ClientWebSocketResponse) -> Page:
    async def once(number: int, method: str, **params: object) -> dict[str, object]:
        await socket.send_json({"id": number, "method": method, "params": params})
        while True:
            said = await socket.receive_json()
            if said.get("id") == number:
                return said["result"]  # type: ignore[no-any-return]

    made = await once(100_001, "Target.createTarget", url="about:blank")
    joined = await once(100_002, "Target.attachToTarget", targetId=made["targetId"], flatten=True)
    return Page(socket, str(joined["sessionId"]))
