"""Calendar mail taken apart into iTIP messages (RFC 6047): what it holds, or why it is refused.

Pure: octets in, a value out. Nothing here decides on a booking; nothing in a message makes it
fail in another way than by the outcome it returns.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from enum import Enum

from horarium.booking.mail_headers import Headers, read_headers
from horarium.booking.mime import Fields, Leaf, MailLimits, first, split_message
from horarium.booking.same_object import (
    ITIP_COMPONENTS,
    Content,
    contents,
    meanings,
    organizers,
)
from horarium.ical.component import Component, parse
from horarium.ical.limits import ParseLimits
from horarium.kernel.errors import InvalidInput, LimitReached

CALENDAR_TYPES = ("text/calendar", "text/x-vcalendar", "application/ics")
_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")
_SUPPORT = ("VTIMEZONE", "VALARM")
_REPORT_PARTS = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers")
_DEFAULT_MAIL = MailLimits()
_DEFAULT_PARSE = ParseLimits()
_MESSAGE_ID = re.compile(rb"(?im)^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{3,800}>)")
_ACTION = re.compile(rb"(?im)^action:[ \t]*([a-z]{1,20})")
_STATUS = re.compile(rb"(?im)^status:[ \t]*([245]\.[0-9]{1,3}\.[0-9]{1,3})")
# A report encloses the header of one message; no more of it is looked at.
_REPORT_BYTES = 65_536


class IntakeKind(Enum):
    """What a mail is to the booking agent."""

    CALENDAR = "calendar"
    NOT_CALENDAR = "not_calendar"
    REPORT = "report"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class CalendarObject:
    """One VCALENDAR with a METHOD (upper case), the SHA-256 of the decoded part in hex, and that
    part in the charset that the mail names."""

    method: str
    component: Component
    part_hash: str
    octets: bytes = b""
    charset: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery report: the Message-IDs it speaks of, and what became of them."""

    original_ids: tuple[str, ...]
    action: str | None
    status: str | None


@dataclass(frozen=True, slots=True)
class Intake:
    """One mail read.

    `reason` is "" for CALENDAR, and one of: `not_calendar`, `no_method`, `no_component`,
    `tnef_only` (NOT_CALENDAR); `report` (REPORT); `method_mismatch`, `parts_disagree`,
    `several_objects`, `several_organizers`, `calendar_unreadable`, `from_several`,
    `from_unreadable`, `limit:<name>` (REFUSED). `headers` is None only when a limit was reached
    before they could be read.
    """

    kind: IntakeKind
    reason: str
    headers: Headers | None
    objects: tuple[CalendarObject, ...] = ()
    warnings: tuple[str, ...] = ()
    report: Report | None = None
    limit: LimitReached | None = None


class _Refused(Exception):
    """Ends the reading of a message with a reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_message(
    data: bytes,
    limits: MailLimits = _DEFAULT_MAIL,
    parse_limits: ParseLimits = _DEFAULT_PARSE,
    *,
    own: Callable[[str], bool] | None = None,
    counter_as_request: bool = True,
    local_domains: Container[str] | None = None,
) -> Intake:
    """What a mail holds for the booking agent; never raises for anything in it.

    `own` tells of an address key whether it is the calendar user handled: only that attendee
    counts when two parts are compared. `counter_as_request` admits the known client fault of a
    COUNTER sent with the MIME method REQUEST. `local_domains` are the single-label domains that
    are ours.
    """
    headers: Headers | None = None
    warnings: list[str] = []
    try:
        fields, leaves = split_message(data, limits)
        headers = read_headers(fields, limits, local_domains)
        report = _report(fields, leaves)
        if report is not None:
            return Intake(IntakeKind.REPORT, "report", headers, report=report)
        candidates = _candidates(leaves)
        if not candidates:
            return Intake(IntakeKind.NOT_CALENDAR, _why_not(leaves), headers)
        if len(candidates) > limits.calendar_parts:
            raise LimitReached("calendar_parts", len(candidates), limits.calendar_parts)
        _check_sender(headers)
        reader = _Objects(parse_limits, own, counter_as_request, warnings)
        return reader.read(candidates, headers)
    except LimitReached as error:
        reason = f"limit:{error.name}"
        return Intake(IntakeKind.REFUSED, reason, headers, warnings=tuple(warnings), limit=error)
    except _Refused as error:
        return Intake(IntakeKind.REFUSED, error.reason, headers, warnings=tuple(warnings))


def _why_not(leaves: list[Leaf]) -> str:
    return "tnef_only" if any(leaf.kind.media in _TNEF for leaf in leaves) else "not_calendar"


def _candidates(leaves: list[Leaf]) -> list[Leaf]:
    """Calendar parts with a MIME method; without any such, all calendar parts."""
    calendars = [leaf for leaf in leaves if leaf.kind.media in CALENDAR_TYPES or _named_ics(leaf)]
    with_method = [leaf for leaf in calendars if leaf.kind.all("method")]
    return with_method or calendars


def _named_ics(leaf: Leaf) -> bool:
    """An attachment of no telling type that is named `….ics`."""
    if leaf.kind.media != "application/octet-stream":
        return False
    name = leaf.kind.get("name") or ""
    disposition = first(leaf.fields, "content-disposition") or b""
    return name.lower().endswith(".ics") or b".ics" in disposition[:400].lower()


def _check_sender(headers: Headers) -> None:
    if headers.sender is None:
        several = headers.sender_fault in ("several_fields", "several_addresses", "group")
        raise _Refused("from_several" if several else "from_unreadable")


def _report(fields: Fields, leaves: list[Leaf]) -> Report | None:
    """The report a message is, however it is wrapped; None when it is none."""
    status = next((leaf for leaf in leaves if leaf.kind.media == "message/delivery-status"), None)
    wrapped = any("multipart/report" in leaf.within for leaf in leaves)
    if status is None and not wrapped:
        return None
    ids: list[str] = []
    for leaf in leaves:
        if leaf.kind.media in _REPORT_PARTS:
            ids += [
                found.decode("ascii", "replace")
                for found in _MESSAGE_ID.findall(leaf.body[:_REPORT_BYTES])[:1]
            ]
    body = status.body[:_REPORT_BYTES] if status is not None else b""
    action, code = _ACTION.search(body), _STATUS.search(body)
    return Report(
        tuple(dict.fromkeys(ids)),
        action[1].decode("ascii").lower() if action else None,
        code[1].decode("ascii") if code else None,
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """One object with the part it came from."""

    leaf: Leaf
    object: CalendarObject

    @property
    def rank(self) -> int:
        """The part to keep of equal ones: with MIME method inside multipart/alternative."""
        inside = "multipart/alternative" in self.leaf.within
        return 2 * bool(self.leaf.kind.all("method")) + inside


# An invitation stands in a mail twice, as a body part and as an attachment; all calendar parts of
# one mail together may hold as much as two of the largest.
_PARTS_TOGETHER = 2
# DTSTART, DTEND and a few overrides name at most a handful of zones; following one to the year 9998
# takes 5 MB.
_MOST_ZONES = 10


def _check_sum(name: str, value: int, limit: int) -> None:
    if value > _PARTS_TOGETHER * limit:
        raise LimitReached(name, value, _PARTS_TOGETHER * limit)


class _Objects:
    """Reads the candidates of one message and settles what is there twice."""

    def __init__(
        self,
        limits: ParseLimits,
        own: Callable[[str], bool] | None,
        counter_as_request: bool,
        warnings: list[str],
    ) -> None:
        self._limits = limits
        self._own = own
        self._counter_as_request = counter_as_request
        self._warnings = warnings
        self._meant: dict[int, dict[tuple[object, ...], Content] | None] = {}
        self._octets = self._components = self._properties = 0

    def read(self, candidates: list[Leaf], headers: Headers) -> Intake:
        """The outcome for the candidates, objects in message order."""
        found = [read for leaf in candidates if (read := self._read(leaf)) is not None]
        if not found:
            return Intake(
                IntakeKind.NOT_CALENDAR, "no_method", headers, warnings=tuple(self._warnings)
            )
        kept = [read for read in self._settled(found) if self._speaks(read.object)]
        if not kept:
            return Intake(
                IntakeKind.NOT_CALENDAR, "no_component", headers, warnings=tuple(self._warnings)
            )
        objects = tuple(read.object for read in kept)
        return Intake(IntakeKind.CALENDAR, "", headers, objects, tuple(self._warnings))

    def _read(self, leaf: Leaf) -> _Read | None:
        """The object of one part; None when it is not iTIP."""
        mime_methods = [method.strip().upper() for method in leaf.kind.all("method")]
        types = sum(name == "content-type" for name, _ in leaf.fields)
        if len(mime_methods) > 1 or types > 1:
            raise _Refused("method_mismatch")
        data = leaf.decoded(self._limits.size)
        self._octets += len(data)
        _check_sum("calendar_octets", self._octets, self._limits.size)
        try:
            top = parse(data, self._limits, charset=leaf.kind.get("charset"))
        except InvalidInput as error:
            if not mime_methods:
                self._warnings.append(f"part_unreadable:{error.part}")
                return None
            raise _Refused("calendar_unreadable") from error
        self._spend(top)
        calendars = [component for component in top if component.name == "VCALENDAR"]
        if len(calendars) > 1:
            raise _Refused("several_objects")
        if not calendars:
            if not mime_methods:
                return None
            raise _Refused("calendar_unreadable")
        zones = len(calendars[0].children("VTIMEZONE"))
        if zones > _MOST_ZONES:
            raise LimitReached("zone_definitions", zones, _MOST_ZONES)
        method = self._method(calendars[0], mime_methods)
        if method is None:
            return None
        digest = hashlib.sha256(data).hexdigest()
        self._warnings.extend(f"calendar:{note}" for note in calendars[0].notes)
        charset = leaf.kind.get("charset")
        return _Read(leaf, CalendarObject(method, calendars[0], digest, data, charset))

    def _spend(self, components: list[Component]) -> None:
        """Counts what was read, so that many parts together cost no more than two may."""
        for component in components:
            self._components += 1
            self._properties += len(component.properties) + len(component.faults)
            self._spend(component.components)
        _check_sum("components", self._components, self._limits.components)
        _check_sum("properties", self._properties, self._limits.properties)

    def _method(self, calendar: Component, mime_methods: list[str]) -> str | None:
        lines = [line.value.strip().upper() for line in calendar.all("METHOD")]
        if len(set(lines)) > 1:
            raise _Refused("method_mismatch")
        stated = lines[0] if lines else None
        if not mime_methods:
            return stated or None
        if stated == mime_methods[0] and stated:
            return stated
        if stated == "COUNTER" and mime_methods[0] == "REQUEST" and self._counter_as_request:
            self._warnings.append("counter_sent_as_request")
            return stated
        raise _Refused("method_mismatch")

    def _settled(self, found: list[_Read]) -> list[_Read]:
        """Equal objects once, the best part of them; contradicting ones refuse the message."""
        if len(found) == 1:
            return found
        read = [contents(each.object.method, each.object.component, self._own) for each in found]
        uids = [{key[:2] for key in content} for content in read]
        kept: list[_Read] = []
        for index, each in enumerate(found):
            better = False
            for other_index, other in enumerate(found):
                if other_index == index or not uids[index] & uids[other_index]:
                    continue
                if read[index] != read[other_index] and not self._mean_the_same(each, other):
                    raise _Refused("parts_disagree")
                better = better or (other.rank, -other_index) > (each.rank, -index)
            if not better:
                kept.append(each)
        if len(kept) < len(found):
            self._warnings.append("object_repeated")
        return kept

    def _mean_the_same(self, one: _Read, other: _Read) -> bool:
        """Compares what the events mean; each object is read for that only once."""
        for each in (one, other):
            if id(each) not in self._meant:
                calendar = each.object
                self._meant[id(each)] = meanings(calendar.method, calendar.component, self._own)
        meant = self._meant[id(one)]
        return meant is not None and meant == self._meant[id(other)]

    def _speaks(self, calendar: CalendarObject) -> bool:
        """Whether an object holds something to act on; what is passed over is named."""
        names = [inner.name for inner in calendar.component.components]
        for name in names:
            if name not in ITIP_COMPONENTS and name not in _SUPPORT:
                self._warnings.append(f"component_skipped:{name[:40]}")
        if not any(name in ITIP_COMPONENTS for name in names):
            return False
        if len(organizers(calendar.component)) > 1:
            raise _Refused("several_organizers")
        return True
