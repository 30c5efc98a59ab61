"""A realm on one machine for a demonstration: a distributor, parents and leaves, each a process of
its own with its own folder and port of the loopback."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from horarium.kernel.errors import HorariumError, Unavailable
from horarium.runtime.applying import apply_objects
from horarium.runtime.clock import Clock
from horarium.runtime.objects import read_objects
from horarium.runtime.settings import Settings, load_settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.asking import build_now, join_realm, make_tokens, refresh_now
from horarium.runtime.tiers.making import Made
from horarium.runtime.wiring import open_store
from horarium.store.store import Store

PROGRAM = (sys.executable, "-m", "horarium.cli.entry")
PATIENCE = 40.0
"""Seconds: what has not come by then does not come."""
LOOK_SECONDS = 0.05
DISTRIBUTION = "docs"

T = TypeVar("T")


class NotShown(Exception):
    """Something that was to be shown did not happen; the text says what."""


class DemoNode:
    """One node: its folder, its port, and its process while it runs."""

    def __init__(self, root: Path, name: str, clock: Clock) -> None:
        self.name = name
        self.site = Site(root / name)
        self.inbox = self.site.root / "in"
        self.inbox.mkdir(parents=True)
        self.port = _free_port()
        self.process: asyncio.subprocess.Process | None = None
        self._clock = clock
        self._store: Store | None = None
        node = {
            "name": name, "listen": f"127.0.0.1:{self.port}", "url": self.url,
        }  # fmt: skip
        lines = ['zone = "UTC"', "[node]", *(f"{k} = {json.dumps(v)}" for k, v in node.items())]
        lines.append(f"variables = {{ DEST_VOLUME = {json.dumps(str(self.inbox))} }}")
        self.site.settings_file.write_text("\n".join(lines) + "\n", "utf-8")
        self.settings: Settings = load_settings(self.site, {})

    @property
    def url(self) -> str:
        """Where its children reach it."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def store(self) -> Store:
        """Its store; processes share it."""
        if self._store is None:
            self._store = open_store(self.site, self.settings, self._clock)
        return self._store

    @property
    def log(self) -> str:
        """What its processes said."""
        path = self.site.root / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.returncode is None

    async def start(self, **environment: str) -> None:
        """Serves, until it is stopped or killed."""
        before = self.log.count("serving ")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HORARIUM_")}
        with (self.site.root / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *PROGRAM, "--site", str(self.site.root), "--testing", "node", "run",
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                env={**inherited, **environment},
            )  # fmt: skip
        await self.until(
            lambda: self.log.count("serving ") > before or not self.alive,
            f"{self.name} serves",
        )

    async def stop(self) -> None:
        """Ends its process as a loss of power would."""
        if self.process is not None and self.alive:
            self.process.kill()
            await self.process.wait()
        self.process = None

    def close(self) -> None:
        """Lets go of its store."""
        if self._store is not None:
            self._store.close()
            self._store = None

    async def until(self, what: Callable[[], T], why: str, seconds: float = PATIENCE) -> T:
        """Waits until something holds; gives it. NotShown when it does not come."""
        return await until(self._clock, what, why, seconds)

    def files(self) -> dict[str, bytes]:
        """What it has in use, by path."""
        return files_below(self.inbox / DISTRIBUTION)

    def arriving(self) -> int:
        """Octets of a bundle that has not arrived whole."""
        folder = self.site.distribution / "part"
        return max((p.stat().st_size for p in folder.glob("*") if len(p.name) == 64), default=0)

    def received(self) -> list[int]:
        """Octets of the bundles that it received, in order."""
        return [int(n) for n in re.findall(r"bundle\.received .*octets=(\d+)", self.log)]

    def sent(self, digest: str) -> list[int]:
        """Octets of each flow of a content to its children."""
        found = rf"flow\.ended digest={re.escape(digest[:23])} octets=(\d+)"
        return [int(n) for n in re.findall(found, self.log)]


class DemoRealm:
    """A distributor ``hq`` and nodes by the lines that their objects add (`nodes`); ``parents``
    says by whom each joins, empty for the distributor."""

    def __init__(
        self, root: Path, clock: Clock, parents: Mapping[str, str], more: Mapping[str, str]
    ) -> None:
        self.clock = clock
        self.source = root / "source"
        self.source.mkdir()
        self.parents = parents
        self._more = more
        self.hq = DemoNode(root, "hq", clock)
        self.nodes = {name: DemoNode(root, name, clock) for name in parents}

    def declare(self, channels: Mapping[str, str]) -> None:
        """Declares everything anew, with the keys of each channel, and refreshes."""
        lines = [
            '[distributor.hq]\nrefresh = { type = "never" }',
            f'[distribution.{DISTRIBUTION}]\ndistributor = "hq"\ntype = "file"\n'
            f"source = {json.dumps(str(self.source))}\n"
            f'target = "%DEST_VOLUME%/{DISTRIBUTION}"\nbuild = {{ type = "never" }}',
        ]
        for name, keys in channels.items():
            lines.append(
                f'[channel.{name}]\ndistributions = ["{DISTRIBUTION}"]\n'
                f"subscribers = {json.dumps(sorted(self.nodes))}\n{keys}"
            )
        for name, node in self.nodes.items():
            parent = self.parents[name]
            more = self._more.get(name, "")
            over = f'parents = ["{parent}"]\n' if parent and "parents" not in more else ""
            lines.append(
                f'[subscriber.{name}]\nurl = "{node.url}"\n'
                f'extract = {{ type = "immediately" }}\n{over}{more}'
            )
        path = self.hq.site.objects / "realm.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n", "utf-8")
        now = self.clock.now()
        apply_objects(self.hq.store, read_objects([path]), now, prune=True, dry_run=False)
        refresh_now(self.hq.site, self.hq.settings, self.hq.store, "hq", now)

    async def start(self) -> None:
        """Starts everybody at once; those who have not joined yet wait until they have."""
        starting = [asyncio.create_task(node.start()) for node in (self.hq, *self.nodes.values())]
        tokens = make_tokens(
            self.hq.site, self.hq.settings, self.hq.store, self.nodes, self.clock.now()
        )
        waiting = dict(self.parents)
        while waiting:
            tier = [name for name, parent in waiting.items() if parent not in waiting]
            await asyncio.gather(*(self._join(name, tokens[name]) for name in tier))
            for name in tier:
                del waiting[name]
        await asyncio.gather(*starting)

    async def _join(self, name: str, token: str) -> None:
        node = self.nodes[name]
        parent = self.nodes.get(self.parents[name], self.hq)
        end = self.clock.monotonic() + PATIENCE
        while True:
            try:
                await join_realm(
                    node.site, node.settings, node.store, parent.url, token, self.clock.now(),
                    again=False,
                )  # fmt: skip
                return
            except (Unavailable, OSError) as error:
                if self.clock.monotonic() > end:
                    raise NotShown(f"{name} could not join: {error}") from error
                await self.clock.sleep(LOOK_SECONDS * 4)

    def build(self) -> Made:
        """Builds a version now. NotShown when there is none."""
        try:
            return build_now(
                self.hq.site, self.hq.settings, self.hq.store, self.clock, DISTRIBUTION, "demo"
            )
        except HorariumError as error:
            raise NotShown(f"no version: {error}") from error

    def wanted(self) -> dict[str, bytes]:
        """What the source holds, by path."""
        return files_below(self.source)

    async def until_same(self, *names: str) -> None:
        """Waits until nodes (all of them) have what the source holds, and nothing else."""
        wanted = self.wanted()
        for name in names or tuple(self.nodes):
            node = self.nodes[name]
            await node.until(
                lambda node=node: node.files() == wanted,  # type: ignore[misc]
                f"{name} has what the source holds",
            )

    async def end(self) -> None:
        """Ends all processes."""
        nodes = (self.hq, *self.nodes.values())
        await asyncio.gather(*(node.stop() for node in nodes))
        for node in nodes:
            node.close()


async def until(clock: Clock, what: Callable[[], T], why: str, seconds: float = PATIENCE) -> T:
    """Waits until something holds; gives it. NotShown when it does not come in time."""
    end = clock.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        if clock.monotonic() > end:
            raise NotShown(f"not within {seconds:.0f} s: {why}")
        await clock.sleep(LOOK_SECONDS)


def files_below(folder: Path) -> dict[str, bytes]:
    """The files below a folder, by path. What vanishes meanwhile is left out."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        try:
            if path.is_file() and ".horarium-stage" not in name:
                found[name] = path.read_bytes()
        except FileNotFoundError:
            continue
    return found


def room_for(octets: int, folder: Path) -> bool:
    """Whether so much can be written below a folder."""
    return shutil.disk_usage(folder).free > octets


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
