"""Windows of channels that somebody opened by hand, until what was lacking then is sent."""

from __future__ import annotations

from collections.abc import Container

from horarium.distribution.records import Document
from horarium.kernel.instant import Instant, format_instant
from horarium.store.releases import ExtraWindow
from horarium.store.store import Transaction


def extra_windows(tx: Transaction, channels: Container[str], since: Instant) -> list[ExtraWindow]:
    """Those of some channels that are open, or were after an instant, in the order of opening."""
    return [one for one in tx.releases.windows(since) if one.channel in channels]


def open_by_hand(tx: Transaction, channels: Container[str]) -> list[ExtraWindow]:
    """Those of some channels that are open."""
    return [one for one in tx.releases.open_windows() if one.channel in channels]


def extra_window_document(one: ExtraWindow) -> Document:
    """A window opened by hand as a table of JSON; ``closed`` is null while it is open."""
    return {
        "channel": one.channel,
        "opened": format_instant(one.opened),
        "closed": format_instant(one.closed) if one.closed is not None else None,
        "by": one.opened_by,
    }
