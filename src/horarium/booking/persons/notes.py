"""What is kept of an event at a person, beside the event itself.

Everything is stated whole for one event, as the event is: what waits for the person, who answered,
and the times that the person proposed instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from horarium.booking.event_state import Stamp
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period

REQUEST, COUNTER = "REQUEST", "COUNTER"


@dataclass(frozen=True, slots=True)
class Queued:
    """What waits for the person: a request (``attendee`` empty), or the counter-proposal of an
    attendee with its ``text``. ``key`` is the original start of an occurrence, None the event."""

    key: Instant | None
    kind: str
    attendee: str
    stamp: Stamp
    queued: Instant
    text: bytes = b""


@dataclass(frozen=True, slots=True)
class Attendance:
    """The newest answer of one attendee (an address key) to the event or to one occurrence.

    The person's own says how the person takes part; where the person organizes, its stamp is that
    of the last re-scheduling. Delegations are address keys.
    """

    key: Instant | None
    attendee: str
    stamp: Stamp
    partstat: str
    delegated_from: tuple[str, ...] = ()
    delegated_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A time that the person proposed for ``key`` instead, held until it ``expires``."""

    key: Instant | None
    period: Period
    expires: Instant


@dataclass(frozen=True, slots=True)
class EventNotes:
    """All that is kept beside one event."""

    uid: str
    queue: tuple[Queued, ...] = ()
    attendance: tuple[Attendance, ...] = ()
    offers: tuple[Offer, ...] = ()

    def answer(self, attendee: str, key: Instant | None) -> Attendance | None:
        """What ``attendee`` answered for ``key`` itself."""
        found = (a for a in self.attendance if a.attendee == attendee and a.key == key)
        return next(found, None)

    def partstat(self, attendee: str, key: Instant | None) -> str | None:
        """How ``attendee`` takes part in an occurrence: as answered for it, else for the event."""
        found = self.answer(attendee, key) or self.answer(attendee, None)
        return found.partstat if found is not None else None

    def with_answer(self, new: Attendance) -> EventNotes:
        """With ``new`` instead of what the attendee answered for the same key."""
        kept = [a for a in self.attendance if (a.attendee, a.key) != (new.attendee, new.key)]
        return replace(self, attendance=(*kept, new))

    def without_answers(self, attendees: Iterable[str]) -> EventNotes:
        """Without anything that these attendees answered or proposed."""
        gone = frozenset(attendees)
        return replace(
            self,
            attendance=tuple(a for a in self.attendance if a.attendee not in gone),
            queue=tuple(q for q in self.queue if q.attendee not in gone),
        )

    def with_queued(self, new: Queued) -> EventNotes:
        """With ``new`` waiting; a request of the whole event takes the place of all requests."""
        whole = new.kind == REQUEST and new.key is None
        kept = [
            q
            for q in self.queue
            if (q.kind, q.key, q.attendee) != (new.kind, new.key, new.attendee)
            and not (whole and q.kind == REQUEST)
        ]
        return replace(self, queue=(*kept, new))

    def dequeued(self, kind: str, key: Instant | None) -> EventNotes:
        """Without what waits of a kind for one key."""
        kept = tuple(q for q in self.queue if (q.kind, q.key) != (kind, key))
        return replace(self, queue=kept)

    def cancelled(self, keys: Iterable[Instant | None]) -> EventNotes:
        """With nothing waiting or offered for cancelled occurrences, or for the event."""
        gone = frozenset(keys)
        if None in gone:
            return EventNotes(self.uid)
        return replace(
            self,
            queue=tuple(q for q in self.queue if q.key not in gone),
            offers=tuple(o for o in self.offers if o.key not in gone),
        )
