"""Calendar mail taken apart: what counts, what is passed on, what is refused and why."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.booking.mail_text import (
    EVENT,
    HEADER,
    calendar,
    calendar_part,
    changed,
    invitation,
    mail,
    multipart,
    part,
)

from horarium.booking.imip import IntakeKind, read_message
from horarium.ical.event import read_event
from horarium.ical.limits import ParseLimits
from horarium.ical.tzid import ZoneBook
from horarium.kernel.zone import UTC

TEXT = part("You are invited", "text/plain")


def outcome(data, **options):
    found = read_message(data, **options)
    return found.kind.value, found.reason


def methods(found):
    return [each.method for each in found.objects]


def test_an_ordinary_invitation():
    found = read_message(invitation())
    assert (found.kind, found.reason) == (IntakeKind.CALENDAR, "")
    assert methods(found) == ["REQUEST"]
    (read,) = found.objects
    assert read.component.name == "VCALENDAR"
    assert read.component.children("VEVENT")[0].first("UID").value == "meeting-1@example.org"
    assert read.part_hash == hashlib.sha256(calendar().encode()).hexdigest()
    assert found.headers.sender.key == "paul@example.org"
    assert found.warnings == ()


@pytest.mark.parametrize("encoding", ["8bit", "7bit", "binary", "base64"])
@pytest.mark.parametrize(
    "kind", ["text/calendar", "TEXT/Calendar", "text/x-vcalendar", "application/ics"]
)
def test_types_and_encodings(kind, encoding):
    body = part(calendar(), f"{kind}; method=request", encoding=encoding)
    assert methods(read_message(mail(body))) == ["REQUEST"]


def test_quoted_printable_and_half_broken_encodings():
    quoted = calendar().replace("SUMMARY:Board", "SUMMARY:B=C3=BCro =\r\nBoard").encode()
    found = read_message(
        mail(part(quoted, "text/calendar; method=REQUEST", encoding="quoted-printable"))
    )
    assert found.objects[0].component.children("VEVENT")[0].first("SUMMARY").value == "Büro Board"
    octets = part(calendar(), "text/calendar; method=REQUEST", encoding="base64")
    dirty = octets.rstrip() + b"\r\n!!! -- list footer\r\n"
    assert methods(read_message(mail(dirty))) == ["REQUEST"]
    cut = octets[: len(octets) - 60]
    assert outcome(mail(cut)) == ("refused", "calendar_unreadable")


@pytest.mark.parametrize(
    "kind",
    [
        'text/calendar; method="REQUEST"; charset="UTF-8"',
        "text/calendar; charset=UTF-8;; method=REQUEST;",
        "text/calendar;method=REQUEST",
        "text/calendar;\r\n\tmethod=REQUEST;\r\n charset=UTF-8",
        "text/calendar; method*=us-ascii'en'REQUEST",
        "text/calendar; method*0=REQ; method*1=UEST",
        'text/calendar; name="a;method=CANCEL"; method=REQUEST',
    ],
)
def test_content_types_as_clients_write_them(kind):
    assert methods(read_message(mail(part(calendar(), kind)))) == ["REQUEST"]


@pytest.mark.parametrize(
    ("mime", "method", "expected"),
    [
        ("request", "Request", ["REQUEST"]),
        ("CANCEL", "REQUEST", "method_mismatch"),
        ("REQUEST", "CANCEL", "method_mismatch"),
        ("REQUEST", None, "method_mismatch"),
        ("REQUEST; method=REQUEST", "REQUEST", "method_mismatch"),
        ("REQUEST", "COUNTER", ["COUNTER"]),
        ("COUNTER", "REQUEST", "method_mismatch"),
        (None, "REQUEST", ["REQUEST"]),
        (None, "CANCEL", ["CANCEL"]),
        ("X-OTHER", "X-OTHER", ["X-OTHER"]),
    ],
)
def test_the_two_methods_must_agree(mime, method, expected):
    found = read_message(mail(calendar_part(calendar(method), mime)))
    if isinstance(expected, str):
        assert (found.kind.value, found.reason) == ("refused", expected)
    else:
        assert methods(found) == expected


def test_a_counter_sent_as_request_is_a_site_switch():
    data = mail(calendar_part(calendar("COUNTER"), "REQUEST"))
    assert "counter_sent_as_request" in read_message(data).warnings
    assert outcome(data, counter_as_request=False) == ("refused", "method_mismatch")


def test_two_differing_methods_in_the_object_are_refused():
    text = calendar("REQUEST", extra=("METHOD:CANCEL",))
    assert outcome(mail(calendar_part(text))) == ("refused", "method_mismatch")


def test_no_method_anywhere_is_not_itip():
    data = mail(calendar_part(calendar(None), None))
    assert outcome(data) == ("not_calendar", "no_method")


def test_a_part_with_a_mime_method_outranks_attachments_without():
    other = calendar("PUBLISH", changed(UID="other"))
    data = mail(
        multipart("mixed", part(other, "application/ics; name=x.ics"), calendar_part(calendar()))
    )
    found = read_message(data)
    assert methods(found) == ["REQUEST"]
    assert found.objects[0].component.children("VEVENT")[0].first("UID").value == EVENT[0][4:]


def test_an_attachment_alone_counts_by_its_method():
    for kind in ("application/ics", "application/octet-stream; name=invite.ics"):
        data = mail(multipart("mixed", TEXT, part(calendar(), kind, encoding="base64")))
        assert methods(read_message(data)) == ["REQUEST"]


def test_the_same_event_twice_is_one():
    """A body part and `invite.ics`, folded and ordered differently."""
    again = calendar("REQUEST", tuple(reversed(EVENT))).replace(
        "SUMMARY:Board", "SUMMARY:Bo\r\n ard"
    )
    first = calendar_part(calendar(), "REQUEST")
    for parts in (
        (
            multipart("alternative", TEXT, first, boundary="c"),
            part(again, "application/ics; method=REQUEST"),
        ),
        (
            part(again, "application/ics; method=REQUEST"),
            multipart("alternative", TEXT, first, boundary="c"),
        ),
    ):
        found = read_message(mail(multipart("mixed", *parts)))
        assert methods(found) == ["REQUEST"]
        assert found.warnings == ("object_repeated",)
        expected = hashlib.sha256(calendar().encode()).hexdigest()
        assert found.objects[0].part_hash == expected


@pytest.mark.parametrize(
    "other",
    [
        changed(DTSTART="20260302T080000Z"),
        changed(SEQUENCE="1"),
        changed(DTSTAMP="20260102T080001Z"),
        changed(ORGANIZER="mailto:eve@example.org"),
        changed(ATTENDEE="mailto:other@example.org"),
        (*EVENT, "RRULE:FREQ=DAILY"),
    ],
)
def test_parts_that_contradict_each_other_refuse_the_message(other):
    data = mail(
        multipart("mixed", calendar_part(calendar()), calendar_part(calendar("REQUEST", other)))
    )
    assert outcome(data) == ("refused", "parts_disagree")


def test_another_way_of_writing_the_same_event_is_no_contradiction():
    other = tuple(
        {
            "DTSTART:20260302T090000Z": "DTSTART;TZID=Europe/Oslo:20260302T100000",
            "DTEND:20260302T100000Z": "DURATION:PT1H",
            "ORGANIZER;CN=Paul:mailto:paul@example.org": "ORGANIZER:MAILTO:Paul@example.org",
        }.get(line, line)
        for line in EVENT
    )
    rules = [(*EVENT, "RRULE:FREQ=WEEKLY"), (*other, "RRULE:INTERVAL=1;FREQ=WEEKLY")]
    for one, two in ((EVENT, other), rules):
        data = mail(
            multipart(
                "mixed",
                calendar_part(calendar("REQUEST", one)),
                calendar_part(calendar("REQUEST", two)),
            )
        )
        assert methods(read_message(data)) == ["REQUEST"]


def test_only_our_own_attendee_must_agree_when_it_is_known():
    more = (*EVENT, "ATTENDEE:mailto:guest@example.org")
    data = mail(
        multipart("mixed", calendar_part(calendar()), calendar_part(calendar("REQUEST", more)))
    )
    assert outcome(data) == ("refused", "parts_disagree")
    assert methods(read_message(data, own={"room@example.org"}.__contains__)) == ["REQUEST"]


def test_different_methods_for_one_event_contradict_each_other():
    data = mail(
        multipart("mixed", calendar_part(calendar()), calendar_part(calendar("CANCEL"), "CANCEL"))
    )
    assert outcome(data) == ("refused", "parts_disagree")


def test_different_events_are_handled_in_message_order():
    texts = [calendar("REQUEST", changed(UID=f"u{number}")) for number in (3, 1, 2)]
    found = read_message(mail(multipart("mixed", *map(calendar_part, texts))))
    uids = [each.component.children("VEVENT")[0].first("UID").value for each in found.objects]
    assert uids == ["u3", "u1", "u2"]


def test_free_busy_beside_an_event_is_handled_too():
    text = calendar().replace("VEVENT", "VFREEBUSY").replace("meeting-1", "busy-1")
    found = read_message(mail(multipart("mixed", calendar_part(calendar()), calendar_part(text))))
    names = [each.component.components[0].name for each in found.objects]
    assert names == ["VEVENT", "VFREEBUSY"]


def test_several_objects_in_one_part_are_refused():
    assert outcome(mail(calendar_part(calendar() + calendar()))) == ("refused", "several_objects")


def test_several_events_in_one_object_need_one_organizer():
    both = calendar("REQUEST", EVENT, changed(UID="2"))
    assert len(read_message(mail(calendar_part(both))).objects) == 1
    two = calendar("REQUEST", EVENT, changed(UID="2", ORGANIZER="mailto:eve@example.org"))
    assert outcome(mail(calendar_part(two))) == ("refused", "several_organizers")


def test_other_components_are_skipped_and_named():
    text = calendar(extra=("BEGIN:VTODO", "UID:t", "END:VTODO", "BEGIN:X-THING", "END:X-THING"))
    found = read_message(mail(calendar_part(text)))
    assert found.warnings == ("component_skipped:VTODO", "component_skipped:X-THING")
    alone = calendar().replace("VEVENT", "VTODO")
    assert outcome(mail(calendar_part(alone))) == ("not_calendar", "no_component")


@pytest.mark.parametrize(
    "body",
    [
        part("Hello", "text/plain"),
        multipart("mixed", TEXT, part("<p>", "text/html")),
        b"\r\nno content type at all",
        multipart("mixed", TEXT, part(invitation(), "message/rfc822"), boundary="outer"),
        part(b"x", "application/ms-tnef-correlator"),
    ],
)
def test_mail_without_calendar_parts(body):
    assert outcome(mail(body)) == ("not_calendar", "not_calendar")


def test_winmail_dat():
    tnef = part(b"\x78\x9f\x3e\x22", "application/ms-tnef; name=winmail.dat", encoding="base64")
    assert outcome(mail(multipart("mixed", TEXT, tnef))) == ("not_calendar", "tnef_only")
    beside = read_message(mail(multipart("mixed", calendar_part(calendar()), tnef)))
    assert methods(beside) == ["REQUEST"]


def test_a_delivery_report_books_nothing():
    """A bounce that encloses the reply we sent."""
    status = part(
        "Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; paul@example.org\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n",
        "message/delivery-status",
    )
    enclosed = part(invitation(), "message/rfc822")
    for data in (
        mail(multipart("report; report-type=delivery-status", TEXT, status, enclosed)),
        mail(multipart("mixed", TEXT, status, enclosed, calendar_part(calendar()))),
    ):
        found = read_message(data)
        assert (found.kind, found.objects) == (IntakeKind.REPORT, ())
        assert found.report.original_ids == ("<1@example.org>",)
        assert (found.report.action, found.report.status) == ("failed", "5.1.1")


def test_a_report_with_the_header_alone():
    header = part(
        "From: room@example.org\r\nmessage-id:\r\n <r1@example.org>\r\n", "text/rfc822-headers"
    )
    found = read_message(mail(multipart("report", TEXT, header)))
    assert found.kind is IntakeKind.REPORT
    assert found.report.original_ids == ("<r1@example.org>",)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (("From: a@example.org", "From: b@example.org"), "from_several"),
        (("From: a@example.org, b@example.org",), "from_several"),
        (("From: team: a@example.org;",), "from_several"),
        ((), "from_unreadable"),
        (("From: nobody",), "from_unreadable"),
        (('From: "a@b"@example.org',), "from_unreadable"),
        (("From: " + "(" * 20_000,), "from_unreadable"),
        (("From: alice@example.org)bob@evil.example",), "from_unreadable"),
    ],
)
def test_who_speaks_must_be_one_address(fields, reason):
    header = (*fields, *HEADER[1:])
    body = calendar_part(calendar())
    assert outcome(mail(body, header=header)) == ("refused", reason)
    assert outcome(mail(TEXT, header=header)) == ("not_calendar", "not_calendar")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "calendar_unreadable"),
        ("hello", "calendar_unreadable"),
        ("BEGIN:VEVENT\r\nEND:VEVENT\r\n", "calendar_unreadable"),
        (calendar()[:-20], "calendar_unreadable"),
        (calendar("REQUEST", EVENT + ("ATTENDEE:x",) * 501), "limit:attendees"),
        ("BEGIN:A\r\n" * 9 + "END:A\r\n" * 9, "limit:nesting"),
        (calendar("REQUEST", (*EVENT, "X-A:" + "a" * 70_000)), "limit:line"),
        (calendar("REQUEST", EVENT + ("X-A:1",) * 20_001), "limit:properties"),
        (calendar("REQUEST", *[("UID:1",)] * 1_001), "limit:components"),
        (calendar("REQUEST", (*EVENT, *["X-A:" + "a" * 1000] * 1100)), "limit:calendar_size"),
    ],
)
def test_text_that_cannot_be_read(text, reason):
    for encoding in ("8bit", "base64"):
        found = read_message(mail(calendar_part(text, encoding=encoding)))
        assert (found.kind.value, found.reason) == ("refused", reason)
        assert (found.limit is not None) is reason.startswith("limit:")
        assert found.headers.sender.key == "paul@example.org"


def test_charsets_are_judged_where_they_are_declared():
    latin = calendar().replace("Board", "Büro").encode("latin-1")
    found = read_message(mail(part(latin, "text/calendar; method=REQUEST; charset=iso-8859-1")))
    assert found.objects[0].component.children("VEVENT")[0].first("SUMMARY").value == "Büro"
    utf7 = part(calendar(), "text/calendar; method=REQUEST; charset=utf-7")
    assert outcome(mail(utf7)) == ("refused", "calendar_unreadable")


def test_limits_are_the_callers():
    assert outcome(invitation(), parse_limits=ParseLimits(properties=3)) == (
        "refused",
        "limit:properties",
    )


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends_of_the_mail_do_not_matter(end):
    found = read_message(invitation().replace(b"\r\n", end))
    assert methods(found) == ["REQUEST"]


def test_boundaries_as_they_come():
    inner = multipart("alternative", TEXT, calendar_part(calendar()), boundary="b1")
    nested = mail(multipart("mixed", inner, TEXT, boundary="b"))  # b is a prefix of b1
    assert methods(read_message(nested)) == ["REQUEST"]
    unfinished = nested[: nested.rindex(b"--b--")]
    assert methods(read_message(unfinished)) == ["REQUEST"]
    blanks = nested.replace(b"--b1\r\n", b"--b1  \t\r\n")
    assert methods(read_message(blanks)) == ["REQUEST"]
    odd = mail(multipart("mixed", calendar_part(calendar()), boundary="=_a+(b)?"))
    assert methods(read_message(odd)) == ["REQUEST"]


@given(st.binary(max_size=400))
def test_no_octets_make_the_reader_fail(octets):
    read_message(octets)
    read_message(mail(b"") + octets)
    read_message(mail(part(octets, "text/calendar; method=REQUEST")))


_seed = invitation(None, "REQUEST", "Auto-Submitted: no", "References: <a@b> <c@d>")


@given(
    st.lists(
        st.tuples(st.integers(0, len(_seed) - 1), st.binary(max_size=6), st.integers(0, 12)),
        max_size=8,
    )
)
def test_no_mutation_makes_the_reader_fail(changes):
    data = bytearray(_seed)
    for at, new, gone in changes:
        data[at : at + gone] = new
    read_message(bytes(data))


def test_two_content_types_on_one_part_are_a_contradiction():
    data = mail(calendar_part(calendar()), "Content-Type: text/calendar; method=CANCEL")
    assert outcome(data) == ("refused", "method_mismatch")


def test_single_label_domains_that_are_ours():
    data = invitation().replace(b"paul@example.org", b"paul@office")
    assert outcome(data) == ("refused", "from_unreadable")
    found = read_message(data, local_domains={"office"})
    assert found.headers.sender.key == "paul@office"
    calendar_read = found.objects[0].component
    book = ZoneBook(calendar_read, UTC)
    component = calendar_read.children("VEVENT")[0]
    event = read_event(component, book, UTC, local_domains={"office"})
    assert event.organizer.address.key == "paul@office"
