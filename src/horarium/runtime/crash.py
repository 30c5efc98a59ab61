"""Places where a test may end the process at once, as a loss of power would.

A process that was started for testing and finds ``HORARIUM_CRASH_AT=area:point[:n]`` kills itself
when it passes that point for the n-th time. Every other process passes the points without effect.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass

from horarium.kernel.errors import InvalidInput

VARIABLE = "HORARIUM_CRASH_AT"
# The whole set: a name that is not here can not be asked for.
POINTS: Mapping[str, tuple[str, ...]] = {
    "ingest": (
        "received", "parsed", "locked", "decided", "reserved", "outbox-written",
        "ledger-inserted", "before-commit", "after-commit", "before-ack", "after-ack",
    ),
    "settle": ("begun", "lapsed", "due-read", "taken", "before-commit", "after-commit"),
    "outbox": ("claimed", "before-connect", "data-acked", "before-sent", "after-sent"),
    "timers": (
        "due-read", "firing-inserted", "advanced", "before-commit", "after-commit", "started",
        "effect-done", "before-finished",
    ),
    "extract": (
        "staged", "synced", "before-rename", "between-renames", "after-rename", "receipt-written",
    ),
    "build": (
        "scanned", "chunk-temp", "chunk-renamed", "manifest-written", "signed", "before-publish",
        "after-publish",
    ),
    "transfer": ("chunk-received", "chunk-synced", "offset-written", "before-complete"),
    "upkeep": ("before-commit", "after-commit", "piece-done"),
}  # fmt: skip


@dataclass(slots=True)
class _Doom:
    point: str
    passes: int


_doom: _Doom | None = None


def arm(environ: Mapping[str, str]) -> None:
    """Arms this process as ``environ`` asks. InvalidInput when it names no point."""
    global _doom
    asked = environ.get(VARIABLE, "")
    if not asked:
        return
    area, _, rest = asked.partition(":")
    name, _, times = rest.partition(":")
    if name not in POINTS.get(area, ()):
        raise InvalidInput("there is no such place to crash at", part=VARIABLE, value=asked)
    if times and not (times.isascii() and times.isdigit() and int(times) > 0):
        raise InvalidInput("the number of passes is 1 or more", part=VARIABLE, value=asked)
    _doom = _Doom(f"{area}:{name}", int(times or 1))


def at(point: str) -> None:
    """Passes ``point``, ``area:name``: without effect, unless this process was armed for it."""
    if _doom is None or _doom.point != point:
        return
    _doom.passes -= 1
    if _doom.passes == 0:
        os.kill(os.getpid(), signal.SIGKILL)
