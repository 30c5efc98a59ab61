"""A receiving node: follows what its distributor states for it, keeps what it receives, passes it
on to those below, and tells how far all of them are."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar

from horarium.distribution.configuration import Configuration, Place
from horarium.distribution.messages import (
    Ask,
    Lacks,
    Link,
    Offer,
    Response,
    Row,
    Stand,
    Standing,
    Stop,
)
from horarium.distribution.needing import Held, Manner, Need, lacking, need_of
from horarium.distribution.records import Document
from horarium.distribution.release import Release
from horarium.distribution.states import State
from horarium.distribution.version import Version
from horarium.kernel.dispatch import offset
from horarium.kernel.errors import HorariumError, Unavailable
from horarium.kernel.instant import Instant
from horarium.runtime.clock import Clock
from horarium.runtime.tiers.belief import Belief, followed
from horarium.runtime.tiers.believing import NODE, Believing
from horarium.runtime.tiers.children import Permission, held_back, window_permission
from horarium.runtime.tiers.collecting import keep_cache
from horarium.runtime.tiers.identity import Joined, NodeFolder, node_key, tls_up
from horarium.runtime.tiers.known import Known
from horarium.runtime.tiers.linking import OwnLink, keep_own_link, own_link
from horarium.runtime.tiers.receiving import Receiver, keep_received
from horarium.runtime.tiers.sending import Sender
from horarium.runtime.tiers.sharing import Shared
from horarium.runtime.tiers.silence import tell_silence
from horarium.runtime.tiers.strangers import tell_strange
from horarium.runtime.tiers.telling import Telling
from horarium.runtime.tiers.uplink import Uplink
from horarium.store.holdings import Holding
from horarium.store.store import Store
from horarium.transport.link import End
from horarium.transport.link_client import LinkClient

log = logging.getLogger(__name__)

T = TypeVar("T")

# That more of those below have everything is told together; what is lacking, at once.
COUNT_SECONDS = 1.0


class Unpacker(Protocol):
    """What unpacks at a node what it has received."""

    def extracted(self) -> Mapping[str, int]:
        """By distribution, the version that is extracted."""
        ...

    def missing(self) -> Sequence[Need]:
        """Contents that an extraction lacks: files whose base was changed here."""
        ...

    def received(self, distribution: str) -> None:
        """The bundle of a version was received: it may be time."""
        ...

    def changed(self) -> None:
        """Something else is as it was not: what is believed, or a missing content came."""
        ...


class NothingUnpacked:
    """A node that passes on and extracts nothing."""

    def extracted(self) -> Mapping[str, int]:
        """See `Unpacker`."""
        return {}

    def missing(self) -> Sequence[Need]:
        """See `Unpacker`."""
        return ()

    def received(self, distribution: str) -> None:
        """See `Unpacker`."""

    def changed(self) -> None:
        """See `Unpacker`."""


class ReceivingNode:
    """One receiving node at work. Lives on the loop's thread; the store is asked on `worker`."""

    def __init__(
        self, joined: Joined, folder: NodeFolder, store: Store, clock: Clock, belief: Belief,
        token: Callable[[], str], *, insecure: bool = False,
    ) -> None:  # fmt: skip
        self.name = joined.name
        self.folder = folder
        self.store = store
        self.clock = clock
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="receiving")
        self.unpacker: Unpacker = NothingUnpacked()
        self._joined = joined
        self._believing = Believing(self.name, store, clock, self.do, belief, self.adopt)
        self._insecure = insecure
        self._tls = None if insecure else tls_up(folder)
        self.contents = folder.store()
        self._arriving: dict[str, Shared] = {}
        self.sender = Sender(self, clock, self.contents, self._arriving, token)
        self.receiver = Receiver(self, clock, store, self.contents, self._arriving, self.worker)
        self.uplink = Uplink(
            self.name, self, clock, token(), self.configuration, self._connect
        )  # fmt: skip
        key = node_key(folder)
        self.telling = Telling(
            self.name,
            lambda data: key.sign(data).hex(),
            clock,
            lambda rows: self.uplink.say(rows),
            joined.order,
        )
        self._configuration = Configuration(self.name, "")
        self._versions: dict[str, tuple[Version, ...]] = {}
        self._releases: dict[str, Release] = {}
        self._holdings: list[Holding] = []
        self._needs: dict[str, Need] = {}
        self._known = Known(())
        self._standing: Mapping[str, Standing] = {}
        self._told: Mapping[str, Standing] = {}
        self._counting: asyncio.TimerHandle | None = None
        self._walk = ""

    # --- its life ----------------------------------------------------------------

    async def begin(self) -> None:
        """Finds what is here, and goes by what was believed when it was last kept."""
        await self._count()
        held = await self.do(lambda: self.store.read(own_link))
        if held is not None and held.down is None:
            held = replace(held, down=self.clock.now(), trouble="not linked yet since it began")
            await self.do(partial(keep_own_link, self.store, held))
        self.uplink.link = held
        self.adopt()

    async def run(self) -> None:
        """Works until it is cancelled."""
        await self.begin()
        silence = partial(
            tell_silence, self.clock, self.sender, self.telling, self.configuration, self.belief
        )
        look = partial(self._believing.look_again, lambda: self.uplink.client)
        cache = partial(keep_cache, self)
        works = (self.uplink.run, self.sender.run, self.telling.run, silence, look, cache)
        tasks = [asyncio.create_task(work()) for work in works]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await self.receiver.stop()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.worker.shutdown()

    async def do(self, work: Callable[[], T]) -> T:
        """Does something that asks the store, off the loop's thread."""
        return await asyncio.get_running_loop().run_in_executor(self.worker, work)

    # --- what it believes ----------------------------------------------------------

    def belief(self) -> Belief:
        """See `Surroundings`."""
        return self._believing.belief

    def configuration(self) -> Configuration:
        """What holds for this node."""
        return self._configuration

    def versions(self, distribution: str) -> Sequence[Version]:
        """The versions of a distribution that are retained."""
        return self._versions.get(distribution, ())

    def release(self, distribution: str) -> Release:
        """What of a distribution is released."""
        return self._releases.get(distribution) or Release(distribution)

    def adopt(self) -> None:
        """Goes by what is believed now."""
        belief = self.belief()
        # Before anything was stated, it knows where it joined.
        place = Place(self._joined.parent, self._joined.url)
        configuration = belief.configuration(self.name) or Configuration(
            self.name, "", parents=(place,)
        )
        self._configuration = configuration
        names = followed(configuration)
        self._versions = {name: belief.trusted.versions(name) for name in names}
        self._releases = {name: belief.release(name) for name in names}
        self.receiver.pace.limit(configuration.setting("input_rate"))
        self.receiver.pace.timeout = configuration.setting("timeout", 300) or 300
        self.receiver.pace.min_rate = configuration.setting("min_rate", 1_024) or 0
        self.receiver.free_space = configuration.setting("free_space", 1 << 30) or 0
        versions = [version for found in self._versions.values() for version in found]
        self._known = Known(versions, self._may_be_file)
        self.sender.tell_stand()
        self.look()
        self.unpacker.changed()

    # --- the link upwards (Listener) ---------------------------------------------------

    async def strange(self, place: Place) -> None:
        """See `Listener`."""
        await tell_strange(place, self.name, self.belief().trusted)

    async def connected(self, client: LinkClient) -> None:
        """See `Listener`: brings itself up to date, and says how everything stands."""
        await self._believing.refresh(client)
        self.telling.again()
        self._told = {}
        self.look()

    async def link_changed(self, link: OwnLink) -> None:
        """See `Listener`: keeps it for its owner, and tells it upwards."""
        if link.down is None:
            self.telling.linked(link.parent, link.reason)
        try:
            await self.do(partial(keep_own_link, self.store, link))
        except HorariumError as error:
            log.warning("link.not_kept reason=%s", error)

    async def stands(self, client: LinkClient, stand: Stand) -> None:
        """See `Listener`."""
        await self._believing.stands(client, stand)

    async def asked(self, ask: Ask) -> None:
        """See `Listener`: answers, and asks those below."""
        self._walk, self._told = ask.walk, {}
        self.look()
        self.sender.walk()

    def offered(self, client: LinkClient, offer: Offer) -> None:
        """See `Listener`."""
        self.receiver.offered(client, offer)

    def stopped(self, stop: Stop) -> None:
        """See `Listener`."""
        self.receiver.stopped(stop.grants, _kind_of_stop(stop.reason))

    def _connect(self, place: Place) -> LinkClient:
        timeout = self.configuration().setting("timeout", 300) or 300
        return LinkClient(End(place.name, place.url), self._tls, self.name, timeout)

    # --- what is lacking --------------------------------------------------------------

    def look(self) -> None:
        """Looks anew at what is lacking here and below, and says so when it changed."""
        configuration = self.configuration()
        extracted = self.unpacker.extracted()
        below = self.sender.lacked()
        needs: dict[str, Need] = {}
        standing: dict[str, Standing] = {}
        for name in followed(configuration):
            found, complete = self._lacking(configuration, name, extracted.get(name, 0))
            under = below.get(name, Standing())
            found += [need for need in under.needs if not self.contents.has(need.content.digest)]
            mine = {need.content.digest: need for need in found}
            needs.update(mine)
            standing[name] = Standing(tuple(mine.values()), complete + under.complete)
        self._needs = needs
        self._standing = standing
        self.receiver.drop(needs.__contains__)
        if _needs_of(standing) != _needs_of(self._told):
            self._answer()
        elif standing != self._told and self._counting is None:
            loop = asyncio.get_running_loop()
            self._counting = loop.call_later(COUNT_SECONDS, self._answer)
        self.sender.wake()

    def _answer(self) -> None:
        """Says above how everything stands, unless that is what was said."""
        if self._counting is not None:
            self._counting.cancel()
            self._counting = None
        if self._standing != self._told:
            self._told = self._standing
            self.uplink.say(Lacks(self._walk, self._standing))

    def _lacking(
        self, configuration: Configuration, name: str, extracted: int
    ) -> tuple[list[Need], int]:
        """What this node itself lacks of a distribution, and 1 when it is nothing."""
        held = self.held(name, extracted)
        follows = configuration.distributions.get(name)
        if follows is None or not follows.extracts:
            return [], 0
        release = self.release(name)
        versions = [
            version
            for version in self.versions(name)
            if version.number <= held.reached or release.allows(version.number, follows)
        ]
        way = lacking(versions, self.manner(name), held, release.withdrawn)
        for version in versions:
            if version.number > held.reached and self.telling.state(name, version.number) is None:
                self.telling.tell(name, version.number, State.PENDING)
        needs = [need_of(name, version, bundle) for version, bundle in way]
        missing = [need for need in self.unpacker.missing() if need.distribution == name]
        return needs + missing, int(held.is_complete(versions))

    def held(self, name: str, extracted: int) -> Held:
        """What this node holds of a distribution."""
        received = [(one.version, one.base) for one in self._holdings if one.distribution == name]
        return Held(extracted, tuple(received))

    def holdings(self, name: str) -> list[Holding]:
        """The bundles of a distribution that are here."""
        return [one for one in self._holdings if one.distribution == name]

    async def recount(self) -> None:
        """Bundles went, or are to be received again."""
        await self._count()
        self.look()

    async def _count(self) -> None:
        self._holdings = await self.do(lambda: self.store.read(lambda tx: tx.holdings.all()))

    def forget(self, name: str) -> None:
        """The bundles of a distribution are here no more."""
        self._holdings = [one for one in self._holdings if one.distribution != name]

    def manner(self, name: str) -> Manner:
        """How a distribution is followed, as it was defined."""
        definition = self.belief().trusted.definition(name) or {}
        return Manner(
            definition.get("sequential") is True, definition.get("catch_up_versions") == "jump"
        )

    def _may_be_file(self, distribution: str, version: int, content: object) -> bool:
        """Single files are for those above to judge, who know the manifests."""
        return distribution in followed(self.configuration())

    # --- receiving (Taker) --------------------------------------------------------------

    def needed(self, digest: str) -> Need | None:
        """See `Taker`."""
        return self._needs.get(digest)

    def doubt(self, need: Need) -> str:
        """See `Taker`."""
        if self.belief().trusted.expired(self.clock.now()) is not None:
            return "expired"
        return "" if self._known.need(need) is not None else "signature"

    def respond(self, response: Response) -> None:
        """See `Taker`."""
        self.uplink.say(response)

    def progressed(self, need: Need, state: State, offset: int, reason: str = "") -> None:
        """See `Taker`."""
        follows = self.configuration().distributions.get(need.distribution)
        if follows is None or not follows.extracts or need.chunks is None:
            return
        if state is State.REFUSED:
            self.telling.tell(
                need.distribution, need.version, State.PENDING, reason=f"refused({reason})"
            )
            return
        percent = 100 * offset // max(1, need.content.length)
        self.telling.tell(
            need.distribution, need.version, state, reason=reason, percent=percent, octets=offset
        )

    def arrives(self) -> None:
        """See `Taker`."""
        self.sender.wake()

    async def received(self, need: Need) -> None:
        """See `Taker`."""
        now = self.clock.now()
        if need.chunks is not None:
            await self.do(partial(keep_received, self.store, need, now))
            await self._count()
            follows = self.configuration().distributions.get(need.distribution)
            if follows is not None and follows.extracts:
                octets = need.content.length
                self.telling.tell(
                    need.distribution, need.version, State.RECEIVED, percent=100, octets=octets
                )
        log.info(
            "bundle.received distribution=%s version=%d octets=%d", need.distribution,
            need.version, need.content.length,
        )  # fmt: skip
        self.look()
        if need.chunks is not None:
            self.unpacker.received(need.distribution)
        else:
            self.unpacker.changed()

    def jitter(self, key: str) -> float:
        """See `Taker`."""
        return offset(1_000, self.configuration().seed, self.name, key) / 1_000

    # --- sending (Surroundings) -----------------------------------------------------------

    def known(self, asked: Need) -> Need | None:
        """See `Surroundings`."""
        return self._known.need(asked)

    def permission(self, child: str, need: Need, now: Instant) -> Permission:
        """See `Surroundings`: what is released goes at any hour, but for links that obey a window
        or a calendar."""
        found = self.configuration().children[child]
        follows = found.distributions[need.distribution]
        release = self.release(need.distribution)
        passed_on = not follows.extracts
        if not passed_on and not release.allows(need.version, follows):
            return Permission(held_back(release, need.version))
        if found.open is None or need.distribution not in found.open:
            return Permission()
        return window_permission(found.open[need.distribution], now)

    def rate(self, child: str, need: Need, now: Instant) -> int | None:
        """See `Surroundings`: rates of channels bind the first tier, and those who obey them."""
        rates = self._configuration.children[child].rates.get(need.distribution, ())
        return next((rate for period, rate in rates if period.contains(now)), None)

    async def fetched(self, name: str) -> bytes | None:
        """See `Surroundings`."""
        client = self.uplink.client
        if client is None:
            return self.belief().octets(name)
        child = self._configuration.children.get(name.removeprefix(NODE))
        return await self._believing.given(client, name, child.number if child else None)

    async def forwarded(self, what: str, asked: Document) -> Document:
        """See `Surroundings`."""
        client = self.uplink.client
        if client is None:
            raise Unavailable("the node above can not be reached now")
        return await client.post(what, asked)

    def heard(self, child: str, rows: Sequence[Row]) -> None:
        """See `Surroundings`: passes on what is said of the child and those behind it."""
        found = self.configuration().children.get(child)
        allowed = {child, *(found.below if found is not None else ())}
        taken = [row for row in rows if row.subscriber in allowed]
        if len(taken) < len(rows):
            log.error("rows.foreign child=%s count=%d", child, len(rows) - len(taken))
        self.telling.pass_on(taken)

    def linked_below(self, child: str, links: Sequence[Link]) -> None:
        """See `Surroundings`: as what is heard."""
        found = self.configuration().children.get(child)
        allowed = {child, *(found.below if found is not None else ())}
        self.telling.pass_links(one for one in links if one.node in allowed)

    def lacks_changed(self) -> None:
        """See `Surroundings`."""
        self.look()


def _needs_of(standing: Mapping[str, Standing]) -> dict[str, tuple[Need, ...]]:
    return {name: stands.needs for name, stands in standing.items()}


def _kind_of_stop(reason: str) -> str:
    if reason.startswith(("window", "link_")):
        return "window"
    return "release" if reason.startswith(("ring", "release", "withdrawn")) else "upstream"
