"""Links as stores know them: a node its own, and a distributor those of all who ever left the first
of their parents."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from horarium.distribution.linking import is_newer
from horarium.distribution.messages import Link, link_document, read_link
from horarium.distribution.records import Document, as_table, maybe_instant, text
from horarium.distribution.tree import ORIGIN
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.notices import LINK_SWITCHED, REFUSED_ROW, notice
from horarium.runtime.tiers.signed import is_signed_by
from horarium.store.store import Store, Transaction

log = logging.getLogger(__name__)

_OWN = "link_upwards"
_LINKS = "links_of_nodes"


# --- at a node ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OwnLink:
    """The link of this node: to whom since when, why it left the ``before`` one; and since when
    it is ``down``, with what ended it. Of a link that is down ``parent`` is the one that was
    reached last."""

    parent: str
    since: Instant
    before: str = ""
    reason: str = ""
    down: Instant | None = None
    trouble: str = ""

    def document(self) -> Document:
        """The link as `horarium node status` tells it."""
        told: Document = {
            "linked_to": self.parent if self.down is None else None,
            "linked_since": format_instant(self.since) if self.down is None else None,
        }
        if self.down is not None:
            told["link_down_since"] = format_instant(self.down)
            told["link_down"] = f"{self.parent}: {self.trouble}"
        if self.before:
            told["left"] = self.before
            told["left_because"] = self.reason
        return told


def own_link(tx: Transaction) -> OwnLink | None:
    """The link of this node as it was kept last, None when it never had one."""
    kept = tx.meta(_OWN)
    if kept is None:
        return None
    table = as_table(json.loads(kept))
    return OwnLink(
        text(table, "parent"), maybe_instant(table, "since") or Instant(0), text(table, "before"),
        text(table, "reason"), maybe_instant(table, "down"), text(table, "trouble"),
    )  # fmt: skip


def keep_own_link(store: Store, link: OwnLink) -> None:
    """Keeps how the link of this node stands."""
    document = {
        "parent": link.parent, "since": int(link.since), "before": link.before,
        "reason": link.reason, "down": None if link.down is None else int(link.down),
        "trouble": link.trouble,
    }  # fmt: skip
    store.transact([], lambda tx: tx.set_meta(_OWN, json.dumps(document)))


# --- at a distributor ----------------------------------------------------------


def links_of(tx: Transaction) -> dict[str, Link]:
    """What nodes said last of their links, of those that ever left the first of their parents."""
    table = as_table(json.loads(tx.meta(_LINKS) or "{}"))
    return {name: read_link(as_table(one)) for name, one in table.items()}


def hear_links(
    tx: Transaction, child: str, links: Iterable[Link], allowed: set[str],
    parents: Mapping[str, str], origin: str, now: Instant,
) -> None:  # fmt: skip
    """Keeps what a child and those behind it say of their links, each for itself. ``parents`` are
    the first ones of all nodes, ``origin`` the name by which the distributor is called there."""
    known = links_of(tx)
    before = dict(known)
    for told in links:
        if told.node not in allowed or not is_signed_by(
            tx, told.node, told.signature, told.signed_text()
        ):
            log.error("links.refused child=%s subscriber=%s", child, told.node)
            notice(tx, REFUSED_ROW, told.node, f"its link, told by {child}, is not its word", now)
            continue
        link = replace(told, parent=ORIGIN) if told.parent == origin else told
        held, first = known.get(link.node), parents.get(link.node, ORIGIN)
        if not is_newer(held, link, first):
            continue
        known[link.node] = link
        if (held.parent if held is not None else first) != link.parent:
            log.warning(
                "link.switched node=%s parent=%s reason=%s", link.node, told.parent, link.reason
            )
            notice(tx, LINK_SWITCHED, link.node, f"to {told.parent}: {link.reason}", now)
    if known != before:
        _keep(tx, known)


def forget_link(tx: Transaction, node: str) -> None:
    """Forgets the link of a node that begins anew."""
    known = links_of(tx)
    if known.pop(node, None) is not None:
        _keep(tx, known)


def _keep(tx: Transaction, links: Mapping[str, Link]) -> None:
    tx.set_meta(_LINKS, json.dumps({name: link_document(one) for name, one in links.items()}))
