"""The repository of kept messages: what was decided about, so that it can be decided again."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import NamedTuple

from horarium.kernel.instant import Instant
from horarium.store.engine import Session
from horarium.store.rows import instant, number, octets, text

PAGE = 500
# How far the daily pass has compressed; a mail on its way in does not wait for that.
_PACKED = "kept_messages_packed"


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """One message as it is kept; `number` is its place in the order, `sender` None when the
    envelope's was not known."""

    number: int
    key: str
    resource: int
    recipient: str
    sender: str | None
    received: Instant
    vouched: bool
    policy: str
    data: bytes


class KeptKey(NamedTuple):
    """A kept message without its content."""

    key: str
    resource: int
    received: Instant
    policy: str


@dataclass(frozen=True, slots=True)
class KeptRepository:
    """The kept messages of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def add(self, message: KeptMessage) -> None:
        """Keeps a message; its number is given here."""
        values = {
            "tenant": self.tenant,
            "key": message.key,
            "resource": message.resource,
            "recipient": message.recipient,
            "sender": message.sender,
            "received_s": message.received,
            "vouched": int(message.vouched),
            "policy": message.policy,
            "content": message.data,
        }
        self.session.run("keep_message", values)

    def page(self, after: int) -> list[KeptMessage]:
        """The next messages after a number, in the order in which they were decided."""
        values = {"tenant": self.tenant, "after": after, "many": PAGE}
        return [
            KeptMessage(
                number(n), text(key), number(resource), text(recipient),
                None if sender is None else text(sender), instant(at), bool(vouched),
                text(policy), zlib.decompress(octets(content)) if packed else octets(content),
            )
            for n, key, resource, recipient, sender, at, vouched, policy, packed, content
            in self.session.rows("kept_messages", values)
        ]  # fmt: skip

    def index(self) -> list[KeptKey]:
        """Which messages are kept, in their order."""
        rows = self.session.rows("kept_keys", {"tenant": self.tenant})
        return [KeptKey(text(k), number(r), instant(at), text(p)) for k, r, at, p in rows]

    def count(self, most: int) -> int:
        """How many messages are kept, counted to `most`."""
        row = self.session.row("kept_count", {"tenant": self.tenant, "most": most})
        return number(row[0]) if row else 0

    def pack(self) -> int:
        """Compresses the next messages that came since it was last done; how many."""
        row = self.session.row("passed_piece", {"name": _PACKED})
        after = int(text(row[0])) if row else 0
        rows = self.session.rows("unpacked_messages", {"after": after, "many": PAGE})
        self.session.run_many(
            "pack_message",
            [
                {"number": n, "content": zlib.compress(octets(content))}
                for n, packed, content in rows
                if not packed
            ],
        )
        if rows:
            values = {"name": _PACKED, "cursor": str(number(rows[-1][0])), "done_s": 0}
            self.session.run("put_passed_piece", values)
        return len(rows)

    def drop_before(self, before: Instant) -> int:
        """Drops what came before an instant, of the oldest `PAGE` messages; how many."""
        values = {"tenant": self.tenant, "before_s": before, "many": PAGE}
        return self.session.run("drop_old_kept_messages", values)

    def events_of(self, resource: int) -> list[tuple[str, Instant]]:
        """The events that a resource knows, each with the instant since which something of it is
        stored, the earliest first."""
        values = {"tenant": self.tenant, "resource": resource}
        rows = self.session.rows("stored_events", values)
        return [(text(uid), instant(at)) for uid, at in rows]
