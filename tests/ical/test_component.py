"""Components: lossless, tolerant of what clients do, bounded before and while reading."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.growth import growth
from tests.ical.ical_text import components

from horarium.ical.component import Component, parse, serialize, without
from horarium.ical.contentline import ContentLine
from horarium.ical.limits import ParseLimits
from horarium.kernel.errors import InvalidInput, LimitReached


def text(*lines: str) -> bytes:
    return "\r\n".join((*lines, "")).encode()


def vevent(*lines: str) -> Component:
    return parse(text("BEGIN:VEVENT", *lines, "END:VEVENT"))[0]


@given(components)
def test_trees_round_trip(component):
    written = serialize(component)
    assert parse(written) == [component]
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))


@given(components, st.sampled_from(["\n", "\r", "\r\r\n"]))
def test_line_ends_do_not_matter(component, end):
    written = serialize(component).replace(b"\r\n", end.encode())
    assert parse(written) == [component]


def test_unknown_parts_survive_in_order():
    source = text(
        "BEGIN:VCALENDAR",
        "X-WR-CALNAME;X-P=1;X-P=2:Rooms",
        "BEGIN:X-THING",
        'COLOUR;FMT="a:b",c:red',
        "END:X-THING",
        "BEGIN:VEVENT",
        "SUMMARY:b",
        "X-A:1",
        "SUMMARY:a",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    assert serialize(parse(source)[0]) == source


def test_blank_lines_inside_a_component_are_passed_over():
    found = vevent("", "UID:1", "   ", "", "SUMMARY:x")
    assert [line.name for line in found.properties] == ["UID", "SUMMARY"]
    assert found.faults == []


def test_an_unfolded_description_is_put_together():
    found = vevent(
        "DESCRIPTION;LANGUAGE=en:",
        "Dear all,",
        "",
        "please bring your laptops; thanks.",
        "https://meet.example.org/j/1",
        "Passcode: 4711",
        "One tap mobile",
        "SUMMARY:Planning",
    )
    assert [line.name for line in found.properties] == ["DESCRIPTION", "SUMMARY"]
    assert found.properties[0].value == (
        "Dear all\\,\\nplease bring your laptops\\; thanks.\\nhttps://meet.example.org/j/1"
        "\\nPasscode: 4711\\nOne tap mobile"
    )
    assert found.faults == []
    assert "unfolded_text:DESCRIPTION" in found.notes


def test_a_stray_line_after_a_time_is_a_fault_and_no_text():
    found = vevent("DTSTART:20260101T000000Z", "what is this", "RRULE FREQ=DAILY", "UID:1")
    assert [line.name for line in found.properties] == ["DTSTART", "UID"]
    assert [fault.name for fault in found.faults] == ["WHAT", "RRULE"]


def test_an_unreadable_property_keeps_its_name_as_a_fault():
    found = vevent('DTSTART;TZID="Europe/Oslo:20260101T000000', "UID:\x00", "SUMMARY:ok")
    assert [fault.name for fault in found.faults] == ["DTSTART", "UID"]
    assert [line.name for line in found.properties] == ["SUMMARY"]


def test_names_are_read_in_any_case_and_written_in_capitals():
    found = parse(b"begin:vevent\nsummary;language=en:x\nend:Vevent\n")[0]
    assert found.name == "VEVENT"
    assert found.first("SUMMARY").parameter("LANGUAGE") == "en"


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"hello",
        b"BEGIN:VEVENT\n",
        b"BEGIN:VEVENT\nEND:VCALENDAR\n",
        b"END:VEVENT\n",
        b"BEGIN:\nEND:\n",
        b"BEGIN:A\nBEGIN:B\nEND:A\nEND:B\n",
    ],
)
def test_what_has_no_shape_is_invalid(source):
    with pytest.raises(InvalidInput):
        parse(source)


def test_text_around_components_is_ignored_and_all_are_found():
    found = parse(b"hello\nBEGIN:A\nEND:A\n--\nfooter: x\nBEGIN:B\nEND:B\n")
    assert [component.name for component in found] == ["A", "B"]


SMALL = ParseLimits(size=4_000, components=5, properties=10, nesting=3, line=100, attendees=4)


@pytest.mark.parametrize(
    ("name", "fits", "too_much"),
    [
        ("components", "BEGIN:B\nEND:B\n" * 4, "BEGIN:B\nEND:B\n" * 5),
        ("properties", "X:1\n" * 10, "X:1\n" * 11),
        (
            "nesting",
            "BEGIN:B\nBEGIN:C\nEND:C\nEND:B\n",
            "BEGIN:B\nBEGIN:C\nBEGIN:D\nEND:D\nEND:C\nEND:B\n",
        ),
        ("line", "X:" + "a" * 98 + "\n", "X:" + "a" * 99 + "\n"),
        ("line", "X:" + "æ" * 49 + "\n", "X:" + "æ" * 50 + "\n"),
        ("line", "X:" + "a\n " * 98 + "\n", "X:" + "a\n " * 99 + "\n"),
        ("attendees", "ATTENDEE:x\n" * 4, "ATTENDEE:x\n" * 5),
        ("calendar_size", " \n" * 1990, " \n" * 2010),
    ],
)
def test_each_limit_holds_at_its_value_and_stops_beyond(name, fits, too_much):
    assert parse(f"BEGIN:A\n{fits}END:A\n".encode(), SMALL)[0].name == "A"
    with pytest.raises(LimitReached) as caught:
        parse(f"BEGIN:A\n{too_much}END:A\n".encode(), SMALL)
    assert caught.value.name == name
    assert caught.value.value > caught.value.limit


def test_attendees_are_counted_for_each_component_alone():
    event = "BEGIN:B\n" + "ATTENDEE:x\n" * 4 + "END:B\n"
    assert parse(f"BEGIN:A\n{event}{event}END:A\n".encode(), SMALL)


def test_an_inner_component_does_not_reset_the_count_of_attendees():
    inside = "ATTENDEE:x\n" * 3 + "BEGIN:B\nEND:B\n" + "ATTENDEE:x\n" * 2
    with pytest.raises(LimitReached):
        parse(f"BEGIN:A\n{inside}END:A\n".encode(), SMALL)


_HOSTILE = {
    "nested BEGIN": b"BEGIN:A\n" * 100_000,
    "attendees": b"BEGIN:A\n" + b"ATTENDEE:mailto:a@example.org\n" * 100_000 + b"END:A\n",
    "attendees below the size limit": b"BEGIN:A\n" + b"ATTENDEE:x\n" * 90_000 + b"END:A\n",
    "properties": b"BEGIN:A\n" + b"A:\n" * 300_000 + b"END:A\n",
    "spilled lines": b"BEGIN:A\nDESCRIPTION:\n" + b"a\n" * 500_000 + b"END:A\n",
    "folds": b"BEGIN:A\nX:" + b"\n " * 500_000 + b"\nEND:A\n",
    "blank lines": b"BEGIN:A\n" + b"\n" * 1_000_000 + b"END:A\n",
    "faults": b"BEGIN:A\n" + b"=\n" * 500_000 + b"END:A\n",
    "quotes": b"BEGIN:A\n" + b'A;B="' * 200_000 + b"\nEND:A\n",
    "parameters": b"BEGIN:A\nA" + b";B=1" * 16_000 + b":x\nEND:A\n",
}

_PROGRAM = """
import resource, sys
from horarium.ical.component import parse
from horarium.kernel.errors import InvalidInput, LimitReached

def peak():
    # Kilobytes at most; ru_maxrss would count the process that started this one.
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

data = sys.stdin.buffer.read()
base = resource.getrusage(resource.RUSAGE_SELF)
try:
    parse(data)
    print("read", end=" ")
except (InvalidInput, LimitReached) as error:
    print(type(error).__name__, end=" ")
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime - base.ru_utime - base.ru_stime, peak())
"""


@pytest.mark.parametrize("name", _HOSTILE)
def test_hostile_text_is_settled_within_a_second_and_256_mb(name):
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], input=_HOSTILE[name], capture_output=True, check=True
    )
    outcome, seconds, kilobytes = done.stdout.decode().split()
    assert outcome in ("read", "InvalidInput", "LimitReached")
    assert float(seconds) < 1.0
    assert int(kilobytes) < 256 * 1024


def test_reading_takes_linear_time():
    def data(count: int) -> bytes:
        return b"BEGIN:A\n" + b"X-A;B=1:value of some length\n" * count + b"END:A\n"

    assert growth(parse, data(2_000), data(16_000)) < 24


def test_without_drops_properties_and_components():
    found = parse(
        text("BEGIN:VEVENT", "UID:1", "DESCRIPTION:x", "BEGIN:VALARM", "END:VALARM", "END:VEVENT")
    )[0]
    kept = without(found, ["DESCRIPTION", "VALARM"])
    assert serialize(kept) == text("BEGIN:VEVENT", "UID:1", "END:VEVENT")
    assert found.first("DESCRIPTION") == ContentLine("DESCRIPTION", (), "x")
