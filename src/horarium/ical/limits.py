"""Bounds on calendar text: what one object may contain before it is refused unread."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """The bounds one calendar object is read under; reaching one is `LimitReached`.

    Every number is a count or a number of octets. The parser checks them while it reads, so a
    hostile object costs no more than the first limit it meets.
    """

    # 1 MiB: the largest invitations seen in practice, with 500 attendees and a long description,
    # stay below 200 KiB; inline attachments are of no use to a resource.
    size: int = 1_048_576
    # Exports hold a few hundred events; an invitation holds a master and its overrides.
    components: int = 1_000
    properties: int = 20_000
    # VCALENDAR > VEVENT > VALARM is three deep; RFC 9073 adds two more.
    nesting: int = 8
    # A description pasted from a web page; longer than any identifier or rule.
    line: int = 65_536
    attendees: int = 500
    # RDATE and EXDATE values of one component together.
    dates: int = 2_000
    # One event longer than 400 days is a mistake or an attack on the owner's free/busy.
    event_days: int = 400
    # VTIMEZONE: STANDARD and DAYLIGHT parts, and RDATE values over all of them.
    observances: int = 100
    onset_dates: int = 1_000
