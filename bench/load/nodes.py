"""Many nodes of a realm in one process, each a site of its own: joins them, then works until it is
ended.

    python bench/load/nodes.py FILE      plays the nodes that a JSON file lists
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from horarium.kernel.errors import HorariumError
from horarium.runtime.clock import SystemClock
from horarium.runtime.settings import load_settings
from horarium.runtime.site import Site
from horarium.runtime.tiers import unpacking
from horarium.runtime.tiers.identity import NodeFolder
from horarium.runtime.tiers.joining import join
from horarium.runtime.tiers.serving import COLLECTING, DistributionPart
from horarium.runtime.wiring import open_store

JOINING_AT_ONCE = 8
# A node looks each second whether another process of its machine asked for something. Nobody does
# here, and two cores are not thousands of machines.
unpacking.LOOK_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Played:
    """A node: its name, its folder, the address it listens at (empty: nobody is below it), and
    that of the node above."""

    name: str
    folder: str
    listen: str
    above: str
    token: str


def write(path: Path, nodes: list[Played]) -> None:
    """Writes what this program plays, and the settings of each."""
    path.write_text(json.dumps([asdict(node) for node in nodes]))
    for node in nodes:
        folder = Path(node.folder)
        (folder / "in").mkdir(parents=True)
        listen = f'listen = "{node.listen}"\n' if node.listen else ""
        (folder / "horarium.toml").write_text(
            f'zone = "UTC"\n[node]\nname = "{node.name}"\n{listen}'
            f'variables = {{ DEST_VOLUME = "{folder}/in" }}\n'
        )


class Nodes:
    """Plays nodes; those that have joined go to work while others still join."""

    def __init__(self) -> None:
        self._gate = asyncio.Semaphore(JOINING_AT_ONCE)
        self._joined = 0

    async def play(self, node: Played) -> None:
        """Joins, and works for ever."""
        site, clock = Site(Path(node.folder)), SystemClock()
        settings = load_settings(site, {})
        async with self._gate:
            store = open_store(site, settings, clock)
            while True:
                try:
                    folder = NodeFolder(site.distribution)
                    await join(folder, store, node.above, node.token, clock.now())
                    break
                except HorariumError as error:
                    print(f"{node.name}: {error}", file=sys.stderr, flush=True)
                    await asyncio.sleep(1)
        self._joined += 1
        print(f"joined {self._joined}", flush=True)
        part = DistributionPart(site, settings, store, clock)
        await part.run()


async def main(path: Path) -> None:
    """Plays all, until one of them ends."""
    nodes = Nodes()
    listed = [Played(**node) for node in json.loads(path.read_text())]
    tasks = [asyncio.create_task(nodes.play(node)) for node in listed]
    gc.set_threshold(*COLLECTING)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(main(Path(sys.argv[1])))
