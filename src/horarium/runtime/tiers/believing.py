"""How a receiving node keeps what it believes up to date, from the node above: for itself and for
those below."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from horarium.distribution.messages import Stand
from horarium.distribution.trust import LARGEST, LARGEST_ROLE
from horarium.distribution.untrusted import Untrusted
from horarium.kernel.errors import HorariumError, Unavailable
from horarium.runtime.clock import Clock
from horarium.runtime.notices import notice_refusal
from horarium.runtime.tiers.belief import (
    REVOKED,
    STATEMENT,
    Belief,
    keep_belief,
    refreshed,
)
from horarium.store.store import Store
from horarium.transport.link import Refused
from horarium.transport.link_client import LinkClient

log = logging.getLogger(__name__)

# Metadata are looked at so often even when nobody says that there are newer ones.
REFRESH_SECONDS = 600.0
# A node that heard of newer ones and did not get them asks again, after ever longer pauses.
AGAIN_SECONDS = 5.0
NODE = f"{STATEMENT}node/"

Do = Callable[[Callable[[], None]], Awaitable[None]]


class Believing:
    """What one node believes. ``do`` runs what asks the store; ``adopt`` is told of another belief.

    A change begins with what is believed and ends with something else, with waits in between: so
    there is one at a time, or one would take back what another one has learnt.
    """

    def __init__(
        self, node: str, store: Store, clock: Clock, do: Do, belief: Belief,
        adopt: Callable[[], None],
    ) -> None:  # fmt: skip
        self.belief = belief
        self._node = node
        self._store = store
        self._clock = clock
        self._do = do
        self._adopt = adopt
        self._turn = asyncio.Lock()
        self._told: Stand | None = None

    async def refresh(self, client: LinkClient) -> None:
        """Brings everything up to date; what does not verify changes nothing."""
        async with self._turn:
            before = self.belief
            try:
                after = await refreshed(before, self._node, client.metadata, self._clock.now())
            except Untrusted as error:
                log.error("metadata.refused parent=%s reason=%s", client.end.name, error)
                now, parent = self._clock.now(), client.end.name
                await self._do(partial(notice_refusal, self._store, parent, error, now))
                return
            if after == before:
                return
            await self._keep(after)
        self._adopt()

    async def stands(self, client: LinkClient, stand: Stand) -> None:
        """The node above says how far the metadata are."""
        self._told = stand
        if self._is_behind():
            await self.refresh(client)

    async def look_again(self, client: Callable[[], LinkClient | None]) -> None:
        """Looks from time to time, for ever; soon, when something that was told of never came."""
        rested, pause = 0.0, AGAIN_SECONDS
        while True:
            await self._clock.sleep(AGAIN_SECONDS)
            rested += AGAIN_SECONDS
            behind = self._is_behind()
            link = client()
            if link is None or rested < (pause if behind else REFRESH_SECONDS):
                continue
            rested, pause = 0.0, min(2 * pause, REFRESH_SECONDS) if behind else AGAIN_SECONDS
            try:
                await self.refresh(link)
            except (HorariumError, Refused) as error:
                # The link ends by itself when nobody is there any more; another one is made.
                log.warning("metadata.not_refreshed parent=%s reason=%s", link.end.name, error)

    async def given(self, client: LinkClient, name: str, number: int | None) -> bytes | None:
        """Metadata for a node below. A configuration that is not the one that counts is asked for
        above, as is a root from before this node joined. ``number`` tells the configuration that
        counts, None when the node is no child here: what is passed on to it is not kept."""
        held = self.belief.octets(name)
        child = name.removeprefix(NODE)
        if child != name:
            if held is not None and self.belief.number(f"node/{child}") == number:
                return held
            most = LARGEST_ROLE
        elif held is None and self._is_earlier_root(name):
            most = LARGEST["root"]
        else:
            return held
        try:
            found = await client.metadata(name, most)
            if found is not None and child != name and number is not None:
                await self._learn(found, name.removeprefix(STATEMENT))
        except (Unavailable, Untrusted) as error:
            log.warning("metadata.not_passed_on name=%s reason=%s", name, error)
            return held
        return held if found is None else found

    async def _learn(self, data: bytes, label: str) -> None:
        async with self._turn:
            if data != self.belief.stated.get(label):
                await self._keep(self.belief.with_statement(data, self._clock.now(), label))

    def _is_earlier_root(self, name: str) -> bool:
        number = name.removeprefix("root.")
        return number.isdigit() and int(number) < self.belief.trusted.root.version

    def _is_behind(self) -> bool:
        """Whether the node above has told of other metadata than are believed here."""
        if self._told is None:
            return False
        belief = self.belief
        timestamp = belief.trusted.timestamp
        held = Stand(
            timestamp.version if timestamp is not None else 0,
            belief.number(f"node/{self._node}"),
            {name: belief.number(f"release/{name}") for name in self._told.releases},
            belief.number(REVOKED),
        )
        return held != self._told

    async def _keep(self, after: Belief) -> None:
        before = self.belief
        if after != before:
            now = self._clock.now()
            await self._do(partial(keep_belief, self._store, before, after, now))
            self.belief = after
