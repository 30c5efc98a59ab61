"""The repository of calendars of holidays, laid down date by date."""

from __future__ import annotations

from dataclasses import dataclass

from horarium.appointments.holidays import Titles
from horarium.store.engine import Session
from horarium.store.rows import number, text


@dataclass(frozen=True, slots=True)
class HolidayRepository:
    """The calendars of one tenant, inside one transaction."""

    session: Session
    tenant: str

    def all(self) -> dict[str, dict[int, str]]:
        """Every calendar that was laid down: the titles of its dates, by its name."""
        values = {"tenant": self.tenant}
        rows = self.session.rows("holiday_calendars", values)
        found: dict[str, dict[int, str]] = {text(name): {} for (name,) in rows}
        for name, day, title in self.session.rows("holidays", values):
            found[text(name)][number(day)] = text(title)
        return found

    def put(self, name: str, titles: Titles, today: int) -> None:
        """Lays a calendar down from today on; what was before stays."""
        values = {"tenant": self.tenant, "name": name}
        self.session.run("put_holiday_calendar", values)
        self.session.run("drop_holidays", {**values, "today": today})
        rows = [
            {**values, "day": day, "title": title} for day, title in titles.items() if day >= today
        ]
        self.session.run_many("add_holiday", rows)

    def drop(self, name: str) -> None:
        """Drops a calendar that nobody names any more."""
        values = {"tenant": self.tenant, "name": name}
        self.session.run("drop_all_holidays", values)
        self.session.run("drop_holiday_calendar", values)
