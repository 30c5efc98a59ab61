"""The lower side of a node: keeps the link to the node above, listens there, and speaks there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from horarium.distribution.configuration import Configuration, Place
from horarium.distribution.linking import Lost, why_left
from horarium.distribution.messages import (
    Ask,
    Lacks,
    Offer,
    Stand,
    Stop,
    Upward,
    message_document,
    read_downward,
)
from horarium.kernel.errors import HorariumError, InvalidInput, Unavailable
from horarium.runtime.clock import Clock
from horarium.runtime.tiers.linking import OwnLink
from horarium.transport.link import LONGEST_POLL, Refused, StrangeCertificate
from horarium.transport.link_client import LinkClient

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
# Messages upwards that are not yet sent; who is cut off for long says everything anew afterwards.
MOST_WAITING = 10_000


class Listener(Protocol):
    """What is done with what the node above says."""

    async def stands(self, client: LinkClient, stand: Stand) -> None:
        """The metadata above are so far."""
        ...

    async def asked(self, ask: Ask) -> None:
        """Whether everything is here."""
        ...

    def offered(self, client: LinkClient, offer: Offer) -> None:
        """A content may be had."""
        ...

    def stopped(self, stop: Stop) -> None:
        """Grants hold no more."""
        ...

    async def strange(self, place: Place) -> None:
        """The node there shows a certificate that is not of this realm."""
        ...

    async def connected(self, client: LinkClient) -> None:
        """A node above was reached, after none was."""
        ...

    async def link_changed(self, link: OwnLink) -> None:
        """There is a link to a node above, or none any more."""
        ...


class Uplink:
    """The link to one node above at a time: the first of the parents that policy allows."""

    def __init__(
        self, node: str, listener: Listener, clock: Clock, life: str,
        configuration: Callable[[], Configuration], connect: Callable[[Place], LinkClient],
    ) -> None:  # fmt: skip
        self._node = node
        self._listener = listener
        self._clock = clock
        self._life = life
        self._configuration = configuration
        self._connect = connect
        self._waiting: list[Upward] = []
        self._some = asyncio.Event()
        self._number = 0
        self._since: dict[str, float] = {}
        self._lost: dict[str, Lost] = {}
        self.link: OwnLink | None = None
        self.client: LinkClient | None = None

    def say(self, *messages: Upward) -> None:
        """Says something as soon as it can be; a newer message of a kind that tells everything
        takes the place of an older one."""
        self._waiting += messages
        del self._waiting[: max(0, len(self._waiting) - MOST_WAITING)]
        self._some.set()

    async def run(self) -> None:
        """Keeps a link up, for ever."""
        pause = FIRST_PAUSE
        while True:
            place = self.choose(self._clock.monotonic())
            if place is None:
                await self._clock.sleep(FIRST_PAUSE)
                continue
            client = self._connect(place)
            reached = False
            try:
                await self._listener.connected(client)
                reached = True
                self.client = client
                self._since.pop(place.name, None)
                self._lost.pop(place.name, None)
                await self._is_up(place)
                pause = FIRST_PAUSE
                await self._converse(client, place)
            except (Unavailable, Refused, InvalidInput) as error:
                self._since.setdefault(place.name, self._clock.monotonic())
                await self._is_down(place, str(error))
                log.warning("link.down parent=%s reason=%s", place.name, error)
                if isinstance(error, StrangeCertificate):
                    await self._listener.strange(place)
                if isinstance(error, Refused) and error.kind == "not-a-child":
                    await self._ask_origin(place)
            finally:
                self.client = None
                await client.close()
            if not reached:
                await self._clock.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                await self._clock.sleep(FIRST_PAUSE)

    async def _is_up(self, place: Place) -> None:
        """Keeps to whom this node is linked; of another one than before, why."""
        now, held = self._clock.now(), self.link
        link = OwnLink(place.name, now)
        if held is not None and held.parent == place.name:
            link = replace(link, before=held.before, reason=held.reason)
        elif held is not None:
            known = {one.name for one in self._places()}
            reason = why_left(held.parent, place.name, known, self._lost.get(held.parent))
            log.warning(
                "link.switched parent=%s before=%s reason=%s", place.name, held.parent, reason
            )
            link = replace(link, before=held.parent, reason=reason)
        self.link = link
        await self._listener.link_changed(link)

    async def _is_down(self, place: Place, reason: str) -> None:
        """Keeps since when a node above is not reached, and why. The link is down when it is the
        one that was there."""
        now = self._clock.now()
        since = self._lost[place.name].since if place.name in self._lost else now
        self._lost[place.name] = Lost(since, reason)
        held = self.link
        if held is not None and held.parent == place.name and held.down is None:
            self.link = replace(held, down=now, trouble=reason)
            await self._listener.link_changed(self.link)

    def _places(self) -> list[Place]:
        """Those above to whom this node may ever turn, in order."""
        configuration = self._configuration()
        places = list(configuration.parents)
        policy = configuration.word("parent_policy", "wait")
        if configuration.origin is not None and (policy == "origin" or not places):
            places.append(configuration.origin)
        return places

    async def _ask_origin(self, refused: Place) -> None:
        """Whoever is served no more where it was asks the distributor itself where it belongs."""
        origin = self._configuration().origin
        if origin is None or origin.name == refused.name:
            return
        client = self._connect(origin)
        try:
            await self._listener.connected(client)
        except (Unavailable, Refused, InvalidInput) as error:
            log.warning("link.lost origin=%s reason=%s", origin.name, error)
        finally:
            await client.close()

    def choose(self, now: float) -> Place | None:
        """The parent to turn to now: the first, or one after it that policy allows once the ones
        before were not reached for `failover_after`."""
        configuration, places = self._configuration(), self._places()
        if not places:
            return None
        if configuration.word("parent_policy", "wait") == "wait":
            return places[0]
        patience = configuration.setting("failover_after", 900) or 900
        for place in places:
            down = self._since.get(place.name)
            if down is None or now - down < patience:
                return place
        return places[0]

    async def _converse(self, client: LinkClient, place: Place) -> None:
        tasks = {
            asyncio.create_task(self._listen(client)),
            asyncio.create_task(self._speak(client)),
            asyncio.create_task(self._look_for_first(place)),
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _listen(self, client: LinkClient) -> None:
        taken = 0
        while True:
            for number, document in await client.inbox(taken, LONGEST_POLL):
                taken = max(taken, number)
                try:
                    message = read_downward(document)
                except InvalidInput as error:
                    log.warning("link.bad_message parent=%s reason=%s", client.end.name, error)
                    continue
                await self._take(client, message)

    async def _take(self, client: LinkClient, message: object) -> None:
        match message:
            case Stand():
                await self._listener.stands(client, message)
            case Ask():
                await self._listener.asked(message)
            case Offer():
                self._listener.offered(client, message)
            case Stop():
                self._listener.stopped(message)

    async def _speak(self, client: LinkClient) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            batch = newest_of(self._waiting)
            if not batch:
                continue
            self._waiting = []
            self._number += 1
            try:
                await client.outbox(
                    self._life, self._number, [message_document(message) for message in batch]
                )
            except HorariumError:
                self._waiting[:0] = batch
                self._some.set()
                raise

    async def _look_for_first(self, place: Place) -> None:
        """Ends a link to another than the first parent once that has been back for so long as it
        had to be gone."""
        parents = self._configuration().parents
        if not parents or parents[0].name == place.name:
            await asyncio.Event().wait()
        patience = self._configuration().setting("failover_after", 900) or 900
        back: float | None = None
        while True:
            await self._clock.sleep(min(patience / 4, 30.0))
            probe = self._connect(parents[0])
            try:
                await probe.inbox(0, 0)
                now = self._clock.monotonic()
                back = now if back is None else back
            except (Unavailable, Refused, InvalidInput):
                back = None
            finally:
                with suppress(HorariumError):
                    await probe.close()
            if back is not None and self._clock.monotonic() - back >= patience:
                self._since.pop(parents[0].name, None)
                log.info("link.first_parent_again parent=%s", parents[0].name)
                return


def newest_of(messages: Sequence[Upward]) -> list[Upward]:
    """Messages without those that a later one says anew: an answer tells everything."""
    found: list[Upward] = []
    for message in messages:
        if isinstance(message, Lacks):
            found = [one for one in found if not isinstance(one, Lacks)]
        found.append(message)
    return found
