"""What an organizer states of an event becomes what is stored of it, in whatever order it comes.

Time is held only where the person takes part; what is not held is remembered as stated, so that it
orders later messages and can be taken up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from horarium.booking.content import content_digest, stored_text, times_digest
from horarium.booking.event_state import Entry, EntryState, EventState, Slot, Stamp
from horarium.booking.order import Order, order_request, survivors, without_followers
from horarium.booking.outliving import outliving
from horarium.booking.persons.recording import Recording, takes_time
from horarium.booking.placed import Placed
from horarium.booking.stored_event import occurrence_key, read_entry
from horarium.ical.event import Event
from horarium.kernel.instant import Instant
from horarium.kernel.recurrence import RecurrenceSet


@dataclass(frozen=True, slots=True)
class Component(Placed):
    """One component of the message in its order, and whether its times are those that were
    stored."""

    same_times: bool

    @property
    def is_news(self) -> bool:
        """Whether it says something that is neither late nor a repetition."""
        return self.order in (Order.NEWER, Order.UNCHANGED)


@dataclass(frozen=True, slots=True)
class Stated:
    """The state that a message leads to, and the components that were news; without any, ``order``
    says what the message is."""

    state: EventState
    news: tuple[Component, ...]
    order: Order
    unknown: bool = False


# Whether the person takes part in what a component states, given what was stored of it.
TakesPart = Callable[[Component, Entry | None], bool]


def state_event(
    recording: Recording, events: Sequence[Event], takes_part: TakesPart, *, added: bool = False
) -> Stated:
    """The state that the components ``events`` of one UID lead to; with ``added`` they are new
    occurrences, each named by its start unless it names another."""
    return _Stating(recording, takes_part).run(events, added)


class _Stating:
    """The components of one message on their way into the state of their event."""

    def __init__(self, recording: Recording, takes_part: TakesPart) -> None:
        self._case = recording.case
        self._own = recording.own
        self._before = recording.case.state
        self._resource = recording.message.resource
        self._takes_part = takes_part

    def run(self, events: Sequence[Event], added: bool) -> Stated:
        master = next((e for e in events if e.recurrence_id is None and not added), None)
        known = master if master is not None else self._case.master_event()
        placed = [] if master is None else [self._place(master, None)]
        unknown = False
        for event in events:
            if event is not master:
                key = self._key(event, known, added)
                if key is None:
                    unknown = True
                else:
                    placed.append(self._place(event, key, placed[0].stamp if master else None))
        news = tuple(item for item in placed if item.is_news)
        if not news:
            late = any(item.order is Order.STALE for item in placed) or not placed
            return Stated(self._before, (), Order.STALE if late else Order.DUPLICATE, unknown)
        if master is not None and placed[0].is_news:
            state = self._whole(placed[0], [p for p in placed[1:] if p.order is not Order.STALE])
        else:
            state = self._instances(item for item in news if item.key is not None)
        return Stated(state, news, Order.NEWER, unknown)

    def _key(self, event: Event, known: Event | None, added: bool) -> Instant | None:
        zone = self._resource.zone
        if event.recurrence_id is not None:
            return occurrence_key(event.recurrence_id, event.whole_day, known, zone)
        return event.first.start if added and event.first is not None else None

    def _place(self, event: Event, key: Instant | None, master: Stamp | None = None) -> Component:
        digest, stamp = content_digest(event), self._case.stamp(event)
        if master is not None:
            stamp = max(stamp, master)
        which = event.recurrence_id
        slot = (key, which is not None and which.this_and_future)
        same = self._same_times(event, slot)
        order = order_request(self._before, slot, stamp, digest)
        return Component(event, key, stamp, digest, order, same)

    def _same_times(self, event: Event, slot: Slot) -> bool:
        stored = self._before.get(slot)
        if stored is not None and stored.text:
            return times_digest(read_entry(stored, self._resource)) == times_digest(event)
        series, key = self._booked_series(), slot[0]
        if stored is not None or series is None or key is None or event.first is None:
            return False
        first = event.first
        there = series.query(first.start, first.end).members
        return any((o.original, o.start, o.end) == (key, first.start, first.end) for o in there)

    # --- the event -------------------------------------------------------

    def _whole(self, master: Component, overrides: Sequence[Component]) -> EventState:
        uid = self._case.message.uid
        if master.cancelled:
            later = survivors(self._before, master.stamp, cancelled=True)
            return EventState(uid, (self._entry(master), *later))
        restated = {item.slot for item in overrides}
        series = master.event.series
        assert series is not None
        entries = [self._entry(master)]
        for item in overrides:
            member = item.key is None or series.is_member(item.key)
            entries.append(self._entry(item, None if member else EntryState.DORMANT))
        late = [e for e in self._outliving(master) if e.slot not in restated]
        return EventState(uid, without_followers((*entries, *late)))

    def _outliving(self, master: Component) -> list[Entry]:
        """What stands beside a new master: what bears a later stamp, and, while its times are the
        old ones, what the person answered for single occurrences."""
        found = []
        before = self._booked_series()
        for entry in outliving(self._before, master.event, master.stamp, before, self._resource):
            stored = self._before.get(entry.slot)
            woken = stored is not None and stored.state is EntryState.DORMANT
            if woken and entry.state is EntryState.BOOKED:
                entry = replace(entry, state=EntryState.DECLINED)
            found.append(entry)
        if master.same_times:
            slots = {entry.slot for entry in found}
            found += [
                replace(e, stamp=master.stamp)
                for e in self._before.instances
                if e.made_by in self._own - {e.organizer} and e.slot not in slots
            ]
        return found

    def _booked_series(self) -> RecurrenceSet | None:
        event = self._case.master_event()
        return event.series if event is not None else None

    def _instances(self, items: Iterable[Component]) -> EventState:
        state = self._before
        for item in items:
            state = state.with_entry(self._entry(item))
            if item.slot[1]:
                state = state.only(iter(without_followers(state.entries)))
        return state

    def _entry(self, item: Component, state: EntryState | None = None) -> Entry:
        organizer = item.event.organizer
        assert organizer is not None
        stored = self._before.get(item.slot) or self._before.master
        if item.cancelled:
            state = EntryState.CANCELLED
        elif state is None:
            part = self._takes_part(item, stored) and takes_time(item.event, self._case)
            state = EntryState.BOOKED if part else EntryState.DECLINED
        text = stored_text(item.event, self._case.book, self._resource.preferences)
        return Entry(
            key=item.key,
            stamp=item.stamp,
            state=state,
            organizer=organizer.address.key,
            made_by=self._case.made_by,
            digest=item.digest,
            text=b"" if item.cancelled else text,
            zone_data=self._resource.zone_data,
            this_and_future=item.slot[1],
        )
