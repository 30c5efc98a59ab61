"""How a node tells upwards how far it is, and all behind it are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace

from horarium.distribution.messages import Link, Links, Row, Rows
from horarium.distribution.states import SETTLED, State
from horarium.runtime.clock import Clock
from horarium.runtime.tiers.rows import OwnRows, Upward


class Telling:
    """The rows of one node and of those below it, on their way to the node above. Lives on the
    loop's thread."""

    def __init__(
        self, node: str, sign: Callable[[bytes], str], clock: Clock,
        say: Callable[[Rows | Links], None], order: int = 0,
    ) -> None:  # fmt: skip
        self._node, self._sign = node, sign
        self._links: dict[str, Link] = {}
        self._own = OwnRows(node, sign, order)
        self._below: dict[tuple[str, str, int], Row] = {}
        self._upward = Upward()
        self._some = asyncio.Event()
        self._clock = clock
        self._say = say

    def tell(
        self, name: str, version: int, state: State, *, reason: str = "", percent: int = 0,
        octets: int = 0,
    ) -> None:  # fmt: skip
        """Tells how far this node is with a version. What has come to its end does not go back."""
        if self.state(name, version) in SETTLED and state not in SETTLED:
            return
        row = self._own.put(
            name, version, state, self._clock.now(), reason=reason, percent=percent, octets=octets
        )
        self._add([row])

    def state(self, name: str, version: int) -> State | None:
        """What was last told of a version, None when nothing was."""
        return self._own.state(name, version)

    @property
    def below(self) -> Mapping[tuple[str, str, int], Row]:
        """What nodes below told last, by node, distribution and version."""
        return self._below

    def pass_on(self, rows: Iterable[Row]) -> None:
        """Passes on what nodes below told."""
        taken = list(rows)
        for row in taken:
            key = (row.subscriber, row.distribution, row.version)
            held = self._below.get(key)
            if held is None or held.order <= row.order:
                self._below[key] = row
        self._add(taken)

    def linked(self, parent: str, reason: str) -> None:
        """Tells to whom this node is linked from now on, and why to no other any more."""
        now, held = self._clock.now(), self._links.get(self._node)
        order = max(held.order + 1 if held is not None else 0, int(now) << 20)
        link = Link(self._node, parent, now, order, reason)
        self.pass_links([replace(link, signature=self._sign(link.signed_text()))])

    def pass_links(self, links: Iterable[Link]) -> None:
        """Passes on what nodes below told of their links."""
        taken = [one for one in links if self._is_newer(one)]
        self._links.update({one.node: one for one in taken})
        if taken:
            self._say(Links(tuple(taken)))

    def _is_newer(self, link: Link) -> bool:
        held = self._links.get(link.node)
        return held is None or held.order < link.order

    def again(self) -> None:
        """Tells everything anew: the node above may be another one, or have forgotten."""
        below = tuple(one for name, one in self._links.items() if name != self._node)
        if below:
            self._say(Links(below))
        self._add([*self._own.rows.values(), *self._below.values()])

    async def run(self) -> None:
        """Tells what there is, in its time, until it is cancelled."""
        while True:
            wait = self._upward.wait(self._clock.monotonic())
            if wait is None:
                self._some.clear()
                await self._some.wait()
            elif wait > 0:
                self._some.clear()
                await _first(self._some.wait(), self._clock.sleep(wait))
            else:
                self._say(Rows(self._upward.take()))

    def _add(self, rows: Iterable[Row]) -> None:
        self._upward.add(rows, self._clock.monotonic())
        self._some.set()


async def _first(*awaited: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(one) for one in awaited]
    _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
