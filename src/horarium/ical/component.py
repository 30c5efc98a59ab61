"""Components: nested content lines, read and written without loss (RFC 5545 3.4, 3.6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from horarium.ical.charset import read_text
from horarium.ical.contentline import ContentLine, format_line, parse_line
from horarium.ical.limits import ParseLimits
from horarium.ical.values import escape_text
from horarium.kernel.errors import InvalidInput, LimitReached

_DEFAULT_LIMITS = ParseLimits()
_BEGIN = re.compile(rb"(?i)(?:\A|[\r\n])BEGIN:")
_PREFIX = re.compile(r"[A-Za-z0-9_.-]+")
# Text properties into which programs spill unfolded lines.
_TEXT = frozenset(("DESCRIPTION", "COMMENT", "LOCATION", "SUMMARY"))
# Amid spilled text "Passcode: 1234" looks like a property; only these (RFC 5545, RFC 7986,
# RFC 9073, RFC 9253) and X- names, in capitals, end it.
_REGISTERED = frozenset(
    [
        "ACTION",
        "ATTACH",
        "ATTENDEE",
        "BUSYTYPE",
        "CALENDAR-ADDRESS",
        "CALSCALE",
        "CATEGORIES",
        "CLASS",
        "COLOR",
        "COMMENT",
        "COMPLETED",
        "CONCEPT",
        "CONFERENCE",
        "CONTACT",
        "CREATED",
        "DESCRIPTION",
        "DTEND",
        "DTSTAMP",
        "DTSTART",
        "DUE",
        "DURATION",
        "EXDATE",
        "EXRULE",
        "FREEBUSY",
        "GEO",
        "IMAGE",
        "LAST-MODIFIED",
        "LINK",
        "LOCATION",
        "LOCATION-TYPE",
        "METHOD",
        "NAME",
        "ORGANIZER",
        "PARTICIPANT-TYPE",
        "PERCENT-COMPLETE",
        "PRIORITY",
        "PRODID",
        "RDATE",
        "RECURRENCE-ID",
        "REFID",
        "REFRESH-INTERVAL",
        "RELATED-TO",
        "REPEAT",
        "REQUEST-STATUS",
        "RESOURCES",
        "RESOURCE-TYPE",
        "RRULE",
        "SEQUENCE",
        "SOURCE",
        "STATUS",
        "STRUCTURED-DATA",
        "STYLED-DESCRIPTION",
        "SUMMARY",
        "TRANSP",
        "TRIGGER",
        "TZID",
        "TZNAME",
        "TZOFFSETFROM",
        "TZOFFSETTO",
        "TZURL",
        "UID",
        "URL",
        "VERSION",
    ]
)


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that could not be read: the property it seems to be, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Component:
    """BEGIN … END: its name, its own properties and its inner components, in order.

    `faults` are lines that were dropped because they could not be read; whoever decides on the
    component looks whether one of them mattered. `notes` are warnings for the record.
    """

    name: str
    properties: list[ContentLine] = field(default_factory=list)
    components: list[Component] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def first(self, name: str) -> ContentLine | None:
        """The first property of that (upper-case) name, or None."""
        for line in self.properties:
            if line.name == name:
                return line
        return None

    def all(self, name: str) -> list[ContentLine]:
        """All properties of that (upper-case) name, in order."""
        return [line for line in self.properties if line.name == name]

    def children(self, name: str) -> list[Component]:
        """The inner components of that (upper-case) name, in order."""
        return [inner for inner in self.components if inner.name == name]


def parse(
    data: bytes, limits: ParseLimits = _DEFAULT_LIMITS, *, charset: str | None = None
) -> list[Component]:
    """The top-level components of calendar text, unknown parts included.

    Raises `LimitReached` at the first bound met, `InvalidInput` when the text has no component,
    components do not nest or the last one is unfinished. `charset` is what the mail declared.
    """
    if len(data) > limits.size:
        raise LimitReached("calendar_size", len(data), limits.size)
    _count_components(data, limits)
    text, notes = read_text(data, charset)
    reader = _Reader(limits)
    for line in text.split("\n"):
        reader.take(line)
    found = reader.finish()
    for component in found:
        component.notes.extend(notes)
    return found


def _count_components(data: bytes, limits: ParseLimits) -> None:
    """Refuses a flood of components before anything is decoded or built."""
    if data.count(b":") > limits.components:
        count = sum(1 for _ in _BEGIN.finditer(data))
        if count > limits.components:
            raise LimitReached("components", count, limits.components)


class _Reader:
    """The state of reading: open components, counts so far, and spilled text."""

    __slots__ = (
        "_attendees",
        "_components",
        "_limits",
        "_properties",
        "_short",
        "_spill",
        "_stack",
        "_top",
    )

    def __init__(self, limits: ParseLimits) -> None:
        self._limits = limits
        self._top: list[Component] = []
        self._stack: list[Component] = []
        self._components = 0
        self._properties = 0
        self._attendees: list[int] = []
        self._spill: list[str] = []
        self._short = limits.line // 4

    def take(self, text: str) -> None:
        """Reads one logical line."""
        if not text or text.isspace():
            return None
        if len(text) > self._short and (octets := len(text.encode("utf-8"))) > self._limits.line:
            raise LimitReached("line", octets, self._limits.line)
        if text[0] in "BbEe":
            start = text[:6].upper()
            if start == "BEGIN:":
                return self._begin(text[6:].strip().upper())
            if start[:4] == "END:":
                return self._end(text[4:].strip().upper())
        if self._stack:
            self._property(text)
        return None

    def finish(self) -> list[Component]:
        """What was read; an unfinished component is `InvalidInput`."""
        if self._stack:
            raise InvalidInput("component without END", part=self._stack[-1].name)
        if not self._top:
            raise InvalidInput("no component", part="calendar")
        return self._top

    def _begin(self, name: str) -> None:
        self._flush()
        if not _PREFIX.fullmatch(name):
            raise InvalidInput("not a component name", part="BEGIN", value=name[:80])
        self._components += 1
        if self._components > self._limits.components:
            raise LimitReached("components", self._components, self._limits.components)
        if len(self._stack) >= self._limits.nesting:
            raise LimitReached("nesting", len(self._stack) + 1, self._limits.nesting)
        component = Component(name)
        (self._stack[-1].components if self._stack else self._top).append(component)
        self._stack.append(component)
        self._attendees.append(0)

    def _end(self, name: str) -> None:
        self._flush()
        if not self._stack or self._stack[-1].name != name:
            raise InvalidInput("END without its BEGIN", part="END", value=name[:80])
        self._stack.pop()
        self._attendees.pop()

    def _property(self, text: str) -> None:
        self._properties += 1
        if self._properties > self._limits.properties:
            raise LimitReached("properties", self._properties, self._limits.properties)
        component = self._stack[-1]
        if self._spill and not _ends_spill(text):
            self._spill.append(text)
            return
        try:
            line = parse_line(text)
        except InvalidInput as error:
            self._unreadable(component, text, str(error))
            return
        if line.value.startswith("//") and not line.parameters and self._spills(component):
            self._spill.append(text)  # a bare web address, not a property named after its scheme
            return
        if self._spill:
            self._flush()
        if line.name == "ATTENDEE":
            self._attendees[-1] += 1
            if self._attendees[-1] > self._limits.attendees:
                raise LimitReached("attendees", self._attendees[-1], self._limits.attendees)
        component.properties.append(line)

    def _spills(self, component: Component) -> bool:
        if not component.properties:
            return False
        name = component.properties[-1].name
        return name in _TEXT or name.startswith("X-")

    def _unreadable(self, component: Component, text: str, why: str) -> None:
        prefix = _PREFIX.match(text)
        name = prefix.group().upper() if prefix else ""
        starts = bool(name) and text[len(name) : len(name) + 1] in (":", ";")
        if not starts and self._spills(component):
            self._spill.append(text)
        else:
            component.faults.append(Fault(name, why))
            component.notes.append(f"unreadable_line:{name or '?'}")

    def _flush(self) -> None:
        """Appends spilled lines to the text property they came from, once and linearly."""
        if not self._spill:
            return
        component = self._stack[-1]
        line = component.properties[-1]
        pieces = (escape_text(piece) for piece in self._spill)
        value = "\\n".join((line.value, *pieces) if line.value else pieces)
        self._spill = []
        if len(value) > self._limits.line:
            raise LimitReached("line", len(value), self._limits.line)
        component.properties[-1] = line.with_value(value)
        component.notes.append(f"unfolded_text:{line.name}")


def _ends_spill(text: str) -> bool:
    """Whether a line after spilled text is a property again."""
    prefix = _PREFIX.match(text)
    if prefix is None or text[prefix.end() : prefix.end() + 1] not in (":", ";"):
        return False
    return prefix.group() in _REGISTERED or prefix.group().startswith("X-")


def serialize(component: Component) -> bytes:
    """The component as sent: CRLF, folded, UTF-8. Faults and notes are not part of it."""
    return "".join(_lines(component)).encode("utf-8", "replace")


def _lines(component: Component) -> Iterator[str]:
    yield f"BEGIN:{component.name}\r\n"
    for line in component.properties:
        yield format_line(line)
    for inner in component.components:
        yield from _lines(inner)
    yield f"END:{component.name}\r\n"


def without(component: Component, names: Iterable[str]) -> Component:
    """A copy without the properties and inner components of those (upper-case) names."""
    gone = frozenset(names)
    return Component(
        component.name,
        [line for line in component.properties if line.name not in gone],
        [inner for inner in component.components if inner.name not in gone],
    )
