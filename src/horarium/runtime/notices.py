"""Notices of distribution: what somebody should know, and by how loud a word.

They are written in the transaction that finds them, and told afterwards: none is lost by a stop.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from horarium.kernel.instant import Instant
from horarium.store.store import Store, Transaction

SAME_SECONDS = 3_600
"""The same notice counts once in so long: who is refused a hundred times is told of once."""
LONGEST_TEXT = 1_000
OFF = "off"


class Level(StrEnum):
    """How loud a notice is, the loudest first."""

    ERROR = "error"
    WARNING = "warning"
    SUCCESS = "success"
    INFO = "info"
    DEBUG = "debug"


LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of notice: its word, and how loud it is."""

    word: str
    level: Level


REFRESH_FAILED = Kind("refresh_failed", Level.ERROR)
BUILD_FAILED = Kind("build_failed", Level.ERROR)
VERSION_BUILT = Kind("version_built", Level.SUCCESS)
EXTRACT_FAILED = Kind("extract_failed", Level.ERROR)
CHANGED_LOCALLY = Kind("changed_locally", Level.WARNING)
RELEASE_HALTED = Kind("release_halted", Level.ERROR)
REFUSED_METADATA = Kind("refused_metadata", Level.ERROR)
REFUSED_RECEIPT = Kind("refused_receipt", Level.ERROR)
REFUSED_ROW = Kind("refused_row", Level.ERROR)
IMPOSSIBLE_STEP = Kind("impossible_step", Level.ERROR)
NODE_UNREACHABLE = Kind("node_unreachable", Level.WARNING)
NODE_BACK = Kind("node_back", Level.INFO)
LINK_SWITCHED = Kind("link_switched", Level.WARNING)
EXPIRES = Kind("expires", Level.WARNING)
CONTENT_MISSING = Kind("content_missing", Level.ERROR)
KINDS = (
    REFRESH_FAILED, BUILD_FAILED, VERSION_BUILT, EXTRACT_FAILED, CHANGED_LOCALLY, RELEASE_HALTED,
    REFUSED_METADATA, REFUSED_RECEIPT, REFUSED_ROW, IMPOSSIBLE_STEP, NODE_UNREACHABLE, NODE_BACK,
    LINK_SWITCHED, EXPIRES, CONTENT_MISSING,
)  # fmt: skip


def notice(tx: Transaction, kind: Kind, about: str, text: str, now: Instant) -> None:
    """Keeps a notice for the sinks."""
    since = Instant(now - SAME_SECONDS)
    tx.notices.put(kind.level.value, kind.word, about, text[:LONGEST_TEXT], now, since)


def is_loud(level: str, least: str) -> bool:
    """Whether a notice of a level goes to a sink that takes those from ``least`` on."""
    return least != OFF and LEVELS.index(Level(level)) <= LEVELS.index(Level(least))


def notice_failed_refresh(store: Store, distributor: str, error: Exception, now: Instant) -> None:
    """Keeps that edits could not be put into effect."""
    text = f"the earlier configuration stays: {error}"
    store.transact([], lambda tx: notice(tx, REFRESH_FAILED, distributor, text, now))


def notice_refusal(store: Store, parent: str, error: Exception, now: Instant) -> None:
    """Keeps that metadata of the node above were refused."""
    store.transact([], lambda tx: notice(tx, REFUSED_METADATA, parent, str(error), now))
