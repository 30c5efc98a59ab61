"""VFREEBUSY: what is asked, what is answered, what others publish."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ical.ical_text import HEAD, OSLO, calendar

from horarium.ical.component import parse, serialize
from horarium.ical.contentline import ContentLine
from horarium.ical.freebusy import read_freebusy, read_freebusy_report, write_freebusy
from horarium.ical.invalid import InvalidComponent
from horarium.ical.tzid import ZoneBook
from horarium.ical.values import RequestStatus
from horarium.kernel.instant import Instant, parse_instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet


def read(reader, *lines):
    found = calendar(*lines, name="VFREEBUSY")
    return reader(found.components[0], ZoneBook(found, OSLO), OSLO)


def at(text):
    return parse_instant(text)


def test_a_request():
    asked = read(read_freebusy, *HEAD, "DTSTART:20260302T000000Z", "DTEND:20260309T000000Z")
    assert (asked.start, asked.end) == (at("2026-03-02T00:00:00Z"), at("2026-03-09T00:00:00Z"))
    assert asked.cut is False
    assert asked.organizer.address.key == "paul@example.org"
    assert [each.address.local for each in asked.attendees] == ["room"]


def test_a_window_of_more_than_a_year_is_cut_at_its_end():
    asked = read(read_freebusy, *HEAD, "DTSTART:20260101T000000Z", "DTEND:20280101T000000Z")
    assert asked.cut is True
    assert asked.end == at("2027-01-02T00:00:00Z")
    assert asked.asked_end == at("2028-01-01T00:00:00Z")
    exact = read(read_freebusy, *HEAD, "DTSTART:20260101T000000Z", "DTEND:20270102T000000Z")
    assert exact.cut is False


@pytest.mark.parametrize(
    ("lines", "code", "prop"),
    [
        (("DTSTART:20260302T000000Z",), "3.11", "DTEND"),
        (("DTEND:20260302T000000Z",), "3.11", "DTSTART"),
        (("DTSTART:20260302T000000Z", "DTEND:20260302T000000Z"), "3.5", "DTEND"),
        (("DTSTART:20260302T000000Z", "DTEND:20260301T000000Z"), "3.5", "DTEND"),
        (("DTSTART:20260230T000000Z", "DTEND:20260301T000000Z"), "3.5", "DTSTART"),
        (('DTSTART;A="x:1', "DTEND:20260301T000000Z"), "3.1", "DTSTART"),
    ],
)
def test_requests_refused(lines, code, prop):
    with pytest.raises(InvalidComponent) as caught:
        read(read_freebusy, *HEAD, *lines)
    assert (caught.value.code, caught.value.prop) == (code, prop)


def test_a_reply_is_in_utc_sorted_clipped_and_merged():
    hour = 3600
    base = at("2026-03-02T00:00:00Z")
    busy = PeriodSet(
        [
            Period(Instant(base + a * hour), Instant(base + b * hour))
            for a, b in ((20, 30), (-5, 1), (3, 4), (4, 5), (10, 11))
        ]
    )
    written = write_freebusy(
        uid="x;1",
        dtstamp=at("2026-03-01T00:00:00Z"),
        start=base,
        end=Instant(base + 24 * hour),
        busy={"BUSY": busy, "BUSY-TENTATIVE": PeriodSet()},
        organizer=ContentLine.of("ORGANIZER", "mailto:paul@example.org", {"CN": "Paul"}),
        attendee=ContentLine("ATTENDEE", (), "mailto:room@example.org"),
        status=RequestStatus("2.0", "Success"),
    )
    assert serialize(written).decode().splitlines() == [
        "BEGIN:VFREEBUSY",
        "UID:x\\;1",
        "DTSTAMP:20260301T000000Z",
        "ORGANIZER;CN=Paul:mailto:paul@example.org",
        "ATTENDEE:mailto:room@example.org",
        "DTSTART:20260302T000000Z",
        "DTEND:20260303T000000Z",
        "FREEBUSY;FBTYPE=BUSY:20260302T000000Z/20260302T010000Z,20260302T030000Z/202",
        " 60302T050000Z,20260302T100000Z/20260302T110000Z,20260302T200000Z/20260303T",
        " 000000Z",
        "REQUEST-STATUS:2.0;Success",
        "END:VFREEBUSY",
    ]


def test_nothing_busy_is_a_reply_without_periods():
    written = write_freebusy(
        uid="1", dtstamp=Instant(0), start=Instant(0), end=Instant(3600), busy={}
    )
    assert written.all("FREEBUSY") == []


_spans = st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 10**5)), max_size=60)


@given(_spans, _spans)
def test_what_is_written_reads_back(busy, tentative):
    given_sets = {
        kind: PeriodSet([Period(Instant(a), Instant(a + n)) for a, n in spans])
        for kind, spans in (("BUSY", busy), ("BUSY-TENTATIVE", tentative))
    }
    end = Instant(2 * 10**7)
    written = write_freebusy(
        uid="1", dtstamp=Instant(0), start=Instant(0), end=end, busy=given_sets
    )
    (again,) = parse(serialize(written))
    report = read_freebusy_report(again, ZoneBook(again, OSLO), OSLO)
    for kind, periods in given_sets.items():
        assert report.busy.get(kind, PeriodSet()) == periods
    assert (report.start, report.end) == (0, end)


def test_what_others_publish():
    report = read(
        read_freebusy_report,
        "UID:1",
        "FREEBUSY:20260302T090000Z/PT1H,20260302T093000Z/20260302T110000Z",
        "FREEBUSY;FBTYPE=busy-tentative:20260303T090000Z/PT1H",
        "FREEBUSY;FBTYPE=FREE:20260304T090000Z/PT1H",
        "FREEBUSY;FBTYPE=X-ELSEWHERE:20260305T090000Z/PT1H",
        "FREEBUSY:",
    )
    assert report.busy["BUSY"] == PeriodSet(
        [
            Period(at("2026-03-02T09:00:00Z"), at("2026-03-02T11:00:00Z")),
            Period(at("2026-03-05T09:00:00Z"), at("2026-03-05T10:00:00Z")),
        ]
    )
    assert set(report.busy) == {"BUSY", "BUSY-TENTATIVE"}
    assert (report.start, report.end) == (at("2026-03-02T09:00:00Z"), at("2026-03-05T10:00:00Z"))


@pytest.mark.parametrize(
    "value", ["20260302T090000Z", "20260302T090000Z/20260302T090000Z", "x/y", ","]
)
def test_published_nonsense_is_refused(value):
    with pytest.raises(InvalidComponent) as caught:
        read(read_freebusy_report, "UID:1", f"FREEBUSY:{value}")
    assert (caught.value.code, caught.value.prop) == ("3.1", "FREEBUSY")


def test_a_flood_of_periods_is_refused():
    value = ",".join(["20260302T090000Z/PT1H"] * 2_000)
    with pytest.raises(InvalidComponent) as caught:
        read(read_freebusy_report, "UID:1", *[f"FREEBUSY:{value}"] * 6)
    assert caught.value.limit == "freebusy_periods"
