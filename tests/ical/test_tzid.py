"""What zone a TZID means, step by step, and that a message speaks for itself alone."""

import hashlib
import threading

import pytest
from tests.ical.ical_text import OSLO, definition, fixed

from horarium.ical.component import parse
from horarium.ical.tzid import How, ZoneBook, plain_tzid, windows_zone
from horarium.ical.windows_display_names import WINDOWS_DISPLAY_NAMES
from horarium.ical.windows_zones import SHA256, WINDOWS_ZONES
from horarium.kernel.errors import InvalidInput
from horarium.kernel.instant import Instant, wall
from horarium.kernel.zone import named, zone_names

AT = wall(2026, 7, 1, 9)
PHONY_OSLO = fixed("Europe/Oslo", "-0800")


def book(*lines, **options):
    text = "\r\n".join(("BEGIN:VCALENDAR", *lines, "END:VCALENDAR", ""))
    return ZoneBook(parse(text.encode())[0], OSLO, **options)


@pytest.mark.parametrize(
    ("tzid", "zone", "how"),
    [
        ("Europe/Berlin", "Europe/Berlin", How.IANA),
        ("europe/berlin", "Europe/Berlin", How.IANA),
        ('"Europe/Berlin"', "Europe/Berlin", How.IANA),
        ("UTC", "UTC", How.IANA),
        ("GMT", "UTC", How.IANA),
        ("Z", "UTC", How.IANA),
        ("tzone://Microsoft/Utc", "UTC", How.IANA),
        ("/mozilla.org/20050126_1/Europe/Berlin", "Europe/Berlin", How.VENDOR),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin", How.VENDOR),
        ("/freeassociation.sourceforge.net/Tzfile/Europe/Berlin", "Europe/Berlin", How.VENDOR),
        ("/softwarestudio.org/Olson_20011030_5/America/New_York", "America/New_York", How.VENDOR),
        ("/citadel.org/20190914_1/Europe/Berlin", "Europe/Berlin", How.VENDOR),
        ("W. Europe Standard Time", "Europe/Berlin", How.WINDOWS),
        ("w. europe standard time 1", "Europe/Berlin", How.WINDOWS),
        ("Eastern Standard Time 2", "America/New_York", How.WINDOWS),
        ("/Europe/Stockholm", "Europe/Stockholm", How.VENDOR),
        ("(UTC+05:30) Chennai\\, Kolkata\\, Mumbai\\, New Delhi", "Asia/Calcutta", How.WINDOWS),
        (
            '"(GMT+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna"',
            "Europe/Berlin",
            How.WINDOWS,
        ),
        ("(UTC) Coordinated Universal Time", "Etc/UTC", How.WINDOWS),
        ("(UTC+01:00) Nowhere", "Europe/Oslo", How.OWNER),
        ("Eastern", "Europe/Oslo", How.OWNER),
        ("Customized Time Zone", "Europe/Oslo", How.OWNER),
        ("Mars/Olympus", "Europe/Oslo", How.OWNER),
        ("../../etc/passwd", "Europe/Oslo", How.OWNER),
        ("/etc/passwd", "Europe/Oslo", How.OWNER),
        ("/mozilla.org/x/../../etc/passwd", "Europe/Oslo", How.OWNER),
        ("", "Europe/Oslo", How.OWNER),
        ("x" * 10_000, "Europe/Oslo", How.OWNER),
    ],
)
def test_names_without_a_definition(tzid, zone, how):
    found = book().zone(tzid, AT)
    assert (found.zone.name, found.how) == (zone, how)
    assert (found.note is not None) is (how is How.OWNER)


def test_an_unknown_name_can_be_refused_instead():
    with pytest.raises(InvalidInput):
        book(refuse_unknown=True).zone("Mars/Olympus", AT)


def test_an_unknown_name_is_named_in_the_note():
    assert book().zone("Mars/Olympus", AT).note == "zone_unknown:Mars/Olympus"


def test_nobody_redefines_an_installed_zone():
    found = book(*PHONY_OSLO).zone("Europe/Oslo", AT)
    assert found.zone is named("Europe/Oslo")
    assert found.note == "vtimezone_differs:Europe/Oslo"


def test_the_location_of_the_definition_is_a_name_too():
    lines = list(fixed("Oslo of ours", "-0800"))
    lines.insert(2, "X-LIC-LOCATION:Europe/Oslo")
    found = book(*lines).zone("Oslo of ours", AT)
    assert (found.zone.name, found.how) == ("Europe/Oslo", How.VENDOR)


BERLIN = definition(
    "W. Europe Standard Time",
    (
        "STANDARD",
        "DTSTART:16010101T030000",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0100",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
    ),
    (
        "DAYLIGHT",
        "DTSTART:16010101T020000",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
    ),
)


def test_a_windows_name_is_the_installed_zone_while_its_definition_agrees():
    found = book(*BERLIN).zone("W. Europe Standard Time", AT)
    assert (found.zone.name, found.how, found.note) == ("Europe/Berlin", How.WINDOWS, None)


def test_a_windows_name_yields_to_a_definition_that_differs_at_the_event():
    found = book(*fixed("W. Europe Standard Time", "+0100")).zone("W. Europe Standard Time", AT)
    assert found.how is How.EMBEDDED
    assert found.zone.at(AT) == AT - 3600
    assert found.note == "windows_zone_differs:W. Europe Standard Time"
    winter = wall(2026, 1, 7)
    again = book(*fixed("W. Europe Standard Time", "+0100")).zone("W. Europe Standard Time", winter)
    assert again.how is How.WINDOWS


def test_an_invalid_definition_is_ignored_where_the_name_resolves():
    lines = fixed("W. Europe Standard Time", "+70000")
    assert book(*lines).zone("W. Europe Standard Time", AT).how is How.WINDOWS
    assert book(*fixed("Custom", "+70000")).zone("Custom", AT).how is How.OWNER


@pytest.mark.parametrize(
    ("defined", "used"),
    [
        ("(UTC+05:30) Somewhere\\, Elsewhere", "(UTC+05:30) Somewhere, Elsewhere"),
        ("(UTC+05:30) Somewhere\\, Elsewhere", '"(UTC+05:30) Somewhere, Elsewhere"'),
        ('"(UTC+05:30) Somewhere, Elsewhere"', "(UTC+05:30) Somewhere\\, Elsewhere"),
        ("Customized Time Zone", "Customized Time Zone"),
        ("Eastern", "Eastern"),
    ],
)
def test_a_definition_is_found_whatever_the_escapes(defined, used):
    found = book(*fixed(defined, "+0530")).zone(used, AT)
    assert found.how is How.EMBEDDED
    assert found.zone.at(AT) == AT - 19_800


def test_two_messages_never_share_a_definition():
    """The first sender's `Custom` must not move the second sender's meeting."""
    offsets = {"+0100": 3600, "-0500": -18_000, "+0530": 19_800}
    wrong: list[str] = []

    def read(offset: str) -> None:
        for _ in range(200):
            zone = book(*fixed("Custom", offset)).zone("Custom", AT).zone
            if zone.at(AT) != AT - offsets[offset]:
                wrong.append(offset)

    for order in (list(offsets), list(reversed(offsets))):
        for offset in order:
            read(offset)
    threads = [threading.Thread(target=read, args=(offset,)) for offset in offsets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert book().zone("Custom", AT).how is How.OWNER


def test_the_windows_table_is_the_one_its_note_speaks_of():
    text = "".join(f"{name}={zone}\n" for name, zone in sorted(WINDOWS_ZONES.items()))
    assert hashlib.sha256(text.encode()).hexdigest() == SHA256


def test_every_windows_name_leads_to_an_installed_zone():
    installed = set(zone_names())
    missing = {name for name, zone in WINDOWS_ZONES.items() if zone not in installed}
    assert len(WINDOWS_ZONES) > 130
    assert missing == set()
    assert all(windows_zone(name) is not None for name in WINDOWS_ZONES)


@pytest.mark.parametrize("name", WINDOWS_DISPLAY_NAMES)
def test_every_display_name_agrees_with_its_zone(name):
    zone = windows_zone(name)
    assert zone is not None
    shown = name[4 : name.index(")")] or "+00:00"
    seconds = int(shown[:3]) * 3600 + int(shown[0] + shown[4:6]) * 60
    year = [zone.offset_at(Instant(wall(2018, month, 15))) for month in range(1, 13)]
    year += [zone.offset_at(Instant(wall(2025, month, 15))) for month in range(1, 13)]
    assert seconds in year


def test_plain_tzid():
    assert plain_tzid(' "a\\, b" ') == "a, b"
