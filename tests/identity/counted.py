"""Secrets that a test can foresee: every draw is another one."""

from __future__ import annotations

from hashlib import shake_256


class CountedSecrets:
    """The draws are the digests of 1, 2, 3 …"""

    def __init__(self) -> None:
        self.drawn = 0

    def random(self, n: int) -> bytes:
        """`n` octets that differ from draw to draw."""
        self.drawn += 1
        return shake_256(str(self.drawn).encode()).digest(n)
