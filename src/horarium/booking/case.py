"""One event message on its way through the gates: what is known so far, and the trace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from horarium.booking.authority import Standing, judge_organizer
from horarium.booking.content import times_digest
from horarium.booking.event_state import EntryState, EventState, Stamp
from horarium.booking.message import EventMessage
from horarium.booking.open_request import Awaits, OpenRequest, Why
from horarium.booking.outcome import Elsewhere, EventChange, Mail, Outcome, Result
from horarium.booking.ports import Holding, Provisional, Reservations, Surroundings
from horarium.booking.quota import Charge
from horarium.booking.reply import own_attendee
from horarium.booking.request import NOWHERE
from horarium.booking.stored_event import read_entry
from horarium.booking.trace import Evidence, Step
from horarium.ical.event import Event
from horarium.ical.participant import Participant
from horarium.ical.tzid import ZoneBook
from horarium.kernel.instant import Instant
from horarium.kernel.recurrence import RecurrenceSet

# A stamp further ahead would keep every later update of the event from being heard.
LATEST_STAMP_AHEAD = 86_400


@dataclass(frozen=True, slots=True)
class Following:
    """What follows from a decision beyond its event: the requests that stay open, the slots (as
    text) whose open requests end, or all of them with `whole`, what happens elsewhere, and what is
    held and charged without being booked (see Outcome)."""

    opened: tuple[OpenRequest, ...] = ()
    settled: frozenset[str] = frozenset()
    whole: bool = False
    elsewhere: tuple[Elsewhere, ...] = ()
    wanted: tuple[tuple[str, Why], ...] = ()
    provisional: tuple[Provisional, ...] | None = None
    pending: tuple[Charge, ...] = ()


@dataclass(slots=True)
class Case:
    """The handling of one event message.

    `state` is what is stored of the event as far as it concerns this organizer; `trace` grows with
    each gate that was passed; `made_by` is the address key that acts, once it was heard. `open` are
    the requests of the event that are not settled; `asked_by` is the resource (an address key) for
    which this one is asked to stand in. With `remembers` an event belongs to its organizer whether
    it holds time or not, as it does at a person.
    """

    message: EventMessage
    reservations: Reservations
    book: ZoneBook
    state: EventState
    surroundings: Surroundings = NOWHERE
    trace: list[Step] = field(default_factory=list)
    made_by: str = ""
    asked_by: str = ""
    open: list[OpenRequest] = field(default_factory=list)
    remembers: bool = False

    @classmethod
    def begin(
        cls, message: EventMessage, reservations: Reservations, surroundings: Surroundings
    ) -> Case:
        """A case before its first gate."""
        book = ZoneBook(message.calendar, message.resource.zone)
        state = reservations.event(message.uid)
        open_ = reservations.open_requests(message.uid)
        return cls(message, reservations, book, state, surroundings, open=open_)

    @property
    def delegated(self) -> OpenRequest | None:
        """The request by which the whole event is with a resource that stands in, if it is."""
        for request in self.open:
            if request.awaits is Awaits.DELEGATE and request.slot == (None, False):
                return request
        return None

    def passed(self, gate: str, evidence: Evidence | None = None) -> None:
        """Notes a gate that let the message through."""
        self.trace.append(Step(gate, "passed", "", evidence or {}))

    def close(
        self,
        result: Result,
        reason: str,
        *,
        event: Event | None = None,
        change: EventChange | None = None,
        mails: tuple[Mail, ...] = (),
        key: Instant | None = None,
        repeat_answer: bool = False,
        hold: bool = False,
        notice: str = "",
        follow: Following | None = None,
    ) -> Outcome:
        """The outcome of this case, with what follows from it beyond the event itself."""
        follow = follow or Following()
        organizer = event.organizer.address.key if event and event.organizer else ""
        return Outcome(
            result=result,
            reason=reason,
            uid=self.message.uid,
            trace=tuple(self.trace),
            method=self.message.method,
            sequence=event.sequence if event else 0,
            organizer=organizer,
            key=key,
            change=change,
            mails=mails,
            repeat_answer=repeat_answer,
            hold=hold,
            notice=notice,
            opened=follow.opened,
            settled=follow.settled,
            whole_settled=follow.whole,
            elsewhere=follow.elsewhere,
            wanted=follow.wanted,
            provisional=follow.provisional,
            pending=follow.pending,
        )

    def ignore(
        self, gate: str, reason: str, *, event: Event | None = None, hold: bool = False,
        notice: str = "",
    ) -> Outcome:  # fmt: skip
        """The outcome of a message that is not heard: nothing changes, nobody is answered."""
        self.trace.append(Step(gate, "IGNORED", reason))
        return self.close(Result.IGNORED, reason, event=event, hold=hold, notice=notice)

    def stamp(self, event: Event) -> Stamp:
        """The stamp of a component; a missing DTSTAMP is the mail's date, else its arrival."""
        at = event.dtstamp
        if at is None:
            at = self.message.origin.date if self.message.origin.date is not None else self.now
        return Stamp(event.sequence, at)

    @property
    def now(self) -> Instant:
        """The instant of the decision."""
        return self.message.now

    def is_ahead(self, event: Event) -> bool:
        """Whether the stamp lies so far ahead that it would block later updates."""
        return self.stamp(event).dtstamp > self.now + LATEST_STAMP_AHEAD

    def hear(self, organizer: Participant) -> Standing:
        """Decides whether the sender speaks for `organizer`, and leaves only what is stored of
        this event under that organizer: a tombstone that somebody else left binds nobody."""
        holds = any(
            entry.state is EntryState.BOOKED or (self.remembers and entry.text)
            for entry in self.state.entries
        )
        if not holds:
            own = (e for e in self.state.entries if e.organizer in ("", organizer.address.key))
            self.state = self.state.only(own)
        resource = self.message.resource
        known: frozenset[str] = frozenset()
        if self.state.organizer not in (None, "", organizer.address.key):
            known = self._stored_attendees()
        if self.message.passed_on:
            standing = Standing(True, made_by=organizer.address.key)
        elif self.message.origin.ours:
            standing = self._asked_to_stand_in(organizer)
        else:
            standing = judge_organizer(
                self.message.origin.voice, organizer, self.state, resource, known
            )
        if standing.heard:
            self.made_by = standing.made_by
            self.passed("sender", {"made_by": standing.made_by})
        return standing

    def _asked_to_stand_in(self, organizer: Participant) -> Standing:
        """A mail of another resource here is heard only while this one is held for that very event
        at its wish; whether for these times too is seen when they have been read."""
        sender = self.message.origin.voice.sender
        for held in self.reservations.provisional(self.message.uid):
            if (
                sender is not None
                and held.reservation.holding is Holding.HOLD
                and held.asked_by == sender.key
                and held.reservation.organizer == organizer.address.key
            ):
                self.asked_by = held.asked_by
                return Standing(True, made_by=organizer.address.key)
        return Standing(False, reason="delegation_unknown")

    def holds_for_all(self, events: Iterable[Event]) -> bool:
        """Whether what another resource asks is exactly what this one is held for; of what is
        cancelled it is held for nothing."""
        asked = [event for event in events if event.status != "CANCELLED"]
        return bool(asked) and all(self._holds_for(event) for event in asked)

    def _holds_for(self, event: Event) -> bool:
        single = event.recurrence_id is not None
        return any(
            times_digest(event) in held.digest.split()
            and (held.sequence == event.sequence or (single and held.sequence < event.sequence))
            for held in self.reservations.provisional(self.message.uid)
            if held.asked_by == self.asked_by
        )

    def _stored_attendees(self) -> frozenset[str]:
        found: set[str] = set()
        for entry in self.state.entries:
            if entry.text:
                event = read_entry(entry, self.message.resource)
                found |= {attendee.address.key for attendee in event.attendees}
        return frozenset(found)

    def addressee_fault(self, event: Event, *, needed: bool = True) -> str:
        """Why the event does not concern this resource; empty when it does."""
        resource = self.message.resource
        if event.organizer is not None and event.organizer.address.key in resource.aliases:
            return "self"
        own = own_attendee(self.message, event)
        if own is None:
            return "not_attendee" if needed or event.attendees else ""
        return "non_participant" if own.role == "NON-PARTICIPANT" else ""

    def booked_series(self, state: EventState) -> RecurrenceSet | None:
        """The series that is booked until now, as `state` says."""
        stored = state.master
        if stored is None or stored.state is not EntryState.BOOKED:
            return None
        event = self.master_event()
        return event.series if event is not None else None

    def master_event(self) -> Event | None:
        """The stored master read back, if there is one with a text."""
        master = self.state.master
        if master is None or not master.text:
            return None
        return read_entry(master, self.message.resource)
