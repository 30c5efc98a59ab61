"""One event in one message, as it reaches a resource."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from horarium.booking.authority import Voice
from horarium.booking.event_state import Slot
from horarium.booking.open_request import Again, slot_text
from horarium.booking.resource import Resource
from horarium.ical.component import Component
from horarium.kernel.instant import Instant


@dataclass(frozen=True, slots=True)
class Origin:
    """The mail that an event came in.

    `ledger_key` names it for this recipient; `message_id` is None when it has none that is
    well-formed. `automatic` marks a mail that a program sent, `bulk` one of a list; to a bulk mail
    nothing is answered. `languages` are the language tags the mail names. `ours` marks a mail
    that a resource of this installation wrote.
    """

    ledger_key: str
    voice: Voice
    message_id: str | None = None
    date: Instant | None = None
    languages: tuple[str, ...] = ()
    bulk: bool = False
    ours: bool = False


@dataclass(frozen=True, slots=True)
class EventMessage:
    """The components of one UID in one calendar object, with the object's method and zones.

    `again` is set when it was decided before; `passed_on` when the resource that was asked hands it
    to the one that stands in for it.
    """

    method: str
    uid: str
    components: tuple[Component, ...]
    calendar: Component
    origin: Origin
    resource: Resource
    now: Instant
    again: Again | None = None
    passed_on: bool = False

    def message_id(self, recipient: str, kind: str) -> str:
        """The Message-ID of a mail of ours about this event: the same whenever it is written."""
        text = "\0".join((self._key, recipient, kind, self.uid))
        digest = sha256(text.encode()).hexdigest()[:32]
        return f"<hor.{digest}@{self.resource.address.domain}>"

    @property
    def decision_id(self) -> str:
        """The name of the record of this decision."""
        return decision_id(self._key, self.uid)

    def token(self, slot: Slot) -> str:
        """The name under which an open request of this message is spoken of."""
        text = f"{self.decision_id}\0{slot_text(slot)}"
        return sha256(text.encode()).hexdigest()[:12]

    @property
    def _key(self) -> str:
        again = "" if self.again is None else f"\0again:{self.again.number}"
        passed = f"\0{self.resource.address.key}" if self.passed_on else ""
        return f"{self.origin.ledger_key}{again}{passed}"


def decision_id(ledger_key: str, uid: str) -> str:
    """The name of the record of the decision on an event in the message of that key."""
    return sha256(f"{ledger_key}\0{uid}".encode()).hexdigest()[:32]
