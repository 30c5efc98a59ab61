"""What fuzzing does with octets: read them every way, and check what must hold of the result.

Each target takes octets and raises only when the code under test breaks a promise.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from horarium.booking.imip import IntakeKind, read_message
from horarium.ical.address import InvalidAddress, parse_address, parse_cal_address, parse_mailbox
from horarium.ical.component import Component, parse, serialize
from horarium.ical.contentline import unfold
from horarium.ical.event import InvalidComponent, read_event
from horarium.ical.freebusy import read_freebusy, read_freebusy_report
from horarium.ical.tzid import ZoneBook
from horarium.kernel.errors import InvalidInput, LimitReached
from horarium.kernel.instant import Instant
from horarium.kernel.zone import named

_OWNER = named("Europe/Oslo")
_FROM = Instant(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()))
_TO = Instant(_FROM + 400 * 86_400)


def calendar(data: bytes) -> None:
    """Reads calendar text and every component in it; what is written back reads the same."""
    try:
        top = parse(data)
    except (InvalidInput, LimitReached):
        return
    for component in top:
        _check_written(component)
        book = ZoneBook(component, _OWNER)
        for inner in component.components:
            _read(inner, book)


def _check_written(component: Component) -> None:
    written = serialize(component)
    for line in written.split(b"\r\n"):
        if len(line) > 75:
            raise AssertionError("a line of more than 75 octets")
    (again,) = parse(written)
    if serialize(again) != written:
        raise AssertionError("written text reads differently")
    if unfold(written).count(b"\n") != written.replace(b"\r\n ", b"").count(b"\n"):
        raise AssertionError("a value broke its line")


def _read(inner: Component, book: ZoneBook) -> None:
    for reader in (read_freebusy, read_freebusy_report):
        try:
            reader(inner, book, _OWNER)
        except InvalidComponent:
            continue
    for needs_start in (True, False):
        try:
            event = read_event(inner, book, _OWNER, needs_start=needs_start)
        except InvalidComponent as error:
            error.status.format()
            continue
        if event.series is not None and event.first is not None:
            if event.first.end <= event.first.start:
                raise AssertionError("an event ends before it starts")
            event.series.query(_FROM, _TO)


def mail(data: bytes) -> None:
    """Reads a mail; whatever is in it, the outcome is a value with a reason."""
    found = read_message(data)
    if (found.kind is IntakeKind.CALENDAR) != bool(found.objects):
        raise AssertionError("objects and outcome disagree")
    if (found.reason == "") != (found.kind is IntakeKind.CALENDAR):
        raise AssertionError("an outcome without its reason")
    for each in found.objects:
        _check_written(each.component)


def address(data: bytes) -> None:
    """Reads an address three ways; an accepted one is accepted again as it is written."""
    text = data.decode("utf-8", "replace")
    for read in (parse_address, parse_mailbox, parse_cal_address):
        try:
            found = read(text)
        except InvalidAddress:
            continue
        again = (
            parse_address(found.text),
            parse_cal_address(found.uri),
            parse_mailbox(f"<{found.text}>"),
        )
        if set(again) != {found} or any(c in found.text for c in '\r\n<>,;" '):
            raise AssertionError("an address does not stay itself")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "calendar": calendar,
    "mail": mail,
    "address": address,
}
