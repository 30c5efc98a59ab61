"""Random dispatch: a place in a window that is drawn once and for all.

The place follows from seed, object and date by a hash, so it is the same after
a restart, on every node and in a preview, and different for every object and
date (seed 002).
"""

from __future__ import annotations

from hashlib import blake2b

_LABEL = b"horarium random 1"


def offset(length: int, seed: str, object_id: str, date: str) -> int:
    """Give whole seconds in ``[0, length)``, spread evenly.

    ``date`` is the ISO civil date of the opening's start, or for a moment on a
    grid its UTC instant in decimal.
    """
    text = b"\0".join((_LABEL, seed.encode(), object_id.encode(), date.encode()))
    drawn = int.from_bytes(blake2b(text, digest_size=8).digest(), "big")
    return drawn * length >> 64
