"""What a decision returns: the change of the store, the mails, and the trace of why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from horarium.booking.event_state import EventState
from horarium.booking.open_request import OpenRequest, Why
from horarium.booking.persons.known import KnownChange
from horarium.booking.ports import Booking, Provisional, Reservation
from horarium.booking.quota import Charge, Claim
from horarium.booking.trace import Step
from horarium.kernel.instant import Instant


class Result(StrEnum):
    """How the handling of one event in one message ended."""

    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    COUNTER = "COUNTER"
    DELEGATED = "DELEGATED"
    PENDING = "PENDING"
    WAITING = "WAITING"
    PARTLY = "PARTLY"
    CANCELLED = "CANCELLED"
    ANSWERED = "ANSWERED"
    REFRESHED = "REFRESHED"
    UNCHANGED = "UNCHANGED"
    IGNORED = "IGNORED"
    STALE = "STALE"
    DUPLICATE = "DUPLICATE"
    LOST = "LOST"
    # What became of an event at a person, where nothing is decided.
    RECORDED = "RECORDED"


@dataclass(frozen=True, slots=True)
class EventChange:
    """The new state of one event, stated whole: its entries, its head, and the time it holds.

    Reservations that end at or before `settled` are history of an endless series: they are neither
    stated here nor removed. `booking` is None when the event holds no time any more. `unchecked`
    reservations may lie above the capacity: what was booked stays booked. `charges` and `claims`
    are stated whole too; None leaves them as they are.
    """

    state: EventState
    booking: Booking | None
    reservations: tuple[Reservation, ...]
    settled: Instant | None = None
    unchecked: bool = False
    charges: tuple[Charge, ...] | None = None
    claims: tuple[Claim, ...] | None = None


# The kind of a mail that goes into a person's mailbox here; all others go out.
MAILBOX = "mailbox"


@dataclass(frozen=True, slots=True)
class Mail:
    """A finished message: written when it was decided, so that a second copy is the same bytes."""

    kind: str
    message_id: str
    envelope_from: str
    recipient: str
    uid: str
    sequence: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What happens at another resource (an address key) in the same transaction: it holds
    `provisional` for the event; with `pass_on` it is told the message as if it had got it too,
    with `release` it gives the event up, or of it only the occurrences that begin at `originals`.
    What it was chosen for in a pool is noted under `pool`."""

    resource: str
    provisional: tuple[Provisional, ...] = ()
    pass_on: bool = False
    release: bool = False
    originals: tuple[Instant, ...] = ()
    pool: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one event in one message: everything that must be kept or sent together.

    `opened` are the requests that stay open; those whose slots (as text) are `settled` end, or
    with `whole_settled` all of the event. `provisional` is what is held for the event without being
    booked, and `pending` what that is charged, both stated whole; None leaves both as they are.
    `known` is what changes in what is known of others' time.
    `wanted` are the slots whose open requests are to be decided again, and why.
    """

    result: Result
    reason: str
    uid: str
    trace: tuple[Step, ...]
    method: str = ""
    sequence: int = 0
    organizer: str = ""
    key: Instant | None = None
    change: EventChange | None = None
    mails: tuple[Mail, ...] = ()
    repeat_answer: bool = False
    hold: bool = False
    notice: str = ""
    provisional: tuple[Provisional, ...] | None = None
    pending: tuple[Charge, ...] = ()
    opened: tuple[OpenRequest, ...] = ()
    settled: frozenset[str] = frozenset()
    wanted: tuple[tuple[str, Why], ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    whole_settled: bool = False
    known: KnownChange | None = None
