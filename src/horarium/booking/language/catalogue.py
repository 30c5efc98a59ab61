"""A catalogue of texts in one language, and the choice among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from horarium.kernel.instant import Wall, civil
from horarium.kernel.weekday import Weekday


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Texts of one language by their names, with `{places}` to fill.

    `date` and `span` say how a day and a stretch of time are written; `weekdays` begin on Monday.
    """

    language: str
    texts: Mapping[str, str]
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    date: str

    def text(self, name: str, **places: object) -> str:
        """The text `name` with its places filled."""
        return self.texts[name].format(**places)

    def day(self, moment: Wall) -> str:
        """The civil day of a wall time, with its weekday."""
        year, month, day, *_ = civil(moment)
        weekday = Weekday((moment // 86_400 + 3) % 7)  # 1970-01-01 was a Thursday
        return self.date.format(
            weekday=self.weekdays[weekday], day=day, month=self.months[month - 1], year=year
        )

    def span(self, start: Wall, end: Wall, *, whole_day: bool) -> str:
        """A stretch of wall time: one day, one day with times, or two ends."""
        if whole_day:
            last = Wall(end - 86_400)
            if start == last:
                return self.text("whole_day", day=self.day(start))
            return self.text("whole_days", first=self.day(start), last=self.day(last))
        if start // 86_400 == end // 86_400:
            return f"{self.day(start)} {clock(start)}–{clock(end)}"
        return f"{self.day(start)} {clock(start)} – {self.day(end)} {clock(end)}"


def clock(moment: Wall) -> str:
    """The time of day of a wall time; seconds only where there are some."""
    *_, hour, minute, second = civil(moment)
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")
