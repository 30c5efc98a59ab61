"""A VEVENT as it counts for scheduling (RFC 5545 3.6.1): typed, complete, or refused."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

from horarium.ical.component import Component
from horarium.ical.invalid import InvalidComponent
from horarium.ical.limits import ParseLimits
from horarium.ical.participant import Participant
from horarium.ical.reading import Reading, TimeOf
from horarium.ical.tzid import ZoneBook
from horarium.ical.values import (
    DateTimeValue,
    DateValue,
    Kind,
    parse_ical_duration,
    parse_period,
    parse_time_value,
    time_parameters,
)
from horarium.kernel.duration import Duration
from horarium.kernel.errors import InvalidInput, LimitReached, UnsupportedCapability
from horarium.kernel.gregorian import DAY
from horarium.kernel.instant import Instant, Wall, day_of
from horarium.kernel.limits import Limits
from horarium.kernel.period import Period
from horarium.kernel.recurrence import ExDate, Length, RDate, RecurrenceSet, Unsatisfiable
from horarium.kernel.rule import Rule, UntilKind
from horarium.kernel.zone import Zone

_DEFAULT_LIMITS = ParseLimits()
_RULE_LIMITS = Limits()
# Properties the decision rests on: an unreadable one makes the component invalid.
_SCHEDULING = {
    "DTSTART": "3.5",
    "DTEND": "3.5",
    "DURATION": "3.1",
    "RRULE": "3.6",
    "RDATE": "3.5",
    "EXDATE": "3.5",
    "RECURRENCE-ID": "3.5",
    "UID": "3.1",
    "SEQUENCE": "3.1",
    "DTSTAMP": "3.5",
    "ORGANIZER": "3.1",
}


@dataclass(frozen=True, slots=True)
class RecurrenceId:
    """Which occurrence a component changes: its original start, or its day (RFC 5545 3.8.4.4)."""

    original: Instant | None
    day: int | None
    this_and_future: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT. Times are resolved; nothing in it is a guess that is not in `notes`.

    `first` is the first occurrence, `series` the set without overrides; both are None when the
    component may lack DTSTART (a CANCEL, a REPLY) and does. `zone` is DTSTART's. `dtstamp` is
    None when missing. Texts are unescaped, `status`, `transp` and `klass` upper case.
    """

    uid: str
    sequence: int
    dtstamp: Instant | None
    organizer: Participant | None
    attendees: tuple[Participant, ...]
    recurrence_id: RecurrenceId | None
    start: DateValue | DateTimeValue | None
    first: Period | None
    whole_day: bool
    series: RecurrenceSet | None
    rule: Rule | None
    endless: bool
    summary: str | None
    location: str | None
    status: str | None
    transp: str
    klass: str
    notes: tuple[str, ...]
    component: Component
    zone: Zone | None = None


def read_event(
    component: Component,
    book: ZoneBook,
    owner: Zone,
    limits: ParseLimits = _DEFAULT_LIMITS,
    *,
    needs_start: bool = True,
    rule_limits: Limits = _RULE_LIMITS,
    local_domains: Container[str] | None = None,
) -> Event:
    """The event a VEVENT states, or `InvalidComponent` naming the property and the code.

    Floating times and whole days are `owner`'s. `needs_start` is False for methods whose
    components may lack DTSTART and an end. An error in any scheduling property is an error of
    the component: a broken rule never leaves a single event behind.
    """
    reading = Reading(component, book, owner, limits, local_domains)
    reading.identify()
    for fault in component.faults:
        if fault.name in _SCHEDULING:
            raise reading.invalid(_SCHEDULING[fault.name], fault.name, fault.why)
    return _Shape(reading, needs_start, rule_limits).event()


class _Shape:
    """The times of one component while they are being put together."""

    def __init__(self, reading: Reading, needs_start: bool, rule_limits: Limits) -> None:
        self._reading = reading
        self._needs_start = needs_start
        self._rule_limits = rule_limits

    def event(self) -> Event:
        """Reads everything, in the order in which errors are reported."""
        reading = self._reading
        sequence = reading.sequence()
        start = self._start()
        recurrence_id = self._recurrence_id()
        length = self._length(start) if start is not None else None
        series = rule = first = None
        if start is not None and length is not None:
            end = length.end_of(start.wall, start.instant, start.zone)
            first = Period(start.instant, end)
            rule = self._rule()
            series = self._series(start, length, rule)
            self._check_members(start, series, rule)
        return Event(
            uid=reading.uid,
            sequence=sequence,
            dtstamp=reading.dtstamp(),
            organizer=reading.organizer,
            attendees=reading.attendees(),
            recurrence_id=recurrence_id,
            start=start.value if start else None,
            first=first,
            whole_day=start is not None and isinstance(start.value, DateValue),
            series=series,
            rule=rule,
            endless=series is not None and series.endless,
            summary=reading.text("SUMMARY"),
            location=reading.text("LOCATION"),
            status=reading.word("STATUS"),
            transp=reading.word("TRANSP") or "OPAQUE",
            klass=reading.word("CLASS") or "PUBLIC",
            notes=reading.all_notes(),
            component=reading.component,
            zone=start.zone if start else None,
        )

    def _start(self) -> TimeOf | None:
        line = self._reading.single("DTSTART")
        if line is None:
            if self._needs_start:
                raise self._reading.invalid("3.11", "DTSTART", "missing")
            return None
        return self._reading.time(line)

    def _length(self, start: TimeOf) -> Length | None:
        """The length every occurrence has; None when no end is needed and none is given."""
        reading = self._reading
        end, duration = reading.single("DTEND"), reading.single("DURATION")
        if end is not None and duration is not None:
            reading.note("duration_beside_dtend")
        if end is not None:
            until = reading.time(end)
            if isinstance(start.value, DateValue) != isinstance(until.value, DateValue):
                raise reading.invalid("3.5", "DTEND", "not of DTSTART's value type", end.value)
            if isinstance(start.value, DateValue) and isinstance(until.value, DateValue):
                return self._days("DTEND", until.value.day - start.value.day, end.value)
            return self._exact(until.instant - start.instant, end.value)
        if duration is not None:
            return self._nominal(duration.value, isinstance(start.value, DateValue))
        if isinstance(start.value, DateValue):
            return Length.nominal(Duration(days=1))
        if self._needs_start:
            raise reading.invalid("3.11", "DTEND", "neither DTEND nor DURATION")
        return None

    def _exact(self, seconds: int, value: str) -> Length:
        if seconds <= 0:
            raise self._reading.invalid("3.1", "DTEND", "not after DTSTART", value)
        self._check_length("DTEND", seconds, value)
        return Length.exact(seconds)

    def _days(self, prop: str, days: int, value: str) -> Length:
        if days == 0 and prop == "DTEND":
            self._reading.note("dtend_equals_dtstart")
            days = 1
        if days <= 0:
            raise self._reading.invalid("3.1", prop, "not after DTSTART", value)
        self._check_length(prop, days * DAY, value)
        return Length.nominal(Duration(days=days))

    def _nominal(self, value: str, whole_day: bool) -> Length:
        try:
            length = parse_ical_duration(value)
        except InvalidInput as error:
            raise self._reading.invalid("3.1", "DURATION", str(error), value) from error
        if length.exact <= 0:
            raise self._reading.invalid("3.1", "DURATION", "not positive", value)
        if whole_day:
            if length.seconds % DAY:
                raise self._reading.invalid("3.1", "DURATION", "not in whole days", value)
            return self._days("DURATION", length.days + length.seconds // DAY, value)
        self._check_length("DURATION", length.exact, value)
        return Length.nominal(length)

    def _check_length(self, prop: str, seconds: int, value: str) -> None:
        if seconds > self._reading.limits.event_days * DAY:
            raise self._reading.invalid("3.10", prop, "too long", value, limit="event_length")

    def _recurrence_id(self) -> RecurrenceId | None:
        reading = self._reading
        line = reading.single("RECURRENCE-ID")
        if line is None:
            return None
        scope = (line.parameter("RANGE") or "").strip().upper()
        if scope == "THISANDPRIOR":
            raise reading.invalid("3.14", "RECURRENCE-ID", "THISANDPRIOR is not supported")
        if scope not in ("", "THISANDFUTURE"):
            raise reading.invalid("3.1", "RECURRENCE-ID", "unknown RANGE", scope)
        placed = reading.time(line)
        future = scope == "THISANDFUTURE"
        if isinstance(placed.value, DateValue):
            return RecurrenceId(None, placed.value.day, future)
        return RecurrenceId(placed.instant, None, future)

    def _rule(self) -> Rule | None:
        reading = self._reading
        if reading.has("EXRULE"):
            reading.note("exrule_ignored")
        lines = reading.lines("RRULE")
        if not lines:
            return None
        if len(lines) > 1:
            raise reading.invalid("3.6", "RRULE", "more than one rule")
        text = _gregorian(lines[0].value.strip())
        try:
            rule = Rule.parse(text, self._rule_limits)
        except UnsupportedCapability as error:
            raise reading.invalid("3.14", "RRULE", str(error), text) from error
        except LimitReached as error:
            raise reading.invalid("3.10", "RRULE", str(error), text, limit=error.name) from error
        except InvalidInput as error:
            raise reading.invalid("3.6", "RRULE", str(error), text) from error
        for note in rule.notes:
            reading.note(note)
        return rule

    def _series(self, start: TimeOf, length: Length, rule: Rule | None) -> RecurrenceSet:
        reading = self._reading
        whole_day = isinstance(start.value, DateValue)
        self._check_dates()
        rdates = tuple(self._rdates(start, whole_day))
        exdates = tuple(self._exdates(whole_day))
        try:
            series = RecurrenceSet(
                start.wall,
                start.zone,
                length,
                rule=rule,
                rdates=rdates,
                exdates=exdates,
                whole_day=whole_day,
                limits=self._rule_limits,
            )
        except UnsupportedCapability as error:
            raise reading.invalid("3.14", "RRULE", str(error)) from error
        except LimitReached as error:
            raise reading.invalid("3.10", "RRULE", str(error), limit=error.name) from error
        except InvalidInput as error:
            raise reading.invalid("3.6", "RRULE", str(error)) from error
        return series

    def _check_members(self, start: TimeOf, series: RecurrenceSet, rule: Rule | None) -> None:
        """Refuses a rule that never matches, and a series that has no occurrence at all."""
        if rule is None:
            return
        reading = self._reading
        try:
            at = start.instant
            answer = series.query(at, Instant(at + 1))
            empty = (
                _ends_before(rule, start)
                or isinstance(answer.outcome, Unsatisfiable)
                or (not answer.members and series.next_after(Instant(at - 1)) is None)
            )
        except LimitReached as error:
            raise reading.invalid("3.10", "RRULE", str(error), limit=error.name) from error
        if empty:
            raise reading.invalid("3.6", "RRULE", "no occurrence", reading.lines("RRULE")[0].value)

    def _check_dates(self) -> None:
        lines = (*self._reading.lines("RDATE"), *self._reading.lines("EXDATE"))
        count = sum(line.value.count(",") + 1 for line in lines)
        if count > self._reading.limits.dates:
            prop = lines[0].name
            raise self._reading.invalid("3.10", prop, "too many dates", limit="dates")

    def _rdates(self, start: TimeOf, whole_day: bool) -> Iterator[RDate]:
        reading = self._reading
        for line in reading.lines("RDATE"):
            value_type, tzid = time_parameters(line)
            for text in line.value.split(","):
                try:
                    if value_type == "PERIOD" or (value_type is None and "/" in text):
                        if whole_day:
                            raise InvalidInput("a PERIOD in a series of days")
                        yield self._rdate_period(text, tzid)
                        continue
                    value = parse_time_value(text, value_type, tzid)
                    if whole_day and isinstance(value, DateTimeValue):
                        raise InvalidInput("a DATE-TIME in a series of days")
                except InvalidInput as error:
                    raise reading.invalid("3.5", "RDATE", str(error), text) from error
                if isinstance(value, DateValue) and not whole_day:
                    reading.note("rdate_day_at_time_of_dtstart")
                    wall = Wall(value.wall + start.wall % DAY)
                    yield RDate(start.zone.at(wall), None)
                else:
                    yield RDate(reading.place(value).instant, None)

    def _rdate_period(self, text: str, tzid: str | None) -> RDate:
        value = parse_period(text, tzid)
        start = self._reading.place(value.start)
        if isinstance(value.end, Duration):
            end = Length.nominal(value.end).end_of(start.wall, start.instant, start.zone)
        else:
            end = self._reading.place(value.end).instant
        if end <= start.instant:
            raise InvalidInput("a PERIOD that does not end after its start")
        if end - start.instant > self._reading.limits.event_days * DAY:
            raise InvalidInput("a PERIOD that is too long")
        return RDate(start.instant, end)

    def _exdates(self, whole_day: bool) -> Iterator[ExDate]:
        reading = self._reading
        for line in reading.lines("EXDATE"):
            value_type, tzid = time_parameters(line)
            for text in line.value.split(","):
                try:
                    value = parse_time_value(text, value_type, tzid)
                except InvalidInput as error:
                    raise reading.invalid("3.5", "EXDATE", str(error), text) from error
                if isinstance(value, DateValue):
                    yield ExDate(None, value.day)
                elif whole_day:
                    yield ExDate(None, self._day(value))
                else:
                    yield ExDate(reading.place(value).instant, None)

    def _day(self, value: DateTimeValue) -> int:
        """The day a DATE-TIME means in a series of whole days."""
        self._reading.note("exdate_time_in_series_of_days")
        if value.kind is Kind.UTC:
            return day_of(self._reading.owner.to_wall(Instant(value.wall)))
        return day_of(value.wall)


def _ends_before(rule: Rule, start: TimeOf) -> bool:
    """Whether UNTIL lies before DTSTART, so that the rule is empty."""
    until = rule.until
    if until is None:
        return False
    if until.kind is UntilKind.DATE or isinstance(start.value, DateValue):
        return until.day < day_of(start.wall)
    return until.at < (start.instant if until.kind is UntilKind.UTC else start.wall)


def _gregorian(text: str) -> str:
    """Rule text without the parts of RFC 7529 that say what is so anyway, and a stray end mark."""
    if "=" not in text:
        return text
    same = ("RSCALE=GREGORIAN", "SKIP=OMIT")
    return ";".join(piece for piece in text.rstrip(";").split(";") if piece.upper() not in same)


__all__ = ["Event", "InvalidComponent", "Participant", "RecurrenceId", "read_event"]
