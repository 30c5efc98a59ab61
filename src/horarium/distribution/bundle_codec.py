"""How the records of a bundle are compressed: alone, or as a patch against what is there already.

A patch is a zstd frame whose prefix, the base, both sides have; ``zstd --patch-from`` does the
same. The recipes and what each costs are fixed, and work is counted, never timed: the same octets,
budget and release of zstd give the same result on any machine at any load.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from horarium.kernel.errors import InvalidInput

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESSOR = f"zstd {zstd.zstd_version}"

WINDOW_LOG = 27
"""A receiver needs a window of 128 MiB at most."""

PIECE = 1 << 20
"""Octets of one piece of what is unpacked."""

_Parameters = Mapping[int, int]
_P = zstd.CompressionParameter


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to compress. ``weight`` is its work for each octet of base and target: about the
    nanoseconds that it took on one core of 2024, by bench/deltas.py."""

    name: str
    weight: int
    parameters: _Parameters = field(repr=False)


# Levels are not monotone: with tables that hold every place of the base, the lazy search of level
# 12 finds what level 20 passes over in a program, in a tenth of the time; on text level 20 wins.
WIDE = Recipe(
    "wide",
    11,
    {_P.compression_level: 12, _P.hash_log: 23, _P.chain_log: 24, _P.min_match: 6},
)
FAR = Recipe("far", 2, {_P.compression_level: 3, _P.enable_long_distance_matching: 1})
DEEP = Recipe("deep", 150, {_P.compression_level: 20})
PATCHING = (WIDE, FAR, DEEP)
"""Tried in this order as far as the budget goes; the first is always tried."""

PLAIN = Recipe("plain", 30, {_P.compression_level: 9})
DENSE = Recipe("dense", 420, {_P.compression_level: 19})
PACKING = (PLAIN, DENSE)
"""The same for what has no base."""

FAST = 30
"""Work for each octet of target: two recipes for a patch."""

THOROUGH = 340
"""All recipes for a patch, one for what has no base; what is built with unless told otherwise."""

MOST_BUDGET = 100_000
"""Far more than all recipes together cost."""


@dataclass(slots=True)
class Budget:
    """The work that may be done: ``each`` for each octet of target. What one record leaves is not
    saved up for the next, so that a long whole bundle takes no longer than a short one."""

    each: int = THOROUGH
    left: int = 0

    def grant(self, target: int) -> None:
        """Begins with what a target is allowed."""
        self.left = self.each * target

    def spend(self, work: int, *, must: bool = False) -> bool:
        """Whether the work may be done, which is then counted."""
        if work > self.left and not must:
            return False
        self.left = max(0, self.left - work)
        return True


def smallest(base: bytes, target: bytes, budget: Budget) -> bytes:
    """The smallest frame that the budget finds; without a base a frame of its own."""
    best = b""
    for recipe in PATCHING if base else PACKING:
        work = recipe.weight * (len(base) + len(target))
        if budget.spend(work, must=not best):
            found = compressed(base, target, recipe)
            best = found if not best or len(found) < len(best) else best
    return best


def compressed(base: bytes, target: bytes, recipe: Recipe) -> bytes:
    """One frame with the base as its prefix."""
    total = len(base) + len(target)
    log = max(10, min(WINDOW_LOG, (total - 1).bit_length()))
    options = dict(recipe.parameters) | {_P.window_log: log}
    for table in (_P.hash_log, _P.chain_log):
        if table in options:
            options[table] = min(options[table], log + 1)
    prefix = zstd.ZstdDict(base, is_raw=True).as_prefix if len(base) >= 8 else None
    compressor = zstd.ZstdCompressor(options=options, zstd_dict=prefix)
    compressor.set_pledged_input_size(len(target))
    return compressor.compress(target, mode=zstd.ZstdCompressor.FLUSH_FRAME)


def decompressed(base: bytes, frame: bytes, length: int) -> Iterator[bytes]:
    """What one frame holds, in pieces. InvalidInput when it is no single frame of exactly so many
    octets; one octet more is never given."""
    prefix = zstd.ZstdDict(base, is_raw=True).as_prefix if len(base) >= 8 else None
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: WINDOW_LOG}
    decompressor = zstd.ZstdDecompressor(zstd_dict=prefix, options=options)
    left, data = length, frame
    while not decompressor.eof:
        try:
            piece = decompressor.decompress(data, max_length=min(PIECE, left + 1))
        except zstd.ZstdError as error:
            raise InvalidInput(f"the frame is damaged: {error}") from None
        data = b""
        left -= len(piece)
        if left < 0:
            raise InvalidInput(f"the frame holds more than {length} octets")
        if not piece and not decompressor.eof:
            raise InvalidInput("the frame has no end")
        if piece:
            yield piece
    if left or decompressor.unused_data:
        raise InvalidInput(f"the frame is not one of {length} octets")
