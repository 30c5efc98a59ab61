"""Templates made into pages. Whatever a template is given is text: nothing of it becomes markup."""

from __future__ import annotations

import unicodedata
from functools import cache
from hashlib import sha256
from importlib import resources
from urllib.parse import quote, urlencode

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from horarium.kernel.instant import Instant, Wall, civil, format_instant, parse_instant
from horarium.kernel.zone import Zone
from horarium.web.visit import Visit

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
DAY = 86_400
_DIRECTIONS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@cache
def environment() -> Environment:
    """The one environment of templates; a name that is not given is an error."""
    made = Environment(
        loader=PackageLoader("horarium.web", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters |= {
        "path": lambda text: quote(str(text), safe="@"),
        "iso": format_instant,
        "clock": clock,
        "date": date,
        "when": when,
        "span": span,
        "lasting": lasting,
        "day": iso_day,
        "instant": parse_instant,
        "octets": octets,
        "distributed": distributed,
    }
    made.globals["static"] = static_url
    return made


def _shown(value: object) -> object:
    """Text as it may be shown: what turns the direction of writing, and controls, are taken out."""
    if type(value) is not str:
        return value
    return "".join(
        c
        for c in value
        if c not in _DIRECTIONS and (c in "\n\t" or unicodedata.category(c) != "Cc")
    )


def render(visit: Visit, name: str, /, status: int = 200, **values: object) -> web.Response:
    """The page of a template; what htmx asks for is the piece `main` of it."""
    template = environment().get_template(name)
    values |= {
        "visit": visit,
        "zone": visit.zone,
        "now": visit.now,
        "account": visit.reach.account,
        "csrf": visit.csrf,
        "here": visit.request.path,
        "offset": offset(visit.now, visit.zone),
    }
    return web.Response(text=template.render(values), content_type="text/html", status=status)


def address(path: str, **query: object) -> str:
    """A path of ours with a query; what is None or empty is left out."""
    kept = [(key, str(value)) for key, value in query.items() if value not in (None, "")]
    return f"{path}?{urlencode(kept)}" if kept else path


@cache
def static_files() -> dict[str, tuple[bytes, str]]:
    """The files that pages load: their octets and digests by name."""
    folder = resources.files("horarium.web").joinpath("static")
    found = {}
    for entry in folder.iterdir():
        if entry.name.endswith((".css", ".js", ".svg")):
            data = entry.read_bytes()
            found[entry.name] = (data, sha256(data).hexdigest())
    return found


def static_url(name: str) -> str:
    """Where a file of ours is loaded from; it changes with what is in the file."""
    return f"/static/{static_files()[name][1][:12]}/{name}"


# --- time as people read it --------------------------------------------------------


def clock(t: Instant, zone: Zone) -> str:
    """`09:05`."""
    at = civil(zone.to_wall(t))
    return f"{at.hour:02}:{at.minute:02}"


def date(t: Instant, zone: Zone) -> str:
    """`Mon 23 Nov`."""
    return day_text(zone.to_wall(t) // DAY)


def day_text(day: int) -> str:
    """`Mon 23 Nov` of a day counted from 1970-01-01."""
    at = civil(Wall(day * DAY))
    return f"{DAYS[(day + 3) % 7][:3]} {at.day} {MONTHS[at.month - 1][:3]}"


def iso_day(day: int) -> str:
    """`2026-11-23` of a day counted from 1970-01-01."""
    at = civil(Wall(day * DAY))
    return f"{at.year:04}-{at.month:02}-{at.day:02}"


def when(t: Instant, zone: Zone) -> str:
    """`Mon 23 Nov 2026, 09:05`."""
    return f"{date(t, zone)} {civil(zone.to_wall(t)).year}, {clock(t, zone)}"


def span(start: Instant, end: Instant | None, zone: Zone) -> str:
    """`Mon 23 Nov 2026, 09:05–10:00`, with the date of the end where it is another day."""
    first = when(start, zone)
    if end is None or end <= start:
        return first
    if zone.to_wall(start) // DAY == zone.to_wall(end) // DAY:
        return f"{first}–{clock(end, zone)}"
    return f"{first} – {when(end, zone)}"


def offset(t: Instant, zone: Zone) -> str:
    """`UTC+1`, `UTC−3:30`."""
    seconds = zone.offset_at(t)
    hours, minutes = divmod(abs(seconds) // 60, 60)
    sign = "−" if seconds < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")


def lasting(seconds: int) -> str:
    """`1 h 30 min`."""
    parts = []
    for size, unit in ((DAY, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def octets(size: int) -> str:
    """`1.4 GiB`."""
    value, unit = float(size), "octets"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1_024:
            break
        value, unit = value / 1_024, larger
    return f"{value:.0f} {unit}" if unit == "octets" or value >= 100 else f"{value:.1f} {unit}"


def distributed(key: str) -> str:
    """The page of an entry of the agenda that is of distribution, by its key ``KIND:NAME``."""
    kind, _, name = key.partition(":")
    if kind in ("distribution", "channel", "subscriber"):
        return f"/{kind}/{quote(name, safe='')}"
    return "/distribution"
