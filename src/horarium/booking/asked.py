"""Which occurrences of an event a resource judges now, and how far it answers for it."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.booking.policy import window_end
from horarium.booking.resource import Resource
from horarium.booking.stored_event import HeldEvent
from horarium.kernel.instant import MAX_INSTANT, MIN_INSTANT, Instant
from horarium.kernel.recurrence import Occurrence, Truncated

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Asked:
    """The occurrences to judge, in order.

    `laid_until` is the instant to which an endless (or very long) series is laid down as
    reservations, None when all of it is; `guaranteed` the instant up to which it is free of
    collisions for certain. `ends` is where a clipped event ends here. `overflows` tells that there
    are more occurrences than may be looked at, `beyond` that it reaches where nothing is booked.
    """

    occurrences: tuple[Occurrence, ...]
    laid_until: Instant | None = None
    guaranteed: Instant | None = None
    ends: Instant | None = None
    overflows: bool = False
    beyond: bool = False

    @property
    def laid(self) -> tuple[Occurrence, ...]:
        """The occurrences that are laid down as reservations now."""
        if self.laid_until is None:
            return self.occurrences
        return tuple(o for o in self.occurrences if o.start < self.laid_until)


def ask(held: HeldEvent, resource: Resource, now: Instant, ends: Instant | None = None) -> Asked:
    """Decides what of `held` is judged at `now`.

    A finite series is judged whole. An endless one is judged from now to the horizon, so that no
    collision inside it is unseen, and laid down to the end of the window; `ends` is where an
    earlier answer clipped the event.
    """
    if not held.endless:
        answer = held.query(MIN_INSTANT, MAX_INSTANT)
        if not isinstance(answer.outcome, Truncated):
            return _clipped(Asked(answer.members), held, resource, now, ends)
    return _clipped(_rolling(held, resource, now), held, resource, now, ends)


def _rolling(held: HeldEvent, resource: Resource, now: Instant) -> Asked:
    preferences = resource.preferences
    assert held.series is not None
    window = preferences.window_size * DAY
    end = Instant(now + max(preferences.horizon, window))
    following = held.series.next_after(Instant(end - 1))
    answer = held.query(now, end)
    if not answer.members and following is not None:
        # It begins beyond the horizon: judged from its first occurrence on, for one window.
        end = Instant(min(following.start + window, MAX_INSTANT))
        answer = held.query(following.start, end)
    laid = max(Instant(now + window), answer.members[0].end if answer.members else now)
    return Asked(
        answer.members,
        laid_until=Instant(min(laid, end)),
        guaranteed=end,
        overflows=isinstance(answer.outcome, Truncated),
    )


def _clipped(
    asked: Asked, held: HeldEvent, resource: Resource, now: Instant, ends: Instant | None
) -> Asked:
    preferences = resource.preferences
    cuts = [] if ends is None else [ends]
    horizon = Instant(now + preferences.horizon)
    if preferences.beyond_horizon == "clip":
        cuts.append(horizon)
    series = held.series is not None and (held.endless or len(asked.occurrences) > 1)
    if preferences.booking_window is not None and preferences.booking_window_series == "clip":
        limit = window_end(now, preferences.booking_window, resource)
        if series and asked.occurrences and asked.occurrences[0].start < limit:
            cuts.append(limit)
    late = asked.guaranteed is not None or any(o.start >= horizon for o in asked.occurrences)
    beyond = preferences.beyond_horizon == "decline" and late
    if not cuts:
        return Asked(
            asked.occurrences, asked.laid_until, asked.guaranteed, None, asked.overflows, beyond
        )
    end = min(cuts)
    kept = tuple(o for o in asked.occurrences if o.start < end)
    if len(kept) == len(asked.occurrences) and asked.guaranteed is None:
        return Asked(kept, overflows=asked.overflows, beyond=beyond)
    return Asked(kept, ends=end, overflows=asked.overflows, beyond=beyond or not kept)
