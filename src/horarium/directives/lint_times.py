"""Times of lines that the calendar takes away: now and then, or for good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from horarium.directives.rules import open_window
from horarium.directives.timespec import Moment, Window
from horarium.kernel.gregorian import DAY, weekday_of
from horarium.kernel.instant import MAX_INSTANT, Instant, day_of
from horarium.kernel.schedule_lint import FAR, NEAR
from horarium.kernel.schedule_parts import write_date, write_time
from horarium.kernel.weekday import Weekday
from horarium.kernel.window import WeekWindow, date_missing, stretch
from horarium.kernel.zone import Zone


class Calendar:
    """The days to come in a zone, from an instant on; each time is looked at once."""

    __slots__ = ("_gaps", "_known", "_near", "_sure", "_walls", "_zone", "day_lost")

    def __init__(self, zone: Zone, now: Instant) -> None:
        far = Instant(min(now + FAR, MAX_INSTANT))
        self._zone = zone
        self._near = Instant(min(now + NEAR, MAX_INSTANT))
        self._walls = zone.to_wall(now), zone.to_wall(far)
        # Wall times that no clock shows, from the first to before the second.
        self._gaps = [
            (change + before, change + after, change)
            for change, before, after in zone.transitions(now, far)
            if after > before
        ]
        # Whether a change leaves out a whole date, with what would begin on it.
        self.day_lost = any(end - start >= DAY for start, end, _ in self._gaps)
        self._sure = frozenset(self._untouched())
        self._known: dict[Moment | Window, tuple[str, ...]] = {}

    def complaints(self, when: Moment | Window) -> tuple[str, ...]:
        """What is odd about the time; nothing for nearly all."""
        known = self._known.get(when)
        if known is None:
            known = self._known[when] = tuple(self._look(when))
        return known

    def _untouched(self) -> Iterator[Weekday]:
        """The weekdays of which some date to come is whole: any time of theirs comes."""
        touched = {
            day for start, end, _ in self._gaps for day in range(start // DAY, (end - 1) // DAY + 1)
        }
        wanted = set(Weekday)
        first, last = map(day_of, self._walls)
        for day in range(first + 1, last):
            weekday = Weekday(weekday_of(day))
            if weekday in wanted and day not in touched:
                wanted.remove(weekday)
                yield weekday
                if not wanted:
                    return

    def _look(self, when: Moment | Window) -> Iterator[str]:
        start, span, days = _shape(when)
        if not self._sure.intersection(days) and not self._comes(start, span, days):
            yield "there is no such time within the next four years"
            return
        for gap_start, gap_end, change in self._gaps:
            if change >= self._near:
                return
            for day in range(gap_start // DAY, (gap_end - 1) // DAY + 1):
                at = day * DAY + start
                if not gap_start <= at < gap_end or Weekday(weekday_of(day)) not in days:
                    continue
                if span is None:
                    end = write_time(gap_end % DAY)
                    yield f"no clock shows {when} on {write_date(day)}: it is run at {end} instead"
                    return
                if at + span <= gap_end:
                    yield f"no clock shows {when} on {write_date(day)}: it does not open then"
                    return

    def _comes(self, start: int, span: int | None, days: Iterable[Weekday]) -> bool:
        begin, end = self._walls
        for day in range(day_of(begin) - 1, day_of(end) + 1):
            at = day * DAY + start
            if Weekday(weekday_of(day)) not in days or not begin < at + (span or 1) <= end:
                continue
            if date_missing(self._zone, day):
                continue
            if span is None or stretch(self._zone, at, at + span) is not None:
                return True
        return False


def _shape(when: Moment | Window) -> tuple[int, int | None, tuple[Weekday, ...]]:
    """Its beginning as second of the day, its length on the wall, and the days it begins on."""
    if isinstance(when, Moment):
        return when.minute * 60, None, tuple(Weekday) if when.day is None else (when.day,)
    window = open_window(when)
    days = (window.first,) if isinstance(window, WeekWindow) else window.days
    return window.start, window.span, days
