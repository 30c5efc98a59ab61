"""One event message on its way into a person's records: what is known, and what will be kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from horarium.booking.case import Case
from horarium.booking.event_state import EntryState, EventState
from horarium.booking.language.catalogue import Catalogue
from horarium.booking.language.choice import choose_catalogue
from horarium.booking.laying import lay_down
from horarium.booking.message import EventMessage
from horarium.booking.outcome import EventChange, Mail, Outcome, Result
from horarium.booking.persons.known import KnownChange, see_event
from horarium.booking.persons.notes import EventNotes
from horarium.booking.persons.ports import PersonMemory
from horarium.booking.ports import Reservations
from horarium.booking.reply import MOST_SUMMARY
from horarium.booking.request import NOWHERE
from horarium.booking.stored_event import HeldEvent, hold, read_entry
from horarium.booking.trace import Step
from horarium.ical.event import Event
from horarium.ical.participant import Participant
from horarium.kernel.instant import MAX_INSTANT, Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.kernel.recurrence import Occurrence, Truncated

DAY = 86_400
# Participation that takes time, and how the time is then shown.
TAKES_TIME = {"ACCEPTED": "BUSY", "TENTATIVE": "BUSY-TENTATIVE"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """The end of one event message at a person: ``outcome`` for the record, with the change of the
    event; ``notes`` and ``known`` when they change; ``told``, sentences for the person. ``quiet``
    says that the person need not be told that it came. ``event`` is the first that it holds."""

    outcome: Outcome
    notes: EventNotes | None = None
    known: tuple[KnownChange, ...] = ()
    told: tuple[str, ...] = ()
    quiet: bool = False
    event: Event | None = None
    is_freebusy: bool = False


@dataclass(slots=True)
class Recording:
    """The handling of one event message for one person. ``notes`` is replaced as things become
    known, ``told`` grows with what the person should read."""

    case: Case
    memory: PersonMemory
    notes: EventNotes
    told: list[str] = field(default_factory=list)
    known: list[KnownChange] = field(default_factory=list)
    event: Event | None = None

    @classmethod
    def open(
        cls, message: EventMessage, reservations: Reservations, memory: PersonMemory
    ) -> Recording:
        """A recording before its first gate."""
        case = Case.begin(message, reservations, NOWHERE)
        case.remembers = True
        return cls(case, memory, memory.notes(message.uid))

    @property
    def message(self) -> EventMessage:
        """The message that is recorded."""
        return self.case.message

    @property
    def _is_freebusy(self) -> bool:
        return self.message.components[0].name == "VFREEBUSY"

    @property
    def own(self) -> frozenset[str]:
        """The address keys of the person."""
        return self.message.resource.aliases

    @property
    def key(self) -> str:
        """The one address key under which the person's own participation is kept."""
        return self.message.resource.address.key

    @property
    def catalogue(self) -> Catalogue:
        """The texts in the person's language."""
        resource = self.message.resource
        return choose_catalogue([resource.preferences.language], resource.ways.languages)

    def tell(self, name: str, **places: object) -> None:
        """Adds a sentence for the person."""
        clean = {key: one_line(str(value)) for key, value in places.items()}
        self.told.append(self.catalogue.text(f"person.{name}", **clean))

    def ignore(
        self, gate: str, reason: str, *, event: Event | None = None, notice: str = ""
    ) -> Recorded:
        """The end of a message of which nothing is recorded; it reaches the person all the same."""
        return self.ignored(self.case.ignore(gate, reason, event=event, notice=notice))

    def ignored(self, outcome: Outcome) -> Recorded:
        """The same with an outcome that was found elsewhere."""
        self.tell("not_recorded", why=self.catalogue.text(_why(outcome.reason)))
        ended = replace(outcome, hold=False)
        told, freebusy = tuple(self.told), self._is_freebusy
        return Recorded(ended, told=told, event=self.event, is_freebusy=freebusy)

    def done(
        self,
        *,
        event: Event | None = None,
        change: EventChange | None = None,
        mails: tuple[Mail, ...] = (),
        result: Result = Result.RECORDED,
        quiet: bool = False,
    ) -> Recorded:
        """The end of a message that was recorded."""
        self.case.trace.append(Step("commit", result.value))
        outcome = self.case.close(result, "", event=event, change=change, mails=mails)
        return self.end(outcome, quiet=quiet)

    def end(self, outcome: Outcome, *, quiet: bool = False) -> Recorded:
        """The end of a message with an outcome that was found elsewhere."""
        before = self.memory.notes(self.message.uid)
        notes = None if self.notes == before else self.notes
        return Recorded(
            outcome, notes, tuple(self.known), tuple(self.told), quiet, self.event,
            self._is_freebusy,
        )  # fmt: skip

    # --- time ------------------------------------------------------------

    def laid(self, state: EventState, fresh: Event) -> EventChange | None:
        """The change that makes the person's own free/busy what ``state`` says."""
        if state is self.case.state:
            return None
        organizer = fresh.organizer
        facts = (
            organizer.address.key if organizer else state.organizer or "",
            (organizer.cn or "") if organizer else "",
            fresh.summary or "",
        )
        return lay_down(self.case, state, {}, None, facts)

    def see(self, state: EventState) -> None:
        """Takes what ``state`` shows of others' time into what is known of it: the organizer's, or
        where the person organizes that of who answered."""
        for party, seen in self.seen(state).items():
            found = see_event(
                self.memory.known(party), party, self.message.uid, seen, self.said(state, party)
            )
            if found is not None:
                self.known.append(found)

    def said(self, state: EventState, party: str) -> Instant:
        """When a party said what is known of it by the event: by its own newest answer where it
        answered, else with what the organizer stated."""
        answers = [a.stamp.dtstamp for a in self.notes.attendance if a.attendee == party]
        stated = [entry.stamp.dtstamp for entry in state.entries]
        return max(answers or stated, default=self.case.now)

    def seen(self, state: EventState) -> dict[str, list[tuple[Period, str]]]:
        """The time of others that ``state`` shows, by address key."""
        soon = self._soon(state)
        organizer = state.organizer or ""
        if not organizer:
            return {}
        if organizer not in self.own:
            return {organizer: _merged((Period(o.start, o.end), "BUSY") for o in soon)}
        found = {}
        for party in sorted({a.attendee for a in self.notes.attendance} - self.own):
            answers = ((o, self.notes.partstat(party, o.original) or "") for o in soon)
            found[party] = _merged(
                (Period(o.start, o.end), TAKES_TIME[said])
                for o, said in answers
                if said in TAKES_TIME
            )
        return found

    def _soon(self, state: EventState) -> tuple[Occurrence, ...]:
        held = whole_event(state, self.case)
        now, window = self.case.now, self.message.resource.preferences.window_size
        return held.query(Instant(now - DAY), Instant(now + window * DAY)).members


def takes_time(event: Event, case: Case) -> bool:
    """Whether an event takes the time of who takes part: it does not say that it takes none, and
    it recurs no more often than can be laid down. What recurs every minute would make the person's
    free/busy unreadable."""
    if event.transp == "TRANSPARENT":
        return False
    if event.series is None or event.first is None:
        return event.first is not None
    start = max(event.first.start, case.now)
    horizon = case.message.resource.preferences.horizon
    outcome = event.series.query(start, Instant(min(start + horizon, MAX_INSTANT))).outcome
    return not isinstance(outcome, Truncated)


def named(who: Participant) -> str:
    """Somebody by name and address: the name alone is a claim."""
    return f"{one_line(who.cn)} <{who.address.text}>" if who.cn else who.address.text


def one_line(text: str) -> str:
    """Foreign text as it may stand in a sentence: on one line, and not endless."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(shown.split())[:MOST_SUMMARY]


def whole_event(state: EventState, case: Case) -> HeldEvent:
    """The time of an event as its organizer states it, whether the person takes part or not."""
    resource = case.message.resource
    entries = []
    for entry in state.entries:
        if entry.state is EntryState.DECLINED and not entry.text:
            continue  # an occurrence that the person alone gave up
        standing = entry.state is EntryState.DECLINED and entry.text
        if standing and read_entry(entry, resource).transp != "TRANSPARENT":
            entry = replace(entry, state=EntryState.BOOKED)
        entries.append(entry)
    stated = EventState(state.uid, tuple(entries))
    return hold(stated, resource, {})


def _merged(seen: Iterable[tuple[Period, str]]) -> list[tuple[Period, str]]:
    by_kind: dict[str, list[Period]] = {}
    for period, kind in seen:
        by_kind.setdefault(kind, []).append(period)
    return [(p, kind) for kind, periods in by_kind.items() for p in PeriodSet(periods)]


def _why(reason: str) -> str:
    if reason.startswith(("invalid_", "limit:")):
        return f"person.why.{reason[:5]}"
    return f"person.why.{WHY.get(reason, 'other')}"


# Reasons for which nothing is recorded, and the sentence that tells the person.
WHY = {
    "organizer_mismatch": "sender",
    "attendee_mismatch": "sender",
    "party_mismatch": "sender",
    "no_sender": "sender",
    "auth_missing": "proof",
    "sent_by_not_admitted": "sent_by",
    "sent_by_not_maker": "sent_by",
    "organizer_changed": "organizer",
    "not_attendee": "addressee",
    "unknown_event": "unknown",
    "not_organizer": "unknown",
    "unknown_occurrence": "occurrence",
    "not_invited": "not_invited",
    "dtstamp_future": "stamp",
}
