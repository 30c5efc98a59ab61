"""The order of an organizer's messages: what is new, what is late, what is a repetition.

Every function here decides from stamps alone, so that any order of arrival ends in one state
(RFC 5546 2.1.5; equal stamps are settled so that a cancellation wins).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from horarium.booking.event_state import Entry, EntryState, EventState, Slot, Stamp


class Order(StrEnum):
    """What a component is to what is stored."""

    STALE = "stale"
    DUPLICATE = "duplicate"
    NEWER = "newer"
    UNCHANGED = "unchanged"


def order_request(state: EventState, slot: Slot, stamp: Stamp, digest: str) -> Order:
    """Decides what a REQUEST component with `stamp` and content `digest` is to the stored event.

    UNCHANGED is newer in its stamp alone: the booking stays as it is.
    """
    master = state.master
    if slot[0] is not None and master is not None and _too_late_for_master(master, stamp):
        return Order.STALE
    if any(_too_late_for_master(entry, stamp) for entry in _reaching(state, slot)):
        return Order.STALE
    stored = state.get(slot)
    if stored is None:
        return Order.NEWER
    if stored.state is EntryState.CANCELLED:
        return Order.NEWER if stamp > stored.stamp else Order.STALE
    if stamp < stored.stamp:
        return Order.STALE
    if digest == stored.digest:
        return Order.DUPLICATE if stamp == stored.stamp else Order.UNCHANGED
    return Order.NEWER


def order_cancel(state: EventState, slot: Slot, stamp: Stamp, *, has_sequence: bool) -> Order:
    """Decides what a CANCEL is to the stored event.

    A CANCEL without SEQUENCE is malformed but seen: it is ordered by DTSTAMP alone and must be
    strictly later (our reading).
    """
    above = (state.master,) if slot[0] is not None else ()
    for stored in (state.get(slot), *above, *_reaching(state, slot)):
        if stored is None:
            continue
        if not has_sequence:
            if stamp.dtstamp <= stored.stamp.dtstamp:
                return Order.STALE
        elif stamp < stored.stamp:
            return Order.STALE
        elif stored.state is EntryState.CANCELLED and stamp == stored.stamp:
            return Order.DUPLICATE
    return Order.NEWER


def survivors(state: EventState, master: Stamp, *, cancelled: bool) -> tuple[Entry, ...]:
    """The instances that a new master (or the cancellation of everything) leaves standing.

    A master states every occurrence anew; what bears a later stamp merely overtook it. At equal
    stamps an override stands against a request and falls with a cancellation.
    """
    if cancelled:
        return tuple(entry for entry in state.instances if entry.stamp > master)
    return tuple(entry for entry in state.instances if entry.stamp >= master)


def without_followers(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries less the older ones that lie behind a change of this and all future instances:
    such a change states the rest of the series anew, as a master does the whole."""
    state = EventState("", tuple(entries))
    return tuple(
        entry
        for entry in state.entries
        if not any(_too_late_for_master(f, entry.stamp) for f in _reaching(state, entry.slot))
    )


def _reaching(state: EventState, slot: Slot) -> list[Entry]:
    """The entries that speak for all future instances, the one of `slot` among them. While no
    series is booked, a change speaks for its own instance only."""
    key, future = slot
    if key is None:
        return []
    booked = state.master is not None and state.master.state is EntryState.BOOKED
    return [
        entry
        for entry in state.instances
        if entry.this_and_future
        and entry.key is not None
        and (entry.key < key or (entry.key == key and not future))
        and entry.state is not EntryState.DORMANT
        and (booked or entry.key == key or entry.state is EntryState.CANCELLED)
    ]


def _too_late_for_master(master: Entry, stamp: Stamp) -> bool:
    if master.state is EntryState.CANCELLED:
        return stamp <= master.stamp
    return stamp < master.stamp
