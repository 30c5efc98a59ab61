"""Two series without an end, against a day-by-day reading that shares nothing with the program."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernel.scale import cases
from tests.office import Office

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
TODAY = date(2026, 11, 21)
HORIZON = 730


@dataclass(frozen=True)
class Series:
    """A series of Oslo's clocks: its first day, its rule, and when on the day, in minutes."""

    first: date
    kind: str
    interval: int
    days: tuple[int, ...]
    start: int
    length: int

    @property
    def rule(self) -> str:
        if self.kind == "DAILY":
            return f"RRULE:FREQ=DAILY;INTERVAL={self.interval}"
        if self.kind == "WEEKLY":
            days = ",".join(DAYS[day] for day in self.days)
            return f"RRULE:FREQ=WEEKLY;INTERVAL={self.interval};BYDAY={days}"
        return f"RRULE:FREQ=MONTHLY;INTERVAL={self.interval}"

    def on(self, day: date) -> bool:
        """Whether an occurrence starts on a day; the first day always has one."""
        if day <= self.first:
            return day == self.first
        if self.kind == "DAILY":
            return (day - self.first).days % self.interval == 0
        if self.kind == "WEEKLY":
            monday = self.first - timedelta(days=self.first.weekday())
            weeks = (day - monday).days // 7
            return weeks % self.interval == 0 and day.weekday() in self.days
        months = (day.year - self.first.year) * 12 + day.month - self.first.month
        return months % self.interval == 0 and day.day == self.first.day

    def periods(self) -> list[tuple[datetime, datetime]]:
        found = []
        for number in range(1, HORIZON - 1):
            day = TODAY + timedelta(days=number)
            if self.on(day):
                at = datetime(day.year, day.month, day.day) + timedelta(minutes=self.start)
                found.append((at, at + timedelta(minutes=self.length)))
        return found

    def ask(self, office: Office) -> str:
        at = datetime(self.first.year, self.first.month, self.first.day)
        start = at + timedelta(minutes=self.start)
        end = start + timedelta(minutes=self.length)
        (answer,) = office.ask(f"{start:%Y-%m-%d %H:%M}", f"{end:%Y-%m-%d %H:%M}", extra=self.rule)
        return answer.partstats[0]


series = st.builds(
    Series,
    first=st.integers(3, 60).map(lambda days: TODAY + timedelta(days=days)),
    kind=st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
    interval=st.integers(1, 40),
    days=st.sets(st.integers(0, 6), min_size=1, max_size=3).map(lambda s: tuple(sorted(s))),
    # Away from the hours in which clocks change, so that the plain reading may leave them out.
    start=st.integers(16, 40).map(lambda quarter: quarter * 15),
    length=st.sampled_from([15, 45, 120]),
).filter(lambda s: s.first.day <= 28)


def meet(one: Series, other: Series) -> bool:
    """Whether any two occurrences overlap; both lists are in order."""
    left, right = one.periods(), other.periods()
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i][0] < right[j][1] and right[j][0] < left[i][1]:
            return True
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
    return False


@settings(max_examples=cases(300), deadline=None)
@given(series, series)
def test_a_pair_is_declined_exactly_when_it_meets_inside_the_horizon(
    one: Series, other: Series
) -> None:
    office = Office()
    assert one.ask(office) == "ACCEPTED"
    assert other.ask(office) == ("DECLINED" if meet(one, other) else "ACCEPTED")
