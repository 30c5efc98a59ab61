"""The free/busy of others, as far as they made it available (RFC 5546 3.3).

Rows come from what a party stated of itself, and from events seen: who invites, and who accepted.
Nothing here is believed of anybody but by their own word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from horarium.kernel.errors import LimitReached
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet

# The stretch that a statement covers, whether anything in it is busy or not.
STATED = "STATED"
# Rows of one party; a year of hourly entries, seen in statements and in events.
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True, order=True)
class Known:
    """One stretch of another's time. ``uid`` names the event it was seen in, empty for what was
    stated as free/busy; ``kind`` is an FBTYPE or ``STATED``; ``stated`` when it was said."""

    period: Period
    kind: str
    uid: str
    party: str
    stated: Instant


@dataclass(frozen=True, slots=True)
class KnownChange:
    """The rows of one party that go, and those that come."""

    gone: tuple[Known, ...]
    come: tuple[Known, ...]


def restate(
    rows: Sequence[Known],
    party: str,
    window: Period,
    busy: Mapping[str, PeriodSet],
    stated: Instant,
) -> KnownChange | None:
    """What a statement of ``party`` about ``window`` changes in its ``rows``: everything said
    earlier about that stretch goes. What was said later stays, and None is all that is left of a
    statement of which nothing is news. LimitReached when a party would have too many rows."""
    later = PeriodSet(r.period for r in rows if r.kind == STATED and r.stated > stated)
    news = PeriodSet([window]).subtract(later)
    if not news:
        return None
    gone = [r for r in rows if r.stated <= stated and PeriodSet([r.period]).intersect(news)]
    come = [replace(r, period=p) for r in gone for p in PeriodSet([r.period]).subtract(news)]
    for kind, periods in busy.items():
        inside = periods.intersect(news)
        come += [Known(p, kind, "", party, stated) for p in inside]
    come += [Known(p, STATED, "", party, stated) for p in news]
    return _change(rows, gone, come)


def see_event(
    rows: Sequence[Known],
    party: str,
    uid: str,
    seen: Iterable[tuple[Period, str]],
    stated: Instant,
) -> KnownChange | None:
    """What an event seen changes: the rows of that event become those that were ``seen``, as far
    as the party has not said later how it is."""
    gone = [r for r in rows if r.uid == uid]
    later = PeriodSet(r.period for r in rows if r.kind == STATED and r.stated > stated)
    come = [
        Known(left, kind, uid, party, stated)
        for period, kind in seen
        for left in PeriodSet([period]).subtract(later)
    ]
    return _change(rows, gone, come)


def _change(
    rows: Sequence[Known], gone: Iterable[Known], come: Iterable[Known]
) -> KnownChange | None:
    before, after = set(gone), set(come)
    leaving, coming = before - after, after - before
    if len(rows) - len(leaving) + len(coming) > MOST_ROWS:
        raise LimitReached("known_freebusy", len(rows) + len(coming), MOST_ROWS)
    if not leaving and not coming:
        return None
    return KnownChange(tuple(sorted(leaving)), tuple(sorted(coming)))


def busy_times(rows: Iterable[Known], within: Period) -> dict[str, PeriodSet]:
    """What is known to be busy in a stretch, by FBTYPE."""
    found: dict[str, list[Period]] = {}
    for row in rows:
        if row.kind != STATED and row.period.overlaps(within):
            found.setdefault(row.kind, []).append(row.period)
    return {
        kind: PeriodSet(periods).clip(within.start, within.end) for kind, periods in found.items()
    }
