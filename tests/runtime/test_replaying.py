"""Kept messages, and deciding them again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.booking.mail_text import calendar, calendar_part, changed, mail, multipart, part
from tests.office import NOW, ROOM, Office, request, vevent

from horarium.booking.imip import read_message
from horarium.booking.kept import kept_request
from horarium.kernel.errors import NotFound
from horarium.kernel.instant import Instant
from horarium.runtime.changing import remove_resource, set_preference
from horarium.runtime.replaying import Replayed, kept_at_most, replay
from horarium.runtime.settings import default_settings

BY = "vincent.vole@example.com"
OTHER = "harvey.horse@example.com"
DAY = 86_400


def again(office: Office, **options: object) -> list[Replayed]:
    return replay(office.store, office.settings, **options)  # type: ignore[arg-type]


def ends(found: list[Replayed]) -> list[tuple[str, str, str]]:
    return [
        (item.then.uid, item.then.outcome, item.now.outcome if item.now else "") for item in found
    ]


def change(office: Office, name: str, value: str | None, room: str = ROOM) -> None:
    set_preference(office.store, office.settings, room, name, value, office.now)


def busy_week(office: Office) -> None:
    """Requests that were accepted, declined, moved, cancelled, repeated, ignored and stale."""
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", uid="a")
    office.invite("2026-12-01 09:30", "2026-12-01 10:30", uid="b", by=OTHER)
    office.now = Instant(office.now + DAY)
    office.invite("2026-12-02 09:00", "2026-12-02 10:00", uid="a", sequence=1)
    office.invite("2026-12-01 09:30", "2026-12-01 10:30", uid="b", by=OTHER, sequence=1)
    office.invite("2026-12-03 09:00", "2026-12-03 10:00", uid="s", extra="RRULE:FREQ=WEEKLY")
    stale = vevent("a", "2026-12-05 09:00", "2026-12-05 10:00")
    office.send(request(stale), by=BY)
    office.send(request(vevent("a", "2026-12-05 09:00", "2026-12-05 10:00")), by=OTHER)
    office.now = Instant(office.now + DAY)
    gone = vevent("a", "2026-12-02 09:00", "2026-12-02 10:00", sequence=2)
    office.send(request(gone, method="CANCEL"), by=BY)
    office.invite("2026-12-02 09:00", "2026-12-02 12:00", uid="c")


def test_what_was_decided_is_decided_again_to_the_same_end() -> None:
    office = Office({ROOM: {}, "other@example.com": {}})
    busy_week(office)
    before = office.everything()
    found = again(office)
    assert len(found) == 9
    assert len({item.then.outcome for item in found}) >= 4
    assert not any(item.differs for item in found)
    assert all(item.same_policy for item in found)
    assert office.everything() == before
    assert again(office) == found


def test_what_todays_policy_would_do_is_told_with_its_reason() -> None:
    office = Office()
    office.invite("2026-12-01 09:00", "2026-12-01 12:00", uid="long")
    office.invite("2026-12-01 10:00", "2026-12-01 11:00", uid="short")
    change(office, "max_duration", "PT2H")
    found = again(office)
    assert ends(found) == [
        ("long", "ACCEPTED", "DECLINED"),
        ("short", "DECLINED", "ACCEPTED"),
    ]
    assert [item.now.reason for item in found if item.now] == ["max_duration", ""]
    assert not any(item.same_policy for item in found)


def test_one_resource_and_a_span_of_time_can_be_asked_for() -> None:
    office = Office({ROOM: {}, "other@example.com": {}})
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", uid="one")
    office.now = middle = Instant(office.now + 100)
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", uid="two", to="other@example.com")
    office.now = Instant(office.now + 100)
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", uid="three")
    assert [item.then.uid for item in again(office, resource=ROOM)] == ["one", "three"]
    late = again(office, since=middle)
    assert ends(late) == [("two", "ACCEPTED", "ACCEPTED"), ("three", "DECLINED", "DECLINED")]
    assert [item.then.uid for item in again(office, until=middle)] == ["one"]
    with pytest.raises(NotFound, match="nobody"):
        again(office, resource="nobody@example.com")


def test_what_was_booked_before_messages_were_kept_still_holds_its_time() -> None:
    settings = default_settings()
    office = Office(settings=replace(settings, retention=replace(settings.retention, mail=0)))
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", uid="before")
    with pytest.raises(NotFound, match=r"retention\.mail"):
        again(office)
    office.settings = settings
    office.agent = type(office.agent)(office.store, settings)
    office.now = Instant(office.now + 60)
    office.invite("2026-12-01 09:30", "2026-12-01 10:30", uid="after")
    assert ends(again(office)) == [("after", "DECLINED", "DECLINED")]


def sizes(office: Office) -> list[int]:
    """How many octets each kept message takes."""
    return office.engine.read(
        lambda s: [
            len(bytes(row[2]))  # type: ignore[arg-type]
            for row in s.rows("unpacked_messages", {"after": 0, "many": 100})
        ]
    )


def test_what_is_kept_goes_after_its_time_and_with_its_resource() -> None:
    office = Office()
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", uid="one")
    assert not kept_at_most(office.store, 0)
    plain = sizes(office)
    office.now = Instant(NOW + 399 * DAY)
    office.upkeep()
    assert len(again(office)) == 1
    assert [now < before for now, before in zip(sizes(office), plain, strict=True)] == [True]
    office.upkeep()
    assert ends(again(office)) == [("one", "ACCEPTED", "ACCEPTED")]
    remove_resource(office.store, office.settings, ROOM, office.now)
    assert kept_at_most(office.store, 0)
    office = Office()
    office.invite("2026-12-01 09:00", "2026-12-01 10:00", uid="one")
    office.now = Instant(NOW + 401 * DAY)
    office.upkeep()
    assert kept_at_most(office.store, 0)


SECRETS = ("secret-title", "secret-body", "secret-html", "secret-file", "secret-alarm", "secret-l2")
PRIVATE = (
    *changed(SUMMARY="secret-title"),
    "DESCRIPTION:secret-body and a long line that\r\n  is folded secret-l2",
    "X-ALT-DESC;FMTTYPE=text/html:secret-html",
    "ATTACH;ENCODING=BASE64;VALUE=BINARY:secret-file",
    "DESCR\r\n IPTION;LANGUAGE=en:secret-body",
    "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:secret-alarm", "TRIGGER:-PT15M", "END:VALARM",
)  # fmt: skip


def alternatives(*parts: bytes) -> bytes:
    text = part("secret-body", "text/plain")
    return mail(multipart("mixed", text, *parts), "Subject: secret-title", "X-Other: secret-body")


@pytest.mark.parametrize(
    "text",
    [
        calendar("REQUEST", PRIVATE),
        calendar("REQUEST", PRIVATE).replace("\r\n", "\n"),
        calendar("REQUEST", PRIVATE).replace("\r\n", "\r"),
        calendar("REQUEST", PRIVATE).replace("SEQUENCE:0\r\n", "SEQUENCE:0\r"),
    ],
)
@pytest.mark.parametrize("encoding", ["8bit", "base64"])
def test_titles_texts_and_attachments_are_not_kept(text: str, encoding: str) -> None:
    data = alternatives(calendar_part(text, encoding=encoding))
    intake = read_message(data)
    assert intake.objects, intake.reason
    kept = kept_request(data, intake.objects)
    assert not [secret for secret in SECRETS if secret.encode() in kept]
    read = read_message(kept)
    assert read.headers is not None
    assert intake.headers is not None
    assert replace(read.headers, subject="", to=()) == replace(
        intake.headers, subject="", to=()
    )  # fmt: skip
    dropped = {"SUMMARY", "DESCRIPTION", "X-ALT-DESC", "ATTACH"}
    (one,), (two,) = intake.objects, read.objects
    assert two.method == one.method
    for before, after in zip(one.component.components, two.component.components, strict=True):
        expected = [line for line in before.properties if line.name not in dropped]
        assert after.properties == expected


def test_a_wide_charset_is_kept_as_what_it_says() -> None:
    text = calendar("REQUEST", (*PRIVATE, "LOCATION:Grünerløkka"))
    kind = "text/calendar; charset=UTF-16; method=REQUEST"
    data = mail(part(text.encode("utf-16"), kind, encoding="base64"))
    intake = read_message(data)
    kept = kept_request(data, intake.objects)
    assert "secret" not in kept.decode()
    (read,) = read_message(kept).objects
    line = read.component.components[0].first("LOCATION")
    assert line is not None
    assert line.value == "Grünerløkka"


def test_several_objects_in_one_mail_are_all_kept() -> None:
    other = changed(
        UID="meeting-2@example.org", DTSTART="20260303T090000Z", DTEND="20260303T100000Z"
    )
    data = alternatives(
        calendar_part(calendar("REQUEST")), calendar_part(calendar("CANCEL", other), "CANCEL")
    )
    intake = read_message(data)
    assert len(intake.objects) == 2, intake.reason
    read = read_message(kept_request(data, intake.objects))
    assert [item.method for item in read.objects] == ["REQUEST", "CANCEL"]


def test_a_message_that_comes_thrice_is_kept_once() -> None:
    office = Office()
    data = office.mail(request(vevent("a", "2026-12-01 09:00", "2026-12-01 10:00")), by=BY)
    for _ in range(3):
        office.deliver(data, sender=BY)
    assert [item.then.uid for item in again(office)] == ["a"]
