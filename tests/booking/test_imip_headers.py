"""Header facts: who, when, which thread, and which loops."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.booking.mail_text import HEADER, invitation

from horarium.booking.imip import read_message
from horarium.booking.mail_headers import decode_words
from horarium.kernel.instant import parse_instant


def headers(*fields):
    return read_message(invitation(None, "REQUEST", *fields)).headers


def test_an_ordinary_header():
    found = headers()
    assert found.sender.text == "paul@example.org"
    assert [each.text for each in found.to] == ["room@example.org"]
    assert found.subject == "Board"
    assert found.message_id == "<1@example.org>"
    assert found.date == parse_instant("2026-01-02T08:00:00Z")
    assert (found.received, found.list_id, found.list_unsubscribe) == (0, False, False)
    assert (found.auto_submitted, found.precedence, found.decision) == (None, None, None)
    assert (found.authentication_results, found.references) == ((), ())


def test_the_facts_of_loops_and_lists():
    found = headers(
        "Auto-Submitted: Auto-Replied; owner-email=x",
        "Precedence: Bulk",
        "List-Id: <rooms.example.org>",
        "List-Unsubscribe: <mailto:off@example.org>",
        "X-Horarium-Decision: 01J9",
        *["Received: from a by b"] * 31,
    )
    assert (found.auto_submitted, found.precedence) == ("auto-replied", "bulk")
    assert (found.list_id, found.list_unsubscribe, found.received) == (True, True, 31)
    assert found.decision == "01J9"


@pytest.mark.parametrize(
    ("sent", "read"),
    [("no", "no"), ("NO (comment)", "no"), ("", "unreadable"), ("(c) no", "unreadable")],
)
def test_auto_submitted_that_is_not_plainly_no_is_not_no(sent, read):
    assert headers(f"Auto-Submitted: {sent}").auto_submitted == read


def test_authentication_results_keep_their_order_from_the_top():
    found = headers(
        "Authentication-Results: mx.example.org; dmarc=pass\r\n header.from=example.org",
        "X-Other: 1",
        "authentication-results: evil.example; dmarc=fail",
    )
    assert found.authentication_results == (
        "mx.example.org; dmarc=pass header.from=example.org",
        "evil.example; dmarc=fail",
    )


def test_threads():
    found = headers(
        "In-Reply-To: <r@example.org>",
        "References: <a@example.org>\r\n <b@example.org> rubbish <no-at>",
    )
    assert found.in_reply_to == "<r@example.org>"
    assert found.references == ("<a@example.org>", "<b@example.org>")


@pytest.mark.parametrize("value", ["", "x", "<a b@c>", "<@>", "<a@b@c", "<" + "a" * 900 + "@b>"])
def test_message_ids_that_are_none(value):
    data = invitation().replace(b"<1@example.org>", value.encode())
    assert read_message(data).headers.message_id is None


def test_recipients_of_to_and_cc():
    found = headers(
        'Cc: "Room, big" <big@example.org>, broken, Small <small@example.org>',
        "Cc: rooms: a@example.org, b@example.org;, c@example.org",
    )
    assert [each.local for each in found.cc] == ["big", "small", "a", "b", "c"]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("Ann <ann@example.org>", "ann@example.org"),
        ("a@example.org, b@example.org", None),
        ("x", None),
    ],
)
def test_reply_to_is_one_address_or_nothing(value, read):
    found = headers(f"Reply-To: {value}").reply_to
    assert (found.text if found else None) == read


def test_two_reply_to_fields_are_nothing():
    assert headers("Reply-To: a@example.org", "Reply-To: a@example.org").reply_to is None


def test_languages():
    found = headers("Content-Language: nb-NO", "Accept-Language: nb, en;q=0.5")
    assert (found.content_language, found.accept_language) == ("nb-NO", "nb, en;q=0.5")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("Thu, 1 Jan 2026 00:00:00 GMT", "2026-01-01T00:00:00Z"),
        ("1 Jan 2026 02:00 +0200", "2026-01-01T00:00:00Z"),
        ("Thu, 1 Jan 2026 00:00:00 -0000", "2026-01-01T00:00:00Z"),
        ("Thu, 01 January 2026 01:00:00 +0100 (CET)", "2026-01-01T00:00:00Z"),
        ("Wed, 31 Dec 2025 19:00:00 EST", "2026-01-01T00:00:00Z"),
        ("Wed, 31 Dec 2025 19:30:60 -0430", "2026-01-01T00:00:59Z"),
        ("Thu, 1 Jan 2026 00:00:00 XYZ", "2026-01-01T00:00:00Z"),
        ("Thu, 31 Feb 2026 00:00:00 GMT", None),
        ("yesterday", None),
        ("Thu, 99 Foo 2026 00:00:00 GMT", None),
        ("Thu, 1 Jan 99999 00:00:00 GMT", None),
        ("x" * 200, None),
        ("", None),
    ],
)
def test_dates(value, read):
    data = invitation().replace(HEADER[3].encode(), f"Date: {value}".encode())
    found = read_message(data).headers.date
    assert found == (parse_instant(read) if read else None)


@given(st.datetimes(datetime(1901, 1, 1), datetime(2100, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_dates_are_those_of_the_standard_library(moment, minutes):
    moment = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    data = invitation().replace(HEADER[3].encode(), f"Date: {format_datetime(moment)}".encode())
    assert read_message(data).headers.date == moment.timestamp()


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("=?UTF-8?Q?J=C3=B8rn_m=C3=B8te?=", "Jørn møte"),
        ("=?utf-8?b?SsO4cm4=?=", "Jørn"),
        ("=?UTF-8?Q?a?= =?UTF-8?Q?b?=", "ab"),
        ("=?UTF-8?Q?a?= b", "a b"),
        ("=?iso-8859-1*en?Q?f=FCr?=", "für"),
        ("=?x-unknown?Q?abc?=", "=?x-unknown?Q?abc?="),
        ("=?zip?B?eJw=?=", "=?zip?B?eJw=?="),
        ("=?UTF-8?B?!?=", "=?UTF-8?B?!?="),
        ("=?UTF-8?Q?a=0D=0ABcc:_x?=", "a  Bcc: x"),
        ("plain", "plain"),
    ],
)
def test_encoded_words(sent, shown):
    assert decode_words(sent, 200) == shown


def test_encoded_words_beyond_the_limit_stay_as_sent():
    shown = decode_words("=?UTF-8?Q?a?= " * 201, 200)
    assert shown.startswith("a" * 200)
    assert shown.count("=?") == 1


def test_a_field_that_is_too_long_is_not_decoded():
    found = headers("Precedence: " + "bulk " * 4_000, "In-Reply-To: <" + "a" * 20_000 + "@b>")
    assert (found.precedence, found.in_reply_to) == (None, None)
