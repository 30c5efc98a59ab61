"""Find a room: which resources are free for a time, and what speaks against the others."""

from __future__ import annotations

from aiohttp import web

from horarium.booking.finding import Finding, Wish
from horarium.booking.preference_table import feature_key
from horarium.ical.address import parse_address
from horarium.identity.account import Right
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Wall
from horarium.kernel.period import Period
from horarium.runtime.directory import read_directory
from horarium.runtime.finding import find_resources
from horarium.runtime.moments import parse_moment
from horarium.web.calendar import DAY
from horarium.web.rendering import iso_day, render
from horarium.web.steps import step_lines
from horarium.web.visit import Visit

HOUR = 3_600
MOST_PEOPLE = 100_000


async def show(visit: Visit) -> web.StreamResponse:
    """The form, and below it what was found where something was asked for."""
    asked = "from" in visit.request.query
    fields = _fields(visit)
    found: list[Finding] = []
    message = ""
    wish = None
    if asked:
        try:
            wish = read_wish(visit, fields)
        except InvalidInput as error:
            message = str(error)
    known, found = await visit.desk.ask(lambda: _look(visit, wish))
    return render(
        visit,
        "find.html",
        200 if not message else 400,
        fields=fields,
        features=known,
        chosen=visit.request.query.getall("feature", []),
        wish=wish,
        message=message,
        free=[finding for finding in found if finding.free],
        others=[
            (finding, step_lines(finding.against, visit.zone))
            for finding in found
            if not finding.free
        ],
    )


def read_wish(visit: Visit, fields: dict[str, str]) -> Wish:
    """What the form asks for. InvalidInput for times that are none or end before they begin."""
    start = parse_moment(f"{fields['date']} {fields['from']}", visit.zone)
    end = parse_moment(f"{fields['date']} {fields['to']}", visit.zone)
    if end <= start:
        raise InvalidInput("the end must lie after the begin", part="to")
    people = fields["capacity"]
    if people and not (people.isascii() and people.isdigit() and int(people[:9]) <= MOST_PEOPLE):
        raise InvalidInput("capacity: expected a number of people", part="capacity")
    organizer = fields["organizer"].removeprefix("mailto:")
    words = visit.request.query.getall("feature", [])
    return Wish(
        time=Period(start, end),
        now=visit.now,
        people=int(people) or None if people else None,
        features=frozenset(feature_key(word) for word in words if word.strip()),
        location=fields["location"],
        organizer=parse_address(organizer) if organizer else None,
    )


def _fields(visit: Visit) -> dict[str, str]:
    """What stands in the form: what was sent, else the next full hour."""
    coming = (visit.zone.to_wall(visit.now) // HOUR + 1) * HOUR
    hour = coming % DAY // HOUR
    # An hour that would end at midnight can not be written in one date.
    start = Wall(coming) if hour < 23 else Wall(coming + HOUR * 10)
    defaults = {
        "date": iso_day(start // DAY),
        "from": f"{start % DAY // HOUR:02}:00",
        "to": f"{start % DAY // HOUR + 1:02}:00",
        "capacity": "",
        "location": "",
        "organizer": "",
    }
    return {name: visit.query(name, default).strip() for name, default in defaults.items()}


def _look(visit: Visit, wish: Wish | None) -> tuple[list[str], list[Finding]]:
    store, settings = visit.desk.store, visit.settings
    directory = store.read(lambda tx: read_directory(tx, settings))
    features = {f for user in directory.registered for f in user.resource.preferences.features}
    if wish is None:
        return sorted(features), []
    found = find_resources(store, settings, wish)
    seen = [f for f in found if visit.reach.may(Right.READ, f.resource.address.text)]
    return sorted(features), seen
