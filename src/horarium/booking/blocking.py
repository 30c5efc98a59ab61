"""What blocks a time of a resource, and what does not: hours, window, policy, functions, and the
reservations that are held then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from horarium.booking.decision import capacity_of
from horarium.booking.finding import Wish, request_for
from horarium.booking.freebusy import held_in, occupied
from horarium.booking.functions.registry import prepare
from horarium.booking.policy import judge_policy
from horarium.booking.ports import Reservation
from horarium.booking.reasons import Reason
from horarium.booking.request import View
from horarium.booking.trace import Step
from horarium.kernel.capacity import peak
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.instant import Instant, format_instant
from horarium.kernel.period import Period

# What is said of every time, open or not; other rules are named where they block.
_ALWAYS = (Reason.WORKING_HOURS, Reason.BOOKING_WINDOW)
# Rules about how long an event is have nothing to say of an instant.
_LENGTH = frozenset({Reason.MIN_DURATION, Reason.MAX_DURATION, Reason.TOO_LONG})


def blocking(view: View, time: Period, now: Instant, *, instant: bool) -> tuple[Step, ...]:
    """What the resource of `view` says of `time`, each step `open` or `closed`. Of an `instant`
    (one second) the rules about the length of events are not asked."""
    return tuple(_steps(view, time, now, instant))


def _steps(view: View, time: Period, now: Instant, instant: bool) -> Iterator[Step]:
    resource = view.resource
    if resource.preferences.participating == "no":
        yield Step("participating", "closed", "not_participating")
    if resource.fault:
        yield Step("preferences", "closed", Reason.CONFIGURATION.value, {"why": resource.fault})
    broken = judge_policy(request_for(Wish(time, now), resource), resource)
    for reason in (*_ALWAYS, *(reason for reason in broken if reason not in _ALWAYS)):
        if instant and reason in _LENGTH:
            continue
        if reason in broken:
            yield Step(reason.value, "closed", reason.value, broken[reason])
        elif reason is Reason.WORKING_HOURS and resource.preferences.working_hours is None:
            yield Step(reason.value, "open", "", {"hours": "always"})
        else:
            yield Step(reason.value, "open")
    yield from _functions(view)
    yield _held(view, time)


def _functions(view: View) -> Iterator[Step]:
    """Functions that can judge nobody, and so decline everybody."""
    calls = view.resource.preferences.scheduling_function
    for call in calls:
        try:
            prepare(call, view)
        except (InvalidInput, NotFound) as error:
            why = f"line {call.line}: {error}"
            yield Step(str(call), "closed", Reason.CONFIGURATION.value, {"why": why})


def _held(view: View, time: Period) -> Step:
    """Whether the capacity is reached: a booking then needs its buffers too."""
    needed = occupied(time.start, time.end, view.resource.preferences)
    held = held_in(view.reservations, [needed], view.resource)
    capacity = capacity_of(view)
    count = peak([item.occupied for item in held], within=needed).count
    full = capacity is not None and count >= capacity
    evidence = {"capacity": capacity, "held": count, "reservations": _listed(held)}
    return Step(
        "free/busy", "closed" if full else "open", Reason.CONFLICT.value if full else "",
        evidence,  # type: ignore[arg-type]
    )  # fmt: skip


def _listed(held: Sequence[Reservation]) -> list[dict[str, str | None]]:
    return [
        {
            "uid": item.uid,
            "start": format_instant(item.event.start),
            "end": format_instant(item.event.end),
            "organizer": item.organizer or None,
            "type": item.holding.value,
        }
        for item in held
    ]
