"""Contents that arrive here and go on at once: what is verified may be read while more comes."""

from __future__ import annotations

import asyncio

from horarium.transport.arriving import Arrival


class Shared:
    """One arrival as those see it to whom it is passed on. Lives on the loop's thread."""

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self.edge = arrival.edge
        self.moving = True
        """Whether more is on its way now; where it is not, those below are cut too."""
        self.finished = False
        self._changed = asyncio.Event()

    def grew(self, edge: int) -> None:
        """More is verified."""
        if edge != self.edge:
            self.edge = edge
            self._tell()

    def stands_still(self) -> None:
        """Nothing more comes for now."""
        self.moving = False
        self._tell()

    def goes_on(self) -> None:
        """Octets come again."""
        self.moving = True

    def ended(self) -> None:
        """The content is whole and lies in its place, or nothing of it will come any more."""
        self.finished = True
        self.moving = False
        self._tell()

    async def change(self) -> None:
        """Returns at the next change."""
        await self._changed.wait()

    def _tell(self) -> None:
        before, self._changed = self._changed, asyncio.Event()
        before.set()
