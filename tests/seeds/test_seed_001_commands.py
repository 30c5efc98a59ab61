"""Seed 001 as somebody at a shell meets it: a new site, its lists of functions and here-documents
letter by letter, mail through `horarium deliver --emit`, and the answers read back."""

from __future__ import annotations

import email.policy
import io
import json
import mailbox
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from unittest import mock

import icalendar
import pytest

from horarium.cli.entry import main
from tests.seeds.test_seed_001 import (
    ACCEPT_ALL,
    LISTED,
    NOT_SKUNK,
    PAUL,
    SAME_DOMAIN,
    SKUNK,
    UNLESS_PAUL,
)
from tests.seeds.test_seed_001_quotas import (
    CADILLAC,
    DELEGATES,
    EVERYBODY,
    GROUPS_FILE,
    HORSE,
    HOUR,
    LIMITS_FILE,
    ONE_GROUP,
    ONE_USER,
    PONTIAC,
    SHARED,
    UNLIMITED,
    VOLE,
    shell,
)

NOW = "2026-11-21T08:00:00Z"
ROOM = "mailto:resource-room-confroom@example.com"
OTTER = "oliver.otter@example.com"
YES, NO = "ACCEPTED", "DECLINED"


def plain(uri: str) -> str:
    """The address of a calendar user."""
    return uri.removeprefix("mailto:")


@dataclass(frozen=True)
class Event:
    """What an organizer sends out: whole hours of a day of December."""

    uid: str
    day: int
    start: int
    end: int
    by: str = VOLE
    to: str = CADILLAC
    guests: tuple[str, ...] = ()

    def mail(self, method: str, sequence: int = 0) -> str:
        """The message, for the resource and the guests."""
        people = "".join(
            f"ATTENDEE:{uri}\n" for uri in (self.to, *(f"mailto:{g}" for g in self.guests))
        )
        return (
            f"From: {self.by}\nTo: {self.to.removeprefix('mailto:')}\nSubject: Travel\n"
            f"Message-ID: <{self.uid}-{method}-{sequence}@client.example>\nMIME-Version: 1.0\n"
            f"Content-Type: text/calendar; method={method}; charset=utf-8\n\n"
            "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//client//EN\n"
            f"METHOD:{method}\nBEGIN:VEVENT\nUID:{self.uid}\nSEQUENCE:{sequence}\n"
            f"DTSTAMP:20261121T07{sequence:02}00Z\n"
            f"DTSTART:202612{self.day:02}T{self.start:02}0000Z\n"
            f"DTEND:202612{self.day:02}T{self.end:02}0000Z\n"
            f"SUMMARY:Travel\nORGANIZER:mailto:{self.by}\n{people}"
            "END:VEVENT\nEND:VCALENDAR\n"
        ).replace("\n", "\r\n")


@dataclass(frozen=True)
class Answer:
    """One mail that `deliver` wrote, and what its calendar says of each attendee."""

    to: str
    method: str
    said: dict[str, str]
    message: EmailMessage


class Place:
    """A site made by `init`, with resources that have a list of functions each. Its commands run
    in this process, which spares them their start; here-documents are run by a shell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        assert self.command("init")[0] == 0

    def command(self, *words: str, stdin: str = "") -> tuple[int, bytes, str]:
        """What a command ends in and prints."""
        given = io.TextIOWrapper(io.BytesIO(stdin.encode()), newline="")
        out, err = io.TextIOWrapper(io.BytesIO(), write_through=True), io.StringIO()
        with mock.patch.object(sys, "stdin", given), redirect_stdout(out), redirect_stderr(err):
            status = main(["--site", str(self.folder), f"--now={NOW}", *words])
        printed = out.buffer
        assert isinstance(printed, io.BytesIO)
        return status, printed.getvalue(), err.getvalue()

    def declare(self, functions: dict[str, str], **lines: str) -> str:
        """Declares resources by their lists of functions, with further lines for all; what the
        command warns of, as of lists that never look at the free/busy."""
        more = "".join(f'{key} = """\n{value}"""\n' for key, value in lines.items())
        text = "".join(
            f'[resource."{uri}"]\nscheduling_function = """\n{calls}"""\n{more}'
            for uri, calls in functions.items()
        )
        (self.folder / "objects" / "seed.toml").write_text(text)
        (self.folder / "objects" / "seed.toml").chmod(0o600)
        status, _, said = self.command("apply", str(self.folder / "objects"))
        assert status == 0, said
        return said

    def types(self, text: str) -> None:
        """Runs lines of a shell, which do what they should without a word of complaint."""
        done = shell(self.folder, f"set -e\n{text}")
        assert (done.returncode, done.stderr) == (0, ""), done

    def deliver(self, mail: str, by: str, to: str, *, now: str = NOW) -> list[Answer]:
        """The answers to one message, as the mail system's pipe gives it."""
        words = ("--quiet", f"--now={now}", "deliver", "--emit", "-s", by, "-r", plain(to))
        status, printed, said = self.command(*words, stdin=mail)
        assert (status, said) == (0, "")
        return self.read(printed)

    def read(self, printed: bytes) -> list[Answer]:
        """The mails of an mbox."""
        box = self.folder / "box"
        box.write_bytes(printed)
        return [_read(bytes(message)) for message in mailbox.mbox(box)]

    def ask(self, event: Event) -> list[Answer]:
        """The answers to a request."""
        return self.deliver(event.mail("REQUEST"), event.by, event.to)

    def cancels(self, event: Event, *, now: str = NOW) -> None:
        """The organizer cancels, and nobody is told anything."""
        assert self.deliver(event.mail("CANCEL", 1), event.by, event.to, now=now) == []

    def asked(self, event: Event) -> str:
        """The one word that the organizer gets back from the resource."""
        (answer,) = self.ask(event)
        assert (answer.to, answer.method) == (event.by, "REPLY")
        ((who, said),) = answer.said.items()
        assert who == event.to
        return said

    def used(self, quota: str, who: str) -> int:
        """Seconds charged to an identity."""
        words = ("--json", "quota", "usage", quota, "--identity", who)
        status, shown, said = self.command(*words)
        assert (status, said) == (0, "")
        (row,) = json.loads(shown)["usage"]
        assert isinstance(row["used"], int)
        return row["used"]


def _read(octets: bytes) -> Answer:
    message = message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message["X-Horarium-Delivery"] == "send"
    part = next(p for p in message.walk() if p.get_content_type() == "text/calendar")
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    calendar = icalendar.Calendar.from_ical(data)
    (event,) = calendar.walk("VEVENT")
    people = event["ATTENDEE"] if isinstance(event["ATTENDEE"], list) else [event["ATTENDEE"]]
    said = {str(who): str(who.params.get("PARTSTAT", "NEEDS-ACTION")) for who in people}
    return Answer(message["X-Envelope-To"], str(calendar["METHOD"]), said, message)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "site")


def cars(functions: str) -> dict[str, str]:
    return {CADILLAC: functions, PONTIAC: functions}


# --- scheduling functions --------------------------------------------------------


def test_a_resource_acts_by_itself_on_what_it_gets(place: Place) -> None:
    place.declare({ROOM: "schedule_in_freebusy\n"})
    assert place.asked(Event("one", 1, 9, 11, to=ROOM)) == YES
    assert place.asked(Event("two", 1, 10, 12, by=HORSE, to=ROOM)) == NO
    place.cancels(Event("one", 1, 9, 11, to=ROOM))
    assert place.asked(Event("three", 1, 10, 12, by=HORSE, to=ROOM)) == YES


def test_the_mail_system_hands_over_by_a_pipe(place: Place) -> None:
    place.declare({ROOM: "schedule_in_freebusy\n"})
    line = f"horarium --now {NOW} --quiet deliver --emit -s {VOLE} -r {plain(ROOM)}"
    done = shell(place.folder, line, Event("one", 1, 9, 10, to=ROOM).mail("REQUEST"))
    assert (done.returncode, done.stderr) == (0, "")
    (answer,) = place.read(done.stdout.encode())
    assert (answer.to, answer.said) == (VOLE, {ROOM: YES})


def test_five_different_events_occupy_the_same_point_in_time(place: Place) -> None:
    place.declare({ROOM: "schedule_in_freebusy 5\n"})
    words = [place.asked(Event(f"e{number}", 1, 9, 10, to=ROOM)) for number in range(6)]
    assert words == [YES] * 5 + [NO]


def test_the_organiser_has_the_domain_of_the_resource(place: Place) -> None:
    place.declare({ROOM: SAME_DOMAIN})
    assert place.asked(Event("ours", 1, 9, 10, to=ROOM)) == YES
    assert place.asked(Event("theirs", 2, 9, 10, by="x@example.org", to=ROOM)) == NO


LISTS = [
    (ACCEPT_ALL, (YES, YES, YES)),
    (NOT_SKUNK, (YES, NO, NO)),
    (UNLESS_PAUL, (YES, NO, YES)),
]


def three_asked(place: Place) -> tuple[str, str, str]:
    """The answers for an event without Simon, for one with him, and for one with him by Paul."""
    return (
        place.asked(Event("without", 1, 9, 10, to=ROOM)),
        place.asked(Event("with", 2, 9, 10, to=ROOM, guests=(SKUNK,))),
        place.asked(Event("by-paul", 3, 9, 10, by=PAUL, to=ROOM, guests=(SKUNK,))),
    )


@pytest.mark.parametrize(("rules", "words"), LISTS)
def test_a_list_in_the_preferences(place: Place, rules: str, words: tuple[str, ...]) -> None:
    place.declare({ROOM: LISTED}, acl=rules)
    assert three_asked(place) == words


def test_a_list_in_a_file_of_its_own(place: Place) -> None:
    rules, words = LISTS[-1]
    path = place.folder / "resources.acl"
    path.write_text(rules)
    path.chmod(0o600)
    place.declare({ROOM: f"schedule_in_freebusy\naccess_control_list {path}\n"})
    assert three_asked(place) == words


# --- quotas ----------------------------------------------------------------------


def test_the_given_user_may_only_reserve_ten_hours(place: Place) -> None:
    place.declare(cars("check_quota\n"))
    place.types(ONE_USER)
    assert place.asked(Event("six", 1, 9, 15)) == YES
    assert place.asked(Event("five", 2, 9, 14)) == NO
    assert place.asked(Event("four", 2, 9, 13)) == YES
    assert place.used(CADILLAC, VOLE) == 10 * HOUR
    # Whoever is not listed, without a general quota, can not reserve; nor at a car without limits.
    assert place.asked(Event("horse", 3, 9, 10, by=HORSE)) == NO
    assert place.asked(Event("other", 3, 9, 10, to=PONTIAC)) == NO
    # A day later: within minutes what was declined for it would be decided again.
    place.cancels(Event("six", 1, 9, 15), now="2026-11-22T08:00:00Z")
    assert place.used(CADILLAC, VOLE) == 4 * HOUR
    assert place.asked(Event("again", 1, 9, 15)) == YES


def test_the_general_quota_is_that_of_each_identity(place: Place) -> None:
    place.declare(cars("check_quota\n"))
    place.types(EVERYBODY)
    for who in (VOLE, HORSE):
        assert place.asked(Event(f"ten-{who}", 1, 8, 18, by=who)) == YES
        assert place.asked(Event(f"more-{who}", 2, 8, 9, by=who)) == NO


def test_an_unlimited_quota_excludes_from_limits(place: Place) -> None:
    place.declare(cars("check_quota\n"))
    place.types(UNLIMITED)
    assert [place.asked(Event(f"e{day}", day, 0, 20)) for day in (1, 2, 3)] == [YES] * 3
    assert place.asked(Event("horse", 4, 9, 10, by=HORSE)) == NO


def test_other_organisers_share_a_common_journal(place: Place) -> None:
    place.declare(cars("check_quota\n"))
    place.types(SHARED + EVERYBODY)
    assert place.asked(Event("horse", 1, 9, 15, by=HORSE)) == YES
    assert place.asked(Event("otter", 2, 9, 14, by=OTTER)) == NO
    assert place.asked(Event("vole", 3, 8, 18)) == YES
    assert place.used(CADILLAC, OTTER) == 6 * HOUR


def test_the_group_has_a_quota_and_whoever_has_neither_has_none(place: Place) -> None:
    place.declare(cars("check_quota cars\n"))
    for table, text in (("groups", GROUPS_FILE), ("limits", LIMITS_FILE)):
        (place.folder / table).write_text(text)
        place.types(f"horarium quota {table} cars < '{place.folder}/{table}'")
    assert place.asked(Event("vole", 1, 9, 15)) == YES
    assert place.asked(Event("horse", 2, 9, 13, by=HORSE, to=PONTIAC)) == YES
    assert place.asked(Event("paul", 3, 9, 10, by=PAUL)) == NO
    assert place.asked(Event("skunk", 4, 0, 20, by=SKUNK)) == YES
    assert place.asked(Event("more", 5, 9, 10, by=SKUNK)) == NO
    assert place.asked(Event("otter", 6, 9, 10, by=OTTER)) == NO


def test_one_organiser_does_not_occupy_both_cars_at_one_time(place: Place) -> None:
    said = place.declare(cars("schedule_across_quota cars\n"))
    assert "overlapping requests of different organizers are all accepted" in said
    assert place.asked(Event("one", 1, 9, 11)) == YES
    assert place.asked(Event("two", 1, 10, 12, to=PONTIAC)) == NO
    assert place.asked(Event("three", 1, 11, 12, to=PONTIAC)) == YES
    assert place.asked(Event("four", 1, 9, 11, by=HORSE, to=PONTIAC)) == YES
    place.cancels(Event("one", 1, 9, 11))
    assert place.asked(Event("five", 1, 9, 10, to=PONTIAC)) == YES


# --- delegating attendance -------------------------------------------------------


def handed_on(place: Place, event: Event) -> str:
    """What the other car says, after the car asked has told it and the organizer."""
    told = {answer.to: answer for answer in place.ask(event)}
    other = plain(PONTIAC)
    assert set(told) == {event.by, other}
    assert (told[event.by].method, told[other].method) == ("REPLY", "REQUEST")
    assert told[event.by].said[event.to] == "DELEGATED"
    asking = told[other].message
    for header in ("X-Envelope-To", "X-Horarium-Delivery"):
        del asking[header]
    answers = place.deliver(asking.as_string(), plain(event.to), PONTIAC)
    (said,) = {a.said[PONTIAC] for a in answers if a.method == "REPLY"}
    assert event.by in {answer.to for answer in answers}
    return said


def test_two_resources_delegate_to_each_other(place: Place) -> None:
    place.declare(cars("schedule_for_delegate cars\n"))
    place.types(DELEGATES + ONE_GROUP)
    assert place.asked(Event("one", 1, 9, 11)) == YES
    assert handed_on(place, Event("two", 1, 9, 11, by=HORSE)) == YES
    assert place.asked(Event("three", 1, 10, 12, by=PAUL)) == NO
    assert place.used("cars", VOLE) == 4 * HOUR


def test_limits_alongside_delegation(place: Place) -> None:
    place.declare(cars("check_quota cars\nschedule_for_delegate car_delegation\n"))
    place.types(DELEGATES.replace("'cars'", "'car_delegation'"))
    place.types(ONE_GROUP.replace("'cars'", "'car_delegation'"))
    place.types("echo '* PT5H' | horarium quota limits cars")
    assert place.asked(Event("one", 1, 9, 12)) == YES
    assert handed_on(place, Event("two", 1, 9, 12, by=HORSE)) == YES
    assert place.asked(Event("three", 2, 9, 12)) == NO
    assert place.asked(Event("four", 2, 9, 11)) == YES
    assert place.used("cars", VOLE) == 5 * HOUR
    assert place.used("cars", HORSE) == 3 * HOUR
    assert place.used("car_delegation", VOLE) == 8 * HOUR
