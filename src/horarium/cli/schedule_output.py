"""Moments of a schedule as JSON, and as lines for people."""

from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, day_of, format_instant
from horarium.kernel.moment import Opening, Reason, Skip
from horarium.kernel.period import Period
from horarium.kernel.preview import Explanation, Preview
from horarium.kernel.schedule_parts import write_date, write_time
from horarium.kernel.zone import Zone

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WORDS = {
    Reason.NO_SUCH_DAY: "no such day",
    Reason.NO_SUCH_DATE: "no such date",
    Reason.IN_GAP: "in gap",
    Reason.WINDOW_IN_GAP: "window in gap",
    Reason.OUTSIDE_WINDOW: "outside the window",
}


def _when(t: Instant | None) -> str | None:
    return format_instant(t) if t is not None else None


def _opening(opening: Opening) -> dict[str, object]:
    window = opening.window
    return {
        "at": format_instant(opening.due),
        "end": _when(opening.end),
        "window": {"start": format_instant(window.start), "end": format_instant(window.end)}
        if window is not None
        else None,
        "notes": list(opening.notes),
    }


def _skip(skip: Skip) -> dict[str, object]:
    return {
        "date": skip.date,
        "reason": skip.reason.value,
        "count": skip.count,
        "first": format_instant(skip.at),
        "last": format_instant(skip.last),
    }


def preview_document(found: Preview) -> dict[str, object]:
    """A preview as its JSON object."""
    return {
        "next": [_opening(opening) for opening in found.openings],
        "skipped": [_skip(skip) for skip in found.skipped],
    }


def preview_text(zone: Zone, found: Preview) -> str:
    """A preview as lines: local time with its offset, UTC, and what is worth knowing."""
    lines = [(o.due, 1, opening_text(zone, o)) for o in found.openings]
    lines += [(s.at, 0, skip_text(s)) for s in found.skipped]
    return "\n".join(text for _, _, text in sorted(lines)) or "there is no moment"


def opening_text(zone: Zone, opening: Opening) -> str:
    """One moment: ``2027-01-31 Sun 02:30+01:00  01:30Z``, then window and notes."""
    w = zone.to_wall(opening.due)
    day = day_of(w)
    local = f"{write_date(day)} {_DAYS[(day + 3) % 7]} {_local(zone, opening.due)}"
    utc = write_time(opening.due % DAY) + "Z"
    if day_of(w) != opening.due // DAY:
        utc = f"{write_date(opening.due // DAY)} {utc}"
    notes = list(opening.notes)
    if "random" in notes and opening.window is not None:
        notes[notes.index("random")] = f"random in {_span(zone, opening.window)}"
    return "  ".join([f"{local:<26}", utc, *notes])


def skip_text(skip: Skip) -> str:
    """One date without a moment: ``2027-02     -               no such day (31)``."""
    words = _WORDS.get(skip.reason, skip.reason.value.replace("_", " "))
    detail = f" ({skip.detail})" if skip.detail else ""
    count = f", {skip.count} moments" if skip.count > 1 else ""
    return f"{skip.date:<12}{'-':<16}{words}{detail}{count}"


def _local(zone: Zone, t: Instant) -> str:
    offset = zone.offset_at(t)
    sign, size = ("-" if offset < 0 else "+"), abs(offset)
    return f"{write_time(zone.to_wall(t) % DAY)}{sign}{write_time(size)}"


def _span(zone: Zone, window: Period) -> str:
    return "-".join(write_time(zone.to_wall(t) % DAY) for t in (window.start, window.end))


def explanation_document(found: Explanation) -> dict[str, object]:
    """An explanation as its JSON object."""
    window = found.window
    return {
        "at": format_instant(found.at),
        "open": found.open,
        "window": {"start": format_instant(window.start), "end": format_instant(window.end)}
        if window is not None
        else None,
        "last": _opening(found.last) if found.last is not None else None,
        "next": _opening(found.next) if found.next is not None else None,
        "skipped": [_skip(skip) for skip in found.left_out],
        "policy": found.policy,
    }


def explanation_text(zone: Zone, found: Explanation) -> str:
    """An explanation as lines for people."""
    lines = [f"{'open' if found.open else 'shut':<8}{_moment(zone, found.at)}"]
    if found.window is not None:
        start, end = _moment(zone, found.window.start), _moment(zone, found.window.end)
        lines.append(f"{'window':<8}{start} to {end}")
    for name, opening in (("last", found.last), ("next", found.next)):
        shown = opening_text(zone, opening) if opening is not None else "none"
        lines.append(f"{name:<8}{shown}")
    lines += [f"{'':<8}{skip_text(skip)}" for skip in found.left_out]
    lines.append(f"{'policy':<8}{found.policy}")
    return "\n".join(lines)


def _moment(zone: Zone, t: Instant) -> str:
    day = day_of(zone.to_wall(t))
    return f"{write_date(day)} {_DAYS[(day + 3) % 7]} {_local(zone, t)}"
