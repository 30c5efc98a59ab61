"""VEVENT as scheduling reads it: times, lengths, sets, and every reason to refuse."""

import pytest
from tests.growth import passes
from tests.ical.ical_text import HEAD, OSLO, TIMES, calendar, definition, event, fixed, refused

from horarium.ical.event import InvalidComponent, RecurrenceId, read_event
from horarium.ical.tzid import ZoneBook
from horarium.ical.values import DateValue, Kind
from horarium.kernel.instant import Instant, Wall, parse_instant, wall
from horarium.kernel.zone import named


def period(found):
    return (found.first.start, found.first.end)


def at(text):
    return parse_instant(text)


def test_everything_a_decision_needs_is_read():
    found = event(
        "SEQUENCE:3",
        *TIMES,
        "SUMMARY:Board\\, weekly",
        "LOCATION:Room 1\\nGround floor",
        "STATUS:confirmed",
        "TRANSP:transparent",
        "CLASS:private",
        "RRULE:FREQ=WEEKLY;COUNT=3",
    )
    assert found.uid == "meeting-1@example.org"
    assert found.sequence == 3
    assert found.dtstamp == at("2026-01-02T08:00:00Z")
    assert found.organizer.address.key == "paul@example.org"
    assert [each.address.key for each in found.attendees] == ["room@example.org"]
    assert period(found) == (at("2026-03-02T09:00:00Z"), at("2026-03-02T10:00:00Z"))
    assert (found.summary, found.location) == ("Board, weekly", "Room 1\nGround floor")
    assert (found.status, found.transp, found.klass) == ("CONFIRMED", "TRANSPARENT", "PRIVATE")
    assert found.series.starts(Instant(0), at("2030-01-01T00:00:00Z")) == [
        at("2026-03-02T09:00:00Z"),
        at("2026-03-09T09:00:00Z"),
        at("2026-03-16T09:00:00Z"),
    ]
    assert (found.endless, found.whole_day, found.recurrence_id) == (False, False, None)
    assert found.notes == ()


def test_an_endless_series_says_so():
    assert event(*TIMES, "RRULE:FREQ=WEEKLY").endless is True


@pytest.mark.parametrize(
    ("lines", "start", "end"),
    [
        (
            (
                "DTSTART;TZID=Europe/Paris:20260302T090000",
                "DTEND;TZID=Europe/Paris:20260302T100000",
            ),
            "2026-03-02T08:00:00Z",
            "2026-03-02T09:00:00Z",
        ),
        (
            ("DTSTART;TZID=Europe/Paris:20260302T090000", "DTEND;TZID=Asia/Tokyo:20260302T180000"),
            "2026-03-02T08:00:00Z",
            "2026-03-02T09:00:00Z",
        ),
        (
            ("DTSTART:20260302T090000", "DURATION:PT1H"),
            "2026-03-02T08:00:00Z",
            "2026-03-02T09:00:00Z",
        ),
        (
            ("DTSTART;TZID=UTC:20260302T090000Z", "DURATION:PT1H"),
            "2026-03-02T09:00:00Z",
            "2026-03-02T10:00:00Z",
        ),
        (
            ("DTSTART;TZID=W. Europe Standard Time:20260702T090000", "DURATION:PT30M"),
            "2026-07-02T07:00:00Z",
            "2026-07-02T07:30:00Z",
        ),
        (("DTSTART;VALUE=DATE:20260302",), "2026-03-01T23:00:00Z", "2026-03-02T23:00:00Z"),
        (
            ("DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260304"),
            "2026-03-01T23:00:00Z",
            "2026-03-03T23:00:00Z",
        ),
        (
            ("DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260302"),
            "2026-03-01T23:00:00Z",
            "2026-03-02T23:00:00Z",
        ),
        (
            ("DTSTART;VALUE=DATE:20260302", "DURATION:P2D"),
            "2026-03-01T23:00:00Z",
            "2026-03-03T23:00:00Z",
        ),
        (("DTSTART;VALUE=DATE:20260329",), "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        (
            (
                "DTSTART:20260302T000000",
                "DTEND:20260303T000000",
                "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
            ),
            "2026-03-01T23:00:00Z",
            "2026-03-02T23:00:00Z",
        ),
        # A gap takes the offset before it, a fold the first of the two.
        (
            ("DTSTART:20260329T023000", "DURATION:PT1H"),
            "2026-03-29T01:30:00Z",
            "2026-03-29T02:30:00Z",
        ),
        (
            ("DTSTART:20261025T023000", "DURATION:PT1H"),
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:30:00Z",
        ),
        # A nominal day and an exact one over the change of clocks.
        (
            ("DTSTART;TZID=Europe/Paris:20270327T120000", "DURATION:P1D"),
            "2027-03-27T11:00:00Z",
            "2027-03-28T10:00:00Z",
        ),
        (
            (
                "DTSTART;TZID=Europe/Paris:20270327T120000",
                "DTEND;TZID=Europe/Paris:20270328T120000",
            ),
            "2027-03-27T11:00:00Z",
            "2027-03-28T10:00:00Z",
        ),
        (
            ("DTSTART:20260302T235960Z", "DURATION:PT1S"),
            "2026-03-02T23:59:59Z",
            "2026-03-03T00:00:00Z",
        ),
    ],
)
def test_times(lines, start, end):
    assert period(event(*lines)) == (at(start), at(end))


def test_days_are_the_owners():
    tokyo = event("DTSTART;VALUE=DATE:20260302", owner=named("Asia/Tokyo"))
    assert tokyo.first.start == at("2026-03-01T15:00:00Z")
    assert tokyo.whole_day is True
    assert tokyo.start == DateValue(wall(2026, 3, 2) // 86_400)


def test_length_by_dtend_is_exact_and_by_duration_nominal():
    days = ("DTSTART;TZID=Europe/Paris:20270326T120000", "RRULE:FREQ=DAILY;COUNT=3")
    nominal = event(*days, "DURATION:P1D").series.query(Instant(0), at("2030-01-01T00:00:00Z"))
    exact = event(*days, "DTEND;TZID=Europe/Paris:20270327T120000").series.query(
        Instant(0), at("2030-01-01T00:00:00Z")
    )
    assert [o.end - o.start for o in nominal.members] == [86_400, 82_800, 86_400]
    assert [o.end - o.start for o in exact.members] == [86_400, 86_400, 86_400]


def test_weekly_in_local_time_over_the_autumn_change():
    found = event(
        "DTSTART;TZID=Europe/Oslo:20261019T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2"
    )
    assert found.series.starts(Instant(0), at("2030-01-01T00:00:00Z")) == [
        at("2026-10-19T07:00:00Z"),
        at("2026-10-26T08:00:00Z"),
    ]


def test_the_zone_of_the_message_is_used_and_noted():
    lines = ("DTSTART;TZID=Custom:20260302T090000", "DURATION:PT1H")
    own = event(*lines, head=fixed("Custom", "-0500"))
    assert own.first.start == at("2026-03-02T14:00:00Z")
    assert own.notes == ()
    unknown = event(*lines)
    assert unknown.first.start == at("2026-03-02T08:00:00Z")
    assert unknown.notes == ("zone_unknown:Custom",)


@pytest.mark.parametrize(
    ("lines", "code", "prop"),
    [
        ((), "3.11", "DTSTART"),
        (("DTSTART:20260302T090000Z",), "3.11", "DTEND"),
        (("DTSTART:20260302T090000Z", "DTEND:20260302T090000Z"), "3.1", "DTEND"),
        (("DTSTART:20260302T090000Z", "DTEND:20260302T080000Z"), "3.1", "DTEND"),
        (("DTSTART:20260302T090000Z", "DURATION:PT0S"), "3.1", "DURATION"),
        (("DTSTART:20260302T090000Z", "DURATION:-PT1H"), "3.1", "DURATION"),
        (("DTSTART:20260302T090000Z", "DURATION:1 hour"), "3.1", "DURATION"),
        (("DTSTART:20260302T090000Z", "DURATION:P9999W"), "3.10", "DURATION"),
        (("DTSTART:20260302T090000Z", "DURATION:P999999999W"), "3.10", "DURATION"),
        (("DTSTART:20260302T090000Z", "DTEND:20280302T090000Z"), "3.10", "DTEND"),
        (("DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260301"), "3.1", "DTEND"),
        (("DTSTART;VALUE=DATE:20260302", "DTEND:20260303T000000Z"), "3.5", "DTEND"),
        (("DTSTART:20260302T090000Z", "DTEND;VALUE=DATE:20260303"), "3.5", "DTEND"),
        (("DTSTART;VALUE=DATE:20260302", "DURATION:PT5H"), "3.1", "DURATION"),
        (("DTSTART:20260230T090000Z", "DURATION:PT1H"), "3.5", "DTSTART"),
        (("DTSTART:20260302T240000Z", "DURATION:PT1H"), "3.5", "DTSTART"),
        (("DTSTART:18991231T090000Z", "DURATION:PT1H"), "3.5", "DTSTART"),
        (("DTSTART:99990101T090000Z", "DURATION:PT1H"), "3.5", "DTSTART"),
        (("DTSTART:00000101T090000Z", "DURATION:PT1H"), "3.5", "DTSTART"),
        (('DTSTART;TZID="Europe/Oslo:20260302T090000', "DURATION:PT1H"), "3.5", "DTSTART"),
        (("DTSTART 20260302T090000Z", "DURATION:PT1H"), "3.5", "DTSTART"),
        ((*TIMES, "RRULE:FREQ=WEKLY"), "3.6", "RRULE"),
        ((*TIMES, "RRULE:"), "3.6", "RRULE"),
        ((*TIMES, "RRULE"), "3.6", "RRULE"),
        ((*TIMES, "RRULE:FREQ=DAILY;INTERVAL=0"), "3.6", "RRULE"),
        ((*TIMES, "RRULE:FREQ=DAILY;COUNT=0"), "3.6", "RRULE"),
        ((*TIMES, "RRULE:FREQ=DAILY", "RRULE:FREQ=DAILY"), "3.6", "RRULE"),
        ((*TIMES, "RRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101T000000Z"), "3.6", "RRULE"),
        ((*TIMES, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), "3.6", "RRULE"),
        ((*TIMES, "RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"), "3.6", "RRULE"),
        ((*TIMES, "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"), "3.6", "RRULE"),
        ((*TIMES, "RRULE:FREQ=DAILY;UNTIL=20260301T000000Z"), "3.6", "RRULE"),
        ((*TIMES, "RRULE:FREQ=DAILY;UNTIL=20260301"), "3.6", "RRULE"),
        ((*TIMES, "RRULE:FREQ=DAILY;COUNT=1", "EXDATE:20260302T090000Z"), "3.6", "RRULE"),
        ((*TIMES, "RRULE:FREQ=SECONDLY;COUNT=10000000"), "3.10", "RRULE"),
        ((*TIMES, "RRULE:RSCALE=HEBREW;FREQ=YEARLY"), "3.14", "RRULE"),
        ((*TIMES, "RRULE:RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD"), "3.14", "RRULE"),
        ((*TIMES, "RDATE:20260230T090000Z"), "3.5", "RDATE"),
        ((*TIMES, "RDATE;VALUE=PERIOD:20260303T090000Z/PT0S"), "3.5", "RDATE"),
        ((*TIMES, "RDATE;VALUE=PERIOD:20260303T090000Z/20260303T080000Z"), "3.5", "RDATE"),
        (("DTSTART;VALUE=DATE:20260302", "RDATE:20260303T090000Z"), "3.5", "RDATE"),
        ((*TIMES, "EXDATE:tomorrow"), "3.5", "EXDATE"),
        ((*TIMES, "RDATE:" + ",".join(["20260303T090000Z"] * 2001)), "3.10", "RDATE"),
        ((*TIMES, "RECURRENCE-ID;RANGE=THISANDPRIOR:20260302T090000Z"), "3.14", "RECURRENCE-ID"),
        ((*TIMES, "RECURRENCE-ID;RANGE=ALL:20260302T090000Z"), "3.1", "RECURRENCE-ID"),
        ((*TIMES, "RECURRENCE-ID:20260230T090000Z"), "3.5", "RECURRENCE-ID"),
        ((*TIMES, "SEQUENCE:-1"), "3.1", "SEQUENCE"),
        ((*TIMES, "SEQUENCE:" + "9" * 19), "3.1", "SEQUENCE"),
    ],
)
def test_what_is_refused_and_how_it_is_answered(lines, code, prop):
    error = refused(*lines)
    assert (error.code, error.prop) == (code, prop)
    assert error.uid == "meeting-1@example.org"
    assert error.organizer.address.key == "paul@example.org"
    assert error.status.code == code
    assert error.status.format().endswith(f";{prop}")


def test_a_rule_is_never_lost_to_a_single_event():
    """A broken rule between good lines is found, wherever the break is."""
    for broken in (
        "RRULE:FREQ=",
        "RRULE;X:FREQ=DAILY",
        "RRULE:FREQ=DAILY;BYDAY=XX",
        "RRULE;:x",
        "RRULE:FREQ=DAILY;COUNT=3;COUNT=4",
        "RRULE:\x00FREQ=DAILY",
    ):
        assert refused(*TIMES, broken).prop == "RRULE"


@pytest.mark.parametrize(
    ("lines", "code", "prop"),
    [
        (("ORGANIZER:mailto:a%0d%0ab@example.com", "UID:1"), "3.1", "ORGANIZER"),
        (("ORGANIZER:mailto:a@example.com",), "3.11", "UID"),
        (("ORGANIZER:mailto:a@example.com", "UID:"), "3.11", "UID"),
        (("UID:1\x07",), "3.11", "UID"),
    ],
)
def test_identity_that_cannot_be_read(lines, code, prop):
    read = calendar("DTSTAMP:20260102T080000Z", *TIMES, *lines)
    with pytest.raises(InvalidComponent) as caught:
        read_event(read.children("VEVENT")[0], ZoneBook(read, OSLO), OSLO)
    assert (caught.value.code, caught.value.prop) == (code, prop)


def test_a_missing_organizer_is_left_to_the_caller():
    read = calendar("UID:1", *TIMES)
    found = read_event(read.children("VEVENT")[0], ZoneBook(read, OSLO), OSLO)
    assert found.organizer is None
    assert found.dtstamp is None
    assert found.notes == ("dtstamp_missing",)


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (("SEQUENCE:first",), "sequence_not_a_number"),
        (("DURATION:PT2H",), "duration_beside_dtend"),
        (("EXRULE:FREQ=DAILY",), "exrule_ignored"),
        (("DTSTART:20270101T000000Z",), "repeated_property:DTSTART"),
        (("UID:other",), "repeated_property:UID"),
        (("ATTENDEE:mailto:nobody",), "attendee_unreadable:no_at"),
    ],
)
def test_tolerated_with_a_note(lines, note):
    found = event(*TIMES, *lines)
    assert note in found.notes
    assert period(found) == (at("2026-03-02T09:00:00Z"), at("2026-03-02T10:00:00Z"))
    assert (found.sequence, found.uid) == (0, "meeting-1@example.org")


def test_a_huge_sequence_is_a_sequence():
    assert event(*TIMES, "SEQUENCE:1749567600").sequence == 1_749_567_600


@pytest.mark.parametrize(
    ("line", "stamp", "note"),
    [
        ("DTSTAMP;VALUE=DATE:20260105", "2026-01-05T00:00:00Z", "dtstamp_without_time"),
        ("DTSTAMP:20260105T090000", "2026-01-05T08:00:00Z", "dtstamp_not_utc"),
    ],
)
def test_stamps_of_other_kinds(line, stamp, note):
    read = calendar("UID:1", *TIMES, line)
    found = read_event(read.children("VEVENT")[0], ZoneBook(read, OSLO), OSLO)
    assert (found.dtstamp, note in found.notes) == (at(stamp), True)


def test_a_cancellation_may_lack_its_start():
    found = event("SEQUENCE:2", needs_start=False)
    assert (found.start, found.first, found.series) == (None, None, None)
    without_end = event("DTSTART:20260302T090000Z", needs_start=False)
    assert without_end.start is not None
    assert without_end.first is None
    assert refused("DTSTART:20260230T090000Z", needs_start=False).code == "3.5"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("RECURRENCE-ID:20260302T090000Z", RecurrenceId(at("2026-03-02T09:00:00Z"), None)),
        (
            "RECURRENCE-ID;TZID=Europe/Oslo:20260302T100000",
            RecurrenceId(at("2026-03-02T09:00:00Z"), None),
        ),
        (
            "RECURRENCE-ID;TZID=W. Europe Standard Time:20260302T100000",
            RecurrenceId(at("2026-03-02T09:00:00Z"), None),
        ),
        ("RECURRENCE-ID:20260302T100000", RecurrenceId(at("2026-03-02T09:00:00Z"), None)),
        ("RECURRENCE-ID;VALUE=DATE:20260302", RecurrenceId(None, wall(2026, 3, 2) // 86_400)),
        (
            "RECURRENCE-ID;RANGE=THISANDFUTURE:20260302T090000Z",
            RecurrenceId(at("2026-03-02T09:00:00Z"), None, True),
        ),
    ],
)
def test_the_occurrence_meant_is_an_instant_or_a_day(line, expected):
    assert event(*TIMES, line).recurrence_id == expected


def test_dates_added_and_taken_away():
    found = event(
        "DTSTART;TZID=Europe/Oslo:20260302T090000",
        "DURATION:PT1H",
        "RRULE:FREQ=DAILY;COUNT=4",
        "EXDATE:20260303T080000Z",
        "EXDATE;VALUE=DATE:20260304",
        "RDATE;TZID=Europe/Paris:20260310T090000,20260311T090000",
        "RDATE;VALUE=PERIOD;TZID=Europe/Oslo:20260312T090000/PT3H,20260313T090000/20260313T093000",
        "RDATE;VALUE=DATE:20260314",
    )
    members = found.series.query(Instant(0), at("2030-01-01T00:00:00Z")).members
    assert [(o.start, (o.end - o.start) // 60) for o in members] == [
        (at("2026-03-02T08:00:00Z"), 60),
        (at("2026-03-05T08:00:00Z"), 60),
        (at("2026-03-10T08:00:00Z"), 60),
        (at("2026-03-11T08:00:00Z"), 60),
        (at("2026-03-12T08:00:00Z"), 180),
        (at("2026-03-13T08:00:00Z"), 30),
        (at("2026-03-14T08:00:00Z"), 60),
    ]


def test_series_of_days():
    found = event(
        "DTSTART;VALUE=DATE:20260302",
        "RRULE:FREQ=DAILY;COUNT=4",
        "EXDATE;VALUE=DATE:20260303",
        "EXDATE:20260304T000000",
        "RDATE;VALUE=DATE:20260310",
    )
    days = [
        found.series.zone.to_wall(each) // 86_400 - wall(2026, 3, 1) // 86_400
        for each in found.series.starts(Instant(0), at("2030-01-01T00:00:00Z"))
    ]
    assert days == [1, 4, 9]


def test_rule_text_other_programs_write():
    assert event(*TIMES, "RRULE:FREQ=WEEKLY;").rule == event(*TIMES, "RRULE:FREQ=WEEKLY").rule
    gregorian = event(*TIMES, "RRULE:RSCALE=GREGORIAN;FREQ=WEEKLY;SKIP=OMIT")
    assert gregorian.rule == event(*TIMES, "RRULE:freq=weekly").rule


def test_notes_of_five_days_with_their_own_zone():
    """A list of PERIODs in a zone called Eastern, as an old groupware writes it."""
    eastern = definition(
        "Eastern",
        (
            "STANDARD",
            "DTSTART:19501029T020000",
            "TZOFFSETFROM:-0400",
            "TZOFFSETTO:-0500",
            "RRULE:FREQ=YEARLY;BYMINUTE=0;BYHOUR=2;BYDAY=-1SU;BYMONTH=10",
        ),
        (
            "DAYLIGHT",
            "DTSTART:19500402T020000",
            "TZOFFSETFROM:-0500",
            "TZOFFSETTO:-0400",
            "RRULE:FREQ=YEARLY;BYMINUTE=0;BYHOUR=2;BYDAY=1SU;BYMONTH=4",
        ),
    )
    found = event(
        "DTSTART;TZID=Eastern:20050502T090000",
        "DTEND;TZID=Eastern:20050502T093000",
        "RDATE;TZID=Eastern;VALUE=PERIOD:20050502T090000/20050502T093000",
        " ,20050503T100000/20050503T110000",
        head=eastern,
    )
    members = found.series.query(Instant(0), at("2030-01-01T00:00:00Z")).members
    assert [(o.start, o.end - o.start) for o in members] == [
        (at("2005-05-02T13:00:00Z"), 1800),
        (at("2005-05-03T14:00:00Z"), 3600),
    ]


def test_the_value_as_sent_stays_at_hand():
    found = event("DTSTART;TZID=Europe/Paris:20260302T090000", "DURATION:PT1H")
    assert found.start.tzid == "Europe/Paris"
    assert (found.start.kind, found.start.wall) == (Kind.ZONED, Wall(wall(2026, 3, 2, 9)))
    assert found.component.first("DTSTART").parameter("TZID") == "Europe/Paris"
    assert found.zone.name == "Europe/Paris"
    assert len(HEAD) == 4


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY;COUNT=10000000",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=YEARLY;BYDAY=" + ",".join(["MO"] * 5_000),
        "FREQ=DAILY;BYHOUR=" + ",".join(["1"] * 401),
        "FREQ=DAILY" + ";BYHOUR=1" * 5_000,
    ],
)
def test_hostile_rules_are_refused_at_once(rule):
    assert refused(*TIMES, f"RRULE:{rule}").prop == "RRULE"
    assert passes(lambda: refused(*TIMES, f"RRULE:{rule}")) < 100


_BERLIN_BY_RULE = definition(
    "Custom",
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


def test_an_event_beyond_every_horizon_costs_little():
    def read():
        return event(
            "DTSTART;TZID=Custom:99981230T090000",
            "DURATION:PT1H",
            "RRULE:FREQ=WEEKLY;BYDAY=TH",
            head=_BERLIN_BY_RULE,
        )

    assert read().first.start == at("9998-12-30T08:00:00Z")
    assert passes(read) < 200
