"""Octets between the link that brings them and the disk that takes them: read on while written."""

from __future__ import annotations

import asyncio

from horarium.distribution.content import CHUNK

# What a death of the process may lose, and who is slow keeps the link waiting for.
MOST_WAITING = CHUNK


class Inflow:
    """Octets that wait to be written. Lives on the loop's thread."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._octets = 0
        self._ended = False
        self._changed = asyncio.Event()

    async def put(self, piece: bytes) -> None:
        """Adds octets; waits while too many wait. After `end` they are let go."""
        while self._octets >= MOST_WAITING and not self._ended:
            await self._change()
        if not self._ended:
            self._pieces.append(piece)
            self._octets += len(piece)
            self._changed.set()

    async def take(self) -> bytes:
        """All octets that wait, at least one; none when the last has been taken."""
        while not self._pieces and not self._ended:
            await self._change()
        taken = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces, self._octets = [], 0
        self._changed.set()
        return taken

    @property
    def ended(self) -> bool:
        """Whether no more come."""
        return self._ended

    def end(self) -> None:
        """No more come."""
        self._ended = True
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
