"""The judging of a REQUEST or ADD: each component in its order, the answer, and what it changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from horarium.booking.answering import Part, answer_parts
from horarium.booking.asked import Asked, ask
from horarium.booking.case import Case, Following
from horarium.booking.content import content_digest, kept_summary, stored_text
from horarium.booking.decision import Decision, Ending, decide, reject
from horarium.booking.event_state import Entry, EntryState, EventState, Slot, Stamp
from horarium.booking.handing_on import (
    asked_again,
    changes_of,
    delegation_of,
    given_away,
    taken_back,
    told_itself,
)
from horarium.booking.laying import Entered, all_of, lay_down
from horarium.booking.open_request import Why
from horarium.booking.order import Order, order_request, survivors, without_followers
from horarium.booking.outcome import EventChange, Outcome, Result
from horarium.booking.outliving import outliving
from horarium.booking.parting import booked, keeps_booking, turned
from horarium.booking.placed import Placed
from horarium.booking.reasons import Reason
from horarium.booking.request import Request, View
from horarium.booking.settling import Judged, leave_behind
from horarium.booking.stored_event import HeldEvent, hold, occurrence_key
from horarium.booking.trace import Evidence, Step
from horarium.ical.event import Event
from horarium.kernel.instant import MIN_INSTANT, Instant
from horarium.kernel.recurrence import Occurrence


class RequestHandling:
    """The judging of one REQUEST or ADD whose sender, addressee and stamps are in order."""

    def __init__(self, case: Case, head: Event) -> None:
        assert head.organizer is not None
        self._case = case
        self._head = head
        self._organizer = head.organizer
        self._resource = case.message.resource
        self._fresh: dict[Slot, Event] = {}
        self._state = case.state
        self._parts: list[Part] = []
        self._capacity: int | None = None
        self._asked = Asked(())
        self._changed = False
        self._entered: Entered | None = None
        self._judged: list[Judged] = []
        self._placed: list[Placed] = []

    def handle(self, events: list[Event]) -> Outcome:
        """Judges the master with its overrides as one, or each override for itself."""
        master = next((e for e in events if e.recurrence_id is None), None)
        overrides = [e for e in events if e.recurrence_id is not None]
        placed = [] if master is None else [self._place(master, None)]
        known = master if master is not None else self._case.master_event()
        for event in overrides:
            key = self._key(event, known)
            if key is None:
                return self._decline_unknown(event)
            placed.append(self._place(event, key, placed[0].stamp if master else None))
        if all(item.order in (Order.STALE, Order.DUPLICATE) for item in placed):
            return self._nothing_new(placed)
        self._case.passed("order")
        self._placed = placed
        told = self._told_both()
        if told is not None:
            return told
        if master is not None and placed[0].order not in (Order.STALE, Order.DUPLICATE):
            self._judge_whole(placed[0], [p for p in placed[1:] if p.order is not Order.STALE])
        else:
            self._judge_instances([p for p in placed if p.key is not None], known)
        return self._finish()

    def add(self, events: list[Event]) -> Outcome:
        """Judges new occurrences, each keyed by its start unless it names another."""
        placed = []
        for event in events:
            assert event.first is not None
            key = event.first.start
            if event.recurrence_id is not None:
                key = self._key(event, self._case.master_event()) or key
            placed.append(self._place(event, key))
        if all(item.order in (Order.STALE, Order.DUPLICATE) for item in placed):
            return self._nothing_new(placed)
        self._case.passed("order")
        self._placed = placed
        for item in placed:
            if item.order in (Order.NEWER, Order.UNCHANGED):
                self._judge_one(item)
        return self._finish()

    # --- placing ---------------------------------------------------------

    def _key(self, event: Event, master: Event | None) -> Instant | None:
        assert event.recurrence_id is not None
        return occurrence_key(event.recurrence_id, event.whole_day, master, self._resource.zone)

    def _place(self, event: Event, key: Instant | None, master: Stamp | None = None) -> Placed:
        """A component in its order; beside its `master` it is stated anew with that stamp."""
        digest = content_digest(event)
        stamp = self._case.stamp(event)
        if master is not None:
            stamp = max(stamp, master)
        placed = Placed(event, key, stamp, digest, Order.NEWER)
        order = order_request(self._state, placed.slot, stamp, digest)
        if self._case.message.again is not None and order is not Order.STALE:
            order = Order.NEWER
        return replace(placed, order=order)

    def _nothing_new(self, placed: list[Placed]) -> Outcome:
        repeated = all(item.order is Order.DUPLICATE for item in placed)
        result = Result.DUPLICATE if repeated else Result.STALE
        self._case.trace.append(Step("order", result.value, result.value.lower()))
        return self._case.close(
            result, result.value.lower(), event=self._head, repeat_answer=repeated,
            key=placed[0].key,
        )  # fmt: skip

    def _decline_unknown(self, event: Event) -> Outcome:
        self._parts.append(Part(event, reject(Reason.UNKNOWN_OCCURRENCE), Asked(())))
        return self._finish()

    # --- judging ---------------------------------------------------------

    def _cancel_whole(self, master: Placed) -> None:
        """STATUS:CANCELLED without RECURRENCE-ID gives everything up, whatever policy says."""
        self._parts.append(Part(master.event, None, Asked(())))
        later = survivors(self._state, master.stamp, cancelled=True)
        self._state, self._changed = (
            EventState(self._state.uid, (self._entry(master), *later)),
            True,
        )

    def _judge_whole(self, master: Placed, overrides: list[Placed]) -> None:
        if master.cancelled:
            self._cancel_whole(master)
            return
        restated = {item.slot for item in overrides}
        entries = [self._entry(master), *(self._entry(item) for item in overrides)]
        series = master.event.series
        assert series is not None
        if any(not series.is_member(item.key) for item in overrides if item.key is not None):
            self._parts.append(Part(master.event, reject(Reason.UNKNOWN_OCCURRENCE), Asked(())))
            self._changed = True
            self._state = self._released(master)
            return
        before = self._case.booked_series(self._state)
        kept = outliving(self._state, master.event, master.stamp, before, self._resource)
        late = [entry for entry in kept if entry.slot not in restated]
        candidate = EventState(self._case.message.uid, without_followers((*entries, *late)))
        fresh: dict[Slot, Event] = {item.slot: item.event for item in overrides}
        fresh[None, False] = master.event
        if master.order is Order.UNCHANGED and self._state.says_the_same(candidate):
            self._keep_as_is(candidate, master)
            return
        asked, request, decision = self._judged_as(master, candidate, fresh)
        changes: dict[Instant, Event] = {}
        if decision.ending is Ending.DELEGATED:
            asked, request, decision, late = self._with_all_changes(
                master, entries, fresh, (asked, request, decision, late)
            )
            stated = {item.key: item.event for item in overrides if item.key is not None}
            changes = changes_of(master.event, stated, late, asked, self._resource)
        self._note(master, request, decision, changes)
        self._parts.append(Part(master.event, decision, booked(asked, decision), request))
        self._parts.extend(Part(event, decision, Asked(())) for event in changes.values())
        if decision.accepted:
            self._parts.extend(turned(self._state, late, decision, asked, self._resource))
        self._settle_whole(master, candidate, fresh, decision, asked)

    def _judged_as(
        self, master: Placed, candidate: EventState, fresh: Mapping[Slot, Event]
    ) -> tuple[Asked, Request, Decision]:
        """What is asked for, and decided, if the event is what `candidate` says."""
        held = hold(candidate, self._resource, fresh)
        asked = ask(held, self._resource, self._case.now)
        request = self._request(master.event, held, asked, restates=True)
        return asked, request, self._decide(request, asked)

    def _with_all_changes(
        self, master: Placed, entries: list[Entry], fresh: Mapping[Slot, Event],
        judged: tuple[Asked, Request, Decision, list[Entry]],
    ) -> tuple[Asked, Request, Decision, list[Entry]]:  # fmt: skip
        """The delegation with the changes that this resource itself refused before it knew the
        event; as `judged` where it would not be one then."""
        late = asked_again(judged[3])
        if late == judged[3]:
            return judged
        candidate = EventState(self._case.message.uid, without_followers((*entries, *late)))
        asked, request, decision = self._judged_as(master, candidate, fresh)
        if decision.ending is not Ending.DELEGATED or decision.delegate != judged[2].delegate:
            return judged
        return asked, request, decision, late

    def _settle_whole(
        self,
        master: Placed,
        candidate: EventState,
        fresh: Mapping[Slot, Event],
        decision: Decision,
        asked: Asked,
    ) -> None:
        if decision.accepted:
            for original in decision.left_out:
                candidate = candidate.with_entry(self._without(original, master))
            self._state, self._fresh = candidate, dict(fresh)
            self._capacity, self._asked, self._changed = decision.capacity, asked, True
            self._entered = Entered(decision.charges, decision.claims)
        elif decision.ending is Ending.DELEGATED:
            self._state, self._changed = given_away(self._released(master)), True
        elif not decision.declined:
            self._leave_open(self._released(master), decision)
        elif not asked.occurrences and len(candidate.entries) > 1:
            # Later messages have cancelled all of it; one later still may bring some of it back.
            self._state, self._changed = candidate, True
        elif not keeps_booking(self._resource.preferences.declined_update, decision):
            self._state, self._changed = self._released(master), True

    def _keep_as_is(self, candidate: EventState, master: Placed) -> None:
        """The same content under a later stamp: the stamp is kept, the booking is not judged."""
        self._parts.append(Part(master.event, None, Asked(())))
        self._state = candidate
        self._case.trace.append(Step("order", "passed", "unchanged"))

    def _judge_instances(self, placed: list[Placed], master: Event | None) -> None:
        for item in placed:
            if item.order in (Order.STALE, Order.DUPLICATE):
                continue
            stored = self._state.master
            booked = stored is not None and stored.state is EntryState.BOOKED
            added = any(
                entry.key == item.key and entry.state is EntryState.BOOKED
                for entry in self._state.instances
            )
            if booked and not added and not self._names_member(item, master):
                self._parts.append(Part(item.event, reject(Reason.UNKNOWN_OCCURRENCE), Asked(())))
                dormant = self._entry(item, None if item.cancelled else EntryState.DORMANT)
                self._state = self._state.with_entry(dormant)
            else:
                self._judge_one(item)

    def _names_member(self, item: Placed, master: Event | None) -> bool:
        series = master.series if master is not None else None
        return series is None or item.key is None or series.is_member(item.key)

    def _judge_one(self, item: Placed) -> None:
        candidate = self._state.with_entry(self._entry(item))
        if item.event.recurrence_id is not None and item.event.recurrence_id.this_and_future:
            candidate = candidate.only(iter(without_followers(candidate.entries)))
        if item.cancelled:
            self._state, self._changed = candidate, True
            self._parts.append(Part(item.event, None, Asked(())))
            return
        held = hold(candidate, self._resource, {**self._fresh, item.slot: item.event})
        asked = self._occurrences_of(item, held)
        request = self._request(item.event, held, asked, restates=False)
        decision = self._decide(request, asked)
        self._note(item, request, decision)
        self._parts.append(Part(item.event, decision, booked(asked, decision), request))
        if decision.accepted:
            for original in decision.left_out:
                candidate = candidate.with_entry(self._without(original, item))
            self._state, self._changed = candidate, True
            self._fresh[item.slot] = item.event
            self._capacity = self._capacity or decision.capacity
            self._entered = Entered(decision.charges, decision.claims)
        elif not decision.declined:
            declined = self._entry(item, EntryState.DECLINED)
            self._leave_open(candidate.with_entry(declined), decision)
        elif not asked.occurrences and item.slot[1]:
            # A later change of its own instance stands; the others come with their series.
            self._state, self._changed = candidate, True
        elif not keeps_booking(self._resource.preferences.declined_update, decision):
            declined = self._entry(item, EntryState.DECLINED)
            self._state, self._changed = candidate.with_entry(declined), True

    def _occurrences_of(self, item: Placed, held: HeldEvent) -> Asked:
        """The occurrences that an override changes: its own, or all from it on."""
        which = item.event.recurrence_id
        if which is None or not which.this_and_future or held.series is None:
            assert item.event.first is not None
            assert item.key is not None
            first = item.event.first
            own = next(
                (o for o in held.query(first.start, first.end).members if o.original == item.key),
                None,
            )
            return Asked((own,) if own is not None else ())
        asked = ask(held, self._resource, self._case.now)
        kept = tuple(o for o in asked.occurrences if o.original >= (item.key or MIN_INSTANT))
        return Asked(
            kept, asked.laid_until, asked.guaranteed, asked.ends, asked.overflows, asked.beyond
        )

    def _decide(self, request: Request, asked: Asked) -> Decision:
        if asked.beyond:
            until = self._case.now + self._resource.preferences.horizon
            return reject(Reason.BEYOND_HORIZON, until=Instant(until))
        if not asked.occurrences:
            return reject(Reason.NO_OCCURRENCE)
        again = self._case.message.again
        if again is not None and again.refusal is not None:
            decision = reject(again.refusal, gate=again.why.value)
            evidence: Evidence = {"comment": again.comment, "by": again.by}
            decision = replace(decision, evidence={again.refusal: evidence})
        else:
            approved = again is not None and again.approved
            decision = decide(request, self._view(), approved=approved)
        if decision.ending is Ending.WAITING and self._case.state.holds_time:
            decision = replace(decision, ending=Ending.DECLINED)
        self._case.trace.extend(decision.steps)
        return decision

    def _view(self) -> View:
        case = self._case
        return View(self._resource, case.reservations, case.surroundings, case.book)

    def _request(self, event: Event, held: HeldEvent, asked: Asked, *, restates: bool) -> Request:
        recurring = held.endless or len(asked.occurrences) > 1
        stored = (
            {
                (item.event.start, item.event.end)
                for item in self._case.reservations.of_event(event.uid)
            }
            if self._case.state.holds_time
            else set()
        )
        chargeable: tuple[Occurrence, ...] | None = asked.occurrences
        if asked.laid_until is not None and restates:
            chargeable = all_of(held)
        return Request(
            uid=event.uid,
            event=event,
            organizer=self._organizer.address,
            organizer_name=self._organizer.cn or "",
            attendees=event.attendees,
            occurrences=asked.occurrences,
            chargeable=chargeable,
            recurring=recurring,
            endless=held.endless,
            frequency=event.rule.freq.name if event.rule is not None else None,
            restates=restates,
            whole_day=event.whole_day,
            times_changed=any((o.start, o.end) not in stored for o in asked.laid),
            overflows=asked.overflows,
            now=self._case.now,
            delegation=delegation_of(self._case, self._head, single=not restates),
        )

    # --- entries ---------------------------------------------------------

    def _entry(self, item: Placed, state: EntryState | None = None) -> Entry:
        if state is None:
            state = EntryState.CANCELLED if item.cancelled else EntryState.BOOKED
        preferences = self._resource.preferences
        text = stored_text(item.event, self._case.book, preferences)
        which = item.event.recurrence_id
        return Entry(
            key=item.key,
            stamp=item.stamp,
            state=state,
            organizer=self._organizer.address.key,
            made_by=self._case.made_by,
            digest=item.digest,
            text=b"" if state is EntryState.CANCELLED else text,
            zone_data=self._resource.zone_data,
            this_and_future=which is not None and which.this_and_future,
        )

    def _without(self, original: Instant, master: Placed) -> Entry:
        """An occurrence that was left out of an accepted series."""
        return Entry(
            key=original,
            stamp=master.stamp,
            state=EntryState.DECLINED,
            organizer=self._organizer.address.key,
            made_by=self._case.made_by,
            digest="",
            text=b"",
            zone_data=self._resource.zone_data,
        )

    def _released(self, master: Placed) -> EventState:
        """The state after a declined request: its stamp is remembered, no time is held."""
        declined = self._entry(master, EntryState.DECLINED)
        later = survivors(self._state, master.stamp, cancelled=False)
        kept = [e for e in later if e.stamp > master.stamp]
        return EventState(self._case.message.uid, (declined, *kept))

    # --- ending ----------------------------------------------------------

    def _note(
        self, item: Placed, request: Request, decision: Decision,
        changes: Mapping[Instant, Event] | None = None,
    ) -> None:  # fmt: skip
        if request.occurrences:
            self._judged.append(
                Judged(item.event, item.slot, item.stamp, request, decision, changes or {})
            )

    def _leave_open(self, state: EventState, decision: Decision) -> None:
        """What is neither booked nor declined leaves an earlier booking as it is, unless another
        resource attends now; without one its stamp is remembered."""
        if not self._case.state.holds_time or decision.ending is Ending.DELEGATED:
            self._state, self._changed = state, True

    def _told_both(self) -> Outcome | None:
        """The end of a change that the organizer sent to the one that stands in as well: that one
        decides and answers."""
        case, placed = self._case, self._placed[0]
        before = told_itself(case, self._head) if placed.key is None else None
        if before is None:
            return None
        self._state = self._released(placed)
        follow = Following(opened=(replace(before, stamp=placed.stamp),), provisional=())
        case.trace.append(
            Step("order", "passed", "stand_in_decides", {"stand_in": before.stand_in})
        )
        return case.close(
            Result.UNCHANGED, "stand_in_decides", event=self._head, change=self._change(),
            follow=follow,
        )  # fmt: skip

    def _finish(self) -> Outcome:
        again = self._case.message.again
        quiet = again is not None and again.why in (Why.FREED, Why.OWN_FREED)
        if quiet and not any(part.settled for part in self._parts):
            return self._case.close(Result.UNCHANGED, "not_free_yet", event=self._head)
        change = self._change()
        whole = any(item.slot == (None, False) for item in self._placed)
        follow = leave_behind(
            self._case, self._judged, [item.slot for item in self._placed], whole=whole
        )
        keys = tuple(item.key for item in self._placed if item.key is not None)
        follow = taken_back(self._case, follow, () if whole else keys)
        held_before = self._case.state.holds_time
        return answer_parts(
            self._case, self._organizer, self._parts, change,
            follow, released=held_before and self._changed and not self._state.holds_time,
            kept=held_before and self._state.holds_time,
        )  # fmt: skip

    def _change(self) -> EventChange | None:
        if self._state is self._case.state:
            return None
        return lay_down(
            self._case, self._state, self._fresh, self._capacity, self._organizer_facts(),
            self._asked if self._asked.occurrences else None, self._entered,
        )  # fmt: skip

    def _organizer_facts(self) -> tuple[str, str, str]:
        name = self._organizer.cn or ""
        summary = kept_summary(self._head, self._resource.preferences)
        return self._organizer.address.key, name, summary
