"""What zone a TZID of a message means (RFC 5545 3.2.19, 3.8.3.1).

A name is looked up in lists: the installed zones, the Windows names, the VTIMEZONEs of the same
message. It is never made into a path, and what a message defines binds no other message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property, lru_cache

from horarium.ical.component import Component
from horarium.ical.contentline import ContentLine
from horarium.ical.limits import ParseLimits
from horarium.ical.values import unescape_text
from horarium.ical.vtimezone import Definition, read_definition
from horarium.ical.windows_display_names import WINDOWS_DISPLAY_NAMES
from horarium.ical.windows_zones import WINDOWS_ZONES
from horarium.kernel.errors import InvalidInput, NotFound
from horarium.kernel.instant import Wall
from horarium.kernel.zone import UTC, Zone, named

_DEFAULT_LIMITS = ParseLimits()
# Most mail comes with one of few definitions, of ten to twenty lines. Larger ones are read anew
# each time, so that what is remembered stays small.
_REMEMBERED, _REMEMBERED_LINES, _REMEMBERED_SIGNS = 256, 64, 4_096
_VENDORS = (
    "/mozilla.org/",
    "/freeassociation.sourceforge.net/",
    "/softwarestudio.org/",
    "/citadel.org/",
)
_UTC_NAMES = frozenset(("utc", "gmt", "z", "tzone://microsoft/utc"))
_WINDOWS = {name.lower(): zone for name, zone in WINDOWS_ZONES.items()}
# The words after "(UTC+05:30) ", which older editions write "(GMT+05:30) ".
_DISPLAYED = {
    name.partition(") ")[2].lower(): WINDOWS_ZONES[windows]
    for name, windows in WINDOWS_DISPLAY_NAMES.items()
    if windows in WINDOWS_ZONES
}


class How(Enum):
    """Which step gave the zone."""

    IANA = "iana"
    VENDOR = "vendor"
    WINDOWS = "windows"
    EMBEDDED = "embedded"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class ResolvedZone:
    """A zone, the step that gave it, and a note for the record when a person should know."""

    zone: Zone
    how: How
    note: str | None = None


def plain_tzid(text: str) -> str:
    """A TZID for comparison: without surrounding quotes and text escapes."""
    text = text.strip()
    if len(text) >= 2 and text[0] == '"' == text[-1]:
        text = text[1:-1]
    return unescape_text(text).strip()


class ZoneBook:
    """The zones of one message: answers `zone(tzid, at)` and forgets everything with itself.

    `owner` is the zone of floating times and of names nobody knows. With `refuse_unknown` such a
    name is `InvalidInput` instead.
    """

    def __init__(
        self,
        calendar: Component,
        owner: Zone,
        *,
        refuse_unknown: bool = False,
        limits: ParseLimits = _DEFAULT_LIMITS,
    ) -> None:
        self.owner = owner
        self._refuse_unknown = refuse_unknown
        self._limits = limits
        self._definitions: dict[str, Component] = {}
        self._read: dict[str, _Embedded] = {}
        self._named: dict[str, tuple[Zone, How] | None] = {}
        for inner in calendar.children("VTIMEZONE"):
            line = inner.first("TZID")
            if line is not None:
                self._definitions.setdefault(plain_tzid(line.value), inner)

    def definition(self, tzid: str) -> Component | None:
        """The VTIMEZONE the message gives for that name, valid or not."""
        return self._definitions.get(plain_tzid(tzid))

    def defines(self, tzid: str) -> bool:
        """Whether the message's VTIMEZONE of that name can be read; its zone is not made for it."""
        return self._defined(plain_tzid(tzid)).definition is not None

    def embedded(self, tzid: str) -> Zone | None:
        """The zone the message itself defines under that name; None when it is invalid."""
        return self._defined(plain_tzid(tzid)).zone

    def _defined(self, name: str) -> _Embedded:
        if name not in self._read:
            component = self._definitions.get(name)
            self._read[name] = _read(component, self._limits) if component else _Embedded(None)
        return self._read[name]

    def zone(self, tzid: str, at: Wall) -> ResolvedZone:
        """The zone of a wall time `at` sent with that TZID.

        Installed zones win over the definition in the message, because rules may have changed
        since it was sent; a Windows name yields to a definition that differs at `at`.
        """
        name = plain_tzid(tzid)
        if name not in self._named:
            self._named[name] = self._by_name(name)
        known = self._named[name]
        if known is None:
            return self._unknown(name, self.embedded(name))
        zone, how = known
        if not self._differs(name, zone, at):
            return ResolvedZone(zone, how)
        embedded = self.embedded(name)
        if how is How.WINDOWS and embedded is not None:
            return ResolvedZone(embedded, How.EMBEDDED, f"windows_zone_differs:{name}")
        return ResolvedZone(zone, how, f"vtimezone_differs:{name}")

    def _differs(self, name: str, zone: Zone, at: Wall) -> bool:
        """Whether the message's own definition puts the wall time at another instant."""
        definition = self._defined(name).definition
        if definition is None:
            return False
        instant = zone.at(at)
        offset = definition.offset_at(at)
        if offset is not None:
            return at - offset != instant
        embedded = self.embedded(name)
        return embedded is not None and embedded.at(at) != instant

    def _unknown(self, name: str, embedded: Zone | None) -> ResolvedZone:
        if embedded is not None:
            return ResolvedZone(embedded, How.EMBEDDED)
        if self._refuse_unknown:
            raise InvalidInput("unknown time zone", part="TZID", value=name[:80])
        return ResolvedZone(self.owner, How.OWNER, f"zone_unknown:{name[:80]}")

    def _by_name(self, name: str) -> tuple[Zone, How] | None:
        if name.lower() in _UTC_NAMES:
            return UTC, How.IANA
        found = _installed(name)
        if found is not None:
            return found, How.IANA
        found = self._by_vendor(name)
        if found is not None:
            return found, How.VENDOR
        windows = windows_zone(name)
        return (windows, How.WINDOWS) if windows is not None else None

    def _by_vendor(self, name: str) -> Zone | None:
        for prefix in _VENDORS:
            if name.startswith(prefix):
                rest = name[len(prefix) :]
                return _installed(rest) or _installed(rest.partition("/")[2])
        if name.startswith("/"):
            return _installed(name[1:])
        definition = self._definitions.get(name)
        location = definition.first("X-LIC-LOCATION") if definition else None
        return _installed(plain_tzid(location.value)) if location else None


def windows_zone(name: str) -> Zone | None:
    """The installed zone of a Windows name, also with a trailing ` 1` or ` 2`, or as displayed."""
    text = name.lower()
    if text.startswith(("(utc", "(gmt")):
        zone = _DISPLAYED.get(text.partition(") ")[2])
    else:
        zone = _WINDOWS.get(text[:-2] if text[-2:] in (" 1", " 2") else text)
    return _installed(zone) if zone else None


def _installed(name: str) -> Zone | None:
    try:
        return named(name)
    except (NotFound, InvalidInput):
        return None


class _Embedded:
    """A VTIMEZONE taken apart, None when it is invalid; its zone is compiled when it is needed."""

    def __init__(self, definition: Definition | None) -> None:
        self.definition = definition

    @cached_property
    def zone(self) -> Zone | None:
        """The zone it defines; None when it is invalid."""
        try:
            return None if self.definition is None else self.definition.zone()
        except InvalidInput:
            return None


@dataclass(frozen=True, slots=True)
class _Text:
    """A VTIMEZONE by all that it says; its name alone would let one stand for another."""

    lines: tuple[tuple[str, tuple[ContentLine, ...]], ...]
    component: Component = field(compare=False)


def _read(component: Component, limits: ParseLimits) -> _Embedded:
    parts = [component, *component.components]
    lines = [line for part in parts for line in part.properties]
    small = len(lines) <= _REMEMBERED_LINES and not any(part.faults for part in parts)
    if not small or sum(len(line.value) for line in lines) > _REMEMBERED_SIGNS:
        return _Embedded(_take_apart(component, limits))
    text = _Text(tuple((part.name, tuple(part.properties)) for part in parts), component)
    return _Embedded(_remembered(text, limits))


@lru_cache(maxsize=_REMEMBERED)
def _remembered(text: _Text, limits: ParseLimits) -> Definition | None:
    """What a text says is remembered by the whole of it; the zone table made of it lives and dies
    with its message."""
    return _take_apart(text.component, limits)


def _take_apart(component: Component, limits: ParseLimits) -> Definition | None:
    try:
        return read_definition(component, limits)
    except InvalidInput:
        return None
