"""What a decision says to people: sentences in their language, times in the zone they wrote in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from horarium.booking.asked import Asked
from horarium.booking.decision import Decision
from horarium.booking.freebusy import Conflict
from horarium.booking.language.catalogue import Catalogue
from horarium.booking.reasons import Reason
from horarium.booking.resource import Resource
from horarium.booking.trace import Evidence
from horarium.ical.event import Event
from horarium.ical.participant import Participant
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.period import Period
from horarium.kernel.recurrence import Occurrence
from horarium.kernel.zone import Zone

# As many as a person reads; the record holds no more either.
MOST_NAMED = 10
_HOUR, _DAY = 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Wording:
    """Writes for one organizer about one event at one resource."""

    catalogue: Catalogue
    resource: Resource
    organizer: Participant
    event: Event

    @property
    def zone(self) -> Zone:
        """The zone the organizer wrote in; the resource's for floating times and whole days."""
        return self.event.zone or self.resource.zone

    def when(self, start: Instant, end: Instant) -> str:
        """A stretch of time, with the zone named; in the resource's zone too where it differs."""
        zone = self.zone
        whole_day = self.event.whole_day
        first = self.catalogue.span(zone.to_wall(start), zone.to_wall(end), whole_day=whole_day)
        if whole_day:
            return first
        text = f"{first} ({zone.name})"
        own = self.resource.zone
        if own.offset_at(start) == zone.offset_at(start):
            return text
        there = self.catalogue.span(own.to_wall(start), own.to_wall(end), whole_day=False)
        return f"{text} = {there} ({own.name})"

    def day(self, at: Instant) -> str:
        """The day of an instant in the organizer's zone."""
        return self.catalogue.day(self.zone.to_wall(at))

    def accepted(self, asked: Asked) -> str:
        """What was booked, as one sentence."""
        name, occurrences = self.resource.name, asked.occurrences
        first, last = occurrences[0], occurrences[-1]
        if asked.ends is not None:
            return self.catalogue.text(
                "accepted_clipped", resource=name, count=len(occurrences),
                first=self.day(first.start), until=self.day(asked.ends),
            )  # fmt: skip
        if asked.guaranteed is not None:
            return self.catalogue.text(
                "accepted_follow", resource=name, first=self.day(first.start),
                until=self.day(asked.guaranteed),
            )  # fmt: skip
        if len(occurrences) == 1:
            when = self.when(first.start, first.end)
            return self.catalogue.text("accepted", resource=name, when=when)
        return self.catalogue.text(
            "accepted_series", resource=name, count=len(occurrences),
            first=self.when(first.start, first.end), last=self.day(last.start),
        )  # fmt: skip

    def declined(self, occurrences: Sequence[Occurrence]) -> str:
        """That nothing was booked, as one sentence."""
        name = self.resource.name
        if len(occurrences) == 1:
            when = self.when(occurrences[0].start, occurrences[0].end)
            return self.catalogue.text("declined", resource=name, when=when)
        which = "declined_series" if occurrences else "declined_plain"
        return self.catalogue.text(which, resource=name)

    def asked(self, occurrences: Sequence[Occurrence]) -> str:
        """When the asked occurrences are: the one, or how many from when to when."""
        first, last = occurrences[0], occurrences[-1]
        when = self.when(first.start, first.end)
        if len(occurrences) == 1:
            return when
        return self.catalogue.text(
            "several", count=len(occurrences), first=when, last=self.day(last.start)
        )

    def pending(self, occurrences: Sequence[Occurrence]) -> str:
        """That a person is asked, as one sentence."""
        return self.catalogue.text(
            "pending", resource=self.resource.name, when=self.asked(occurrences)
        )

    def waiting(self, occurrences: Sequence[Occurrence], place: int) -> str:
        """That the request waits for its time, as one sentence."""
        return self.catalogue.text(
            "waiting", resource=self.resource.name, when=self.asked(occurrences), place=place
        )

    def proposed(self, asked: Sequence[Occurrence], proposed: Sequence[Occurrence]) -> str:
        """The times that are proposed instead, as one sentence."""
        return self.catalogue.text(
            "proposed", resource=self.resource.name, asked=self.asked(asked),
            proposed=self.asked(proposed),
        )  # fmt: skip

    def occurrence_declined(self, conflict: Conflict) -> str:
        """That one occurrence of an accepted series is not booked."""
        when = self.when(conflict.occurrence.start, conflict.occurrence.end)
        details = self.resource.preferences.reply_details
        reason = self._conflict(conflict) if details else ""
        return self.catalogue.text("occurrence_declined", when=when, reason=reason).rstrip()

    def moment(self, at: Instant) -> str:
        """An instant as a person reads it: day and time, with the zone."""
        wall = self.zone.to_wall(at)
        hour, minute = divmod(wall % _DAY // 60, 60)
        return f"{self.catalogue.day(wall)} {hour:02}:{minute:02} ({self.zone.name})"

    def reasons(self, decision: Decision) -> list[str]:
        """Why, one sentence or line each; nothing where the resource tells no details."""
        if not self.resource.preferences.reply_details:
            return []
        lines: list[str] = []
        for reason in decision.reasons:
            if reason is Reason.CONFLICT:
                lines.extend(self._conflicts(decision.conflicts))
            else:
                lines.append(self.reason(reason, decision.evidence.get(reason, {})))
        return lines

    def reason(self, reason: Reason, evidence: Evidence) -> str:
        """The sentence of one reason other than a conflict."""
        places: dict[str, object] = dict(evidence.items())
        for name in ("notice", "least", "asked", "most"):
            if reason in _DURATIONS and isinstance(evidence.get(name), int):
                places["duration"] = self._duration(int(str(evidence[name])))
                break
        places.setdefault("domain", self.resource.address.domain)
        places.setdefault("problem", evidence.get("limit") or "")
        if reason is Reason.WORKING_HOURS:
            start, end = str(evidence["start"]), str(evidence["end"])
            places["when"] = self.when(parse_instant(start), parse_instant(end))
        if reason is Reason.QUOTA:
            for name in ("limit", "used", "asked"):
                places[name] = self._duration(int(str(evidence[name])))
        if reason is Reason.ALREADY_HOLDS_RELATED:
            start, end = str(evidence["start"]), str(evidence["end"])
            places["when"] = self.when(parse_instant(start), parse_instant(end))
        if reason in (Reason.NOT_APPROVED, Reason.APPROVAL_TIMEOUT, Reason.WAITING_ENDED):
            return self.catalogue.text(f"reason.{reason.value}", **places) + (
                f" {evidence['comment']}" if evidence.get("comment") else ""
            )
        if reason is Reason.ALLOWED_FREQUENCIES:
            places["frequency"] = str(evidence["frequency"])
        if reason is Reason.BEYOND_HORIZON:
            places["until"] = self.day(parse_instant(str(evidence["until"])))
        return self.catalogue.text(f"reason.{reason.value}", **places)

    def free_times(self, periods: Iterable[Period]) -> list[str]:
        """The heading and the lines of free times that could be asked for instead."""
        lines = [f"  {self.when(period.start, period.end)}" for period in periods]
        return [self.catalogue.text("free_times"), *lines] if lines else []

    def free_elsewhere(self, names: Sequence[str]) -> list[str]:
        """The line that names resources that are free at the very time."""
        return [self.catalogue.text("free_elsewhere", names=", ".join(names))] if names else []

    def _conflicts(self, conflicts: Sequence[Conflict]) -> list[str]:
        if len(conflicts) == 1:
            return [self._conflict(conflicts[0])]
        head = self.catalogue.text("reason.conflicts", count=len(conflicts))
        named = conflicts[:MOST_NAMED]
        lines = [f"  {self.when(c.occurrence.start, c.occurrence.end)}" for c in named]
        return [head, *lines, *(["  …"] if len(conflicts) > len(named) else [])]

    def _conflict(self, conflict: Conflict) -> str:
        met = conflict.met
        if met is None:
            busy = self.when(conflict.occurrence.start, conflict.occurrence.end)
            return self.catalogue.text("reason.conflict", busy=busy)
        busy = self.when(met.event.start, met.event.end)
        if not self._may_name(met.organizer):
            return self.catalogue.text("reason.conflict", busy=busy)
        holder = f"{met.organizer_name} <{met.organizer}>" if met.organizer_name else met.organizer
        return self.catalogue.text("reason.conflict_held", busy=busy, holder=holder)

    def _may_name(self, holder: str) -> bool:
        """Whether the one who holds the time may be named to the one who asks."""
        wish = self.resource.preferences.holder_info
        same_domain = holder.rpartition("@")[2] == self.organizer.address.domain
        return bool(holder) and (wish == "always" or (wish == "same_domain" and same_domain))

    def _duration(self, seconds: int) -> str:
        if seconds % _DAY == 0:
            return self.catalogue.text("duration.days", count=seconds // _DAY)
        if seconds % _HOUR == 0:
            return self.catalogue.text("duration.hours", count=seconds // _HOUR)
        if seconds > _HOUR:
            hours, minutes = divmod(seconds // 60, 60)
            return self.catalogue.text("duration.hours_minutes", hours=hours, minutes=minutes)
        return self.catalogue.text("duration.minutes", count=seconds // 60)


_DURATIONS = frozenset({Reason.MIN_NOTICE, Reason.MIN_DURATION, Reason.MAX_DURATION})
