"""The part of the daemon that distributes: as the distributor of a realm, or as a node that has
joined one; and the links to the nodes below."""

from __future__ import annotations

import asyncio
import gc
import logging

from horarium.kernel.errors import HorariumError, InvalidInput, NotFound
from horarium.runtime.clock import Clock
from horarium.runtime.entropy import SystemSecrets
from horarium.runtime.notifying import Notifying
from horarium.runtime.settings import Settings
from horarium.runtime.site import Site
from horarium.runtime.tiers.belief import load_belief
from horarium.runtime.tiers.checking import drop_lost
from horarium.runtime.tiers.distributing_node import DistributingNode
from horarium.runtime.tiers.identity import node_folder, read_joined, tls_down
from horarium.runtime.tiers.joining import renew
from horarium.runtime.tiers.making import Making
from horarium.runtime.tiers.origin import Origin
from horarium.runtime.tiers.receiving_node import ReceivingNode
from horarium.runtime.tiers.unpacking import Unpacking
from horarium.store.store import Store
from horarium.transport.endpoint import Tcp
from horarium.transport.link_server import LinkServer

log = logging.getLogger(__name__)

# A site that neither distributes nor has joined is looked at again after so long.
LOOK_SECONDS = 2.0
# A full collection looks at all that is alive: with thousands of links, at the usual thresholds,
# they were half of a walk. What is let go here is nearly all let go without one.
COLLECTING = (50_000, 20, 100)
_TOKEN_OCTETS = 16
_DAY = 86_400.0


class DistributionPart:
    """Distribution of one site, whatever its role is, until it is stopped."""

    def __init__(self, site: Site, settings: Settings, store: Store, clock: Clock) -> None:
        self._site = site
        self._settings = settings
        self._store = store
        self._clock = clock
        self._folder = node_folder(site, settings)
        self._server: LinkServer | None = None
        self._notifying = Notifying(store, lambda: settings, clock, site.state / "notices")

    @property
    def role(self) -> str:
        """What this site is: ``distributor``, ``subscriber``, or neither (empty)."""
        if Origin(self._site, self._settings, self._store).declared().distributors:
            return "distributor"
        return "subscriber" if self._folder.joined.exists() else ""

    async def run(self) -> None:
        """Works as what the site is, and tells notices; waits while it is neither."""
        gc.set_threshold(*COLLECTING)
        telling = asyncio.create_task(self._notifying.run())
        try:
            await self._work()
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            role = await loop.run_in_executor(None, lambda: self.role)
            if role == "distributor":
                await self._distribute()
            elif role == "subscriber":
                await self._receive()
            await self._clock.sleep(LOOK_SECONDS)

    async def _distribute(self) -> None:
        loop = asyncio.get_running_loop()
        origin = Origin(self._site, self._settings, self._store)
        try:
            published = await loop.run_in_executor(None, origin.refresh, self._clock.now())
        except (HorariumError, OSError) as error:
            log.error("distributor.waits reason=%s", error)
            return
        node = DistributingNode(origin, published, self._clock, Making(origin, self._clock), _token)
        try:
            await self._listen(node)
            await node.run()
        finally:
            await self._hang_up()

    async def _receive(self) -> None:
        try:
            joined = read_joined(self._folder)
            belief = load_belief(self._store)
        except (NotFound, InvalidInput) as error:
            log.error("subscriber.waits reason=%s", error)
            return
        if belief is None:
            log.error("subscriber.waits reason=no realm is believed; join again")
            return
        # Another working directory may not hold what the rows say.
        contents, loop = self._folder.store(), asyncio.get_running_loop()
        await loop.run_in_executor(None, lambda: drop_lost(contents, self._store))
        insecure = self._settings.node.insecure_loopback and joined.url.startswith("http://")
        node = ReceivingNode(
            joined, self._folder, self._store, self._clock, belief, _token, insecure=insecure
        )
        unpacking = Unpacking(node, self._settings)
        node.unpacker = unpacking
        tasks = [
            asyncio.create_task(work)
            for work in (node.run(), unpacking.run(), self._listen_below(node), self._renew(node))
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._hang_up()

    async def _listen_below(self, node: ReceivingNode) -> None:
        """Listens as soon as somebody is below."""
        while not node.configuration().children:
            await self._clock.sleep(LOOK_SECONDS / 4)
        await self._listen(node)

    async def _listen(self, node: DistributingNode | ReceivingNode) -> None:
        endpoint = self._settings.node.listen
        if not isinstance(endpoint, Tcp):
            raise InvalidInput("node.listen is an address with a port, like 127.0.0.1:8443")
        plain = self._settings.node.insecure_loopback
        if plain and endpoint.host not in ("127.0.0.1", "::1", "localhost"):
            raise InvalidInput("node.insecure_loopback is for addresses of the loopback only")
        tls = None if plain else tls_down(self._folder)
        self._server = LinkServer(node.sender, tls, self._clock.monotonic)
        await self._server.start(endpoint.host, endpoint.port)
        log.info("distribution.listening address=%s", endpoint)

    async def _hang_up(self) -> None:
        if self._server is not None:
            await self._server.stop()
            self._server = None

    async def _renew(self, node: ReceivingNode) -> None:
        while True:
            client = node.uplink.client
            if client is not None:
                try:
                    await renew(self._folder, client, self._clock.now())
                except (HorariumError, OSError) as error:
                    log.error("certificate.not_renewed reason=%s", error)
            await self._clock.sleep(_DAY / 24)


def _token() -> str:
    return SystemSecrets().random(_TOKEN_OCTETS).hex()
