"""Three cars that stand in for each other, through a real mail system: the mail among the cars
leaves and comes back by it, and what organizers read lies in their mailboxes."""

from __future__ import annotations

import json
from email.message import EmailMessage
from pathlib import Path

import icalendar

from tests.mail.conftest import StartPostfix
from tests.mail.postfix import Postfix, free_port
from tests.mail.test_invitation import horarium, serving

CADILLAC, PONTIAC, LINCOLN = (
    f"resource-car-{name}@example.com" for name in ("cadillac", "pontiac", "lincoln")
)
CARS = (CADILLAC, PONTIAC, LINCOLN)
VOLE, HORSE, SKUNK = (
    f"{name}@example.com" for name in ("vincent.vole", "harvey.horse", "simon.skunk")
)
FUNCTIONS = "check_quota cars\nschedule_for_delegate car_delegation\n"


def make_site(folder: Path, lmtp: int, smtp: int) -> Path:
    """A site with three cars of one pool; who asks may use them for four hours."""
    (folder / "objects").mkdir(parents=True)
    (folder / "horarium.toml").write_text(
        f'[mail]\nlmtp = "127.0.0.1:{lmtp}"\nsmtp = "127.0.0.1:{smtp}"\n'
        f'[web]\nlisten = "unix:{folder / "web"}"\n'
    )
    cars = "".join(
        f'[resource."{car}"]\nscheduling_function = """\n{FUNCTIONS}"""\n' for car in CARS
    )
    quotas = (
        '[quota.cars]\nlimits = { "*" = "PT4H" }\n'
        f'[quota.car_delegation]\ndelegates = {json.dumps(CARS)}\ngroups = {{ "*" = "all" }}\n'
    )
    (folder / "objects" / "cars.toml").write_text(cars + quotas)
    applied = horarium(folder, "apply", str(folder / "objects"))
    assert applied.returncode == 0, applied.stderr
    return folder


def invitation(uid: str, by: str, start: str, end: str, *, method: str = "REQUEST") -> bytes:
    """A message to the Cadillac about a first of December, from `start` to `end` (HHMM)."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//test//EN", f"METHOD:{method}",
        "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20200101T000000Z",
        f"SEQUENCE:{int(method == 'CANCEL')}", f"DTSTART:20991201T{start}00Z",
        f"DTEND:20991201T{end}00Z", "SUMMARY:A drive", f"ORGANIZER:mailto:{by}",
        f"ATTENDEE;RSVP=TRUE:mailto:{CADILLAC}", "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    message = EmailMessage()
    message["From"], message["To"] = by, CADILLAC
    message["Subject"], message["Message-ID"] = "A drive", f"<{uid}-{method}>"
    message.set_content("You are invited.")
    message.add_alternative(
        "\r\n".join(lines).encode(), maintype="text", subtype="calendar",
        params={"method": method},
    )  # fmt: skip
    return message.as_bytes().replace(b"\n", b"\r\n")


def answers(postfix: Postfix, person: str, count: int) -> list[tuple[list[tuple[str, str]], str]]:
    """What lies in a mailbox: of each answer the attendees with their participation, and the
    REQUEST-STATUS; in order of their stamps."""
    found = []
    for mail in postfix.wait_for_mail(person, count):
        (part,) = [p for p in mail.walk() if p.get_content_type() == "text/calendar"]
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        calendar = icalendar.Calendar.from_ical(data)
        assert calendar["METHOD"] == "REPLY"
        (event,) = calendar.walk("VEVENT")
        assert str(event["ORGANIZER"]) == f"mailto:{person}"
        lines = event["ATTENDEE"] if isinstance(event["ATTENDEE"], list) else [event["ATTENDEE"]]
        who = [(str(line).removeprefix("mailto:"), str(line.params["PARTSTAT"])) for line in lines]
        assert mail["Return-Path"] == f"<{who[0][0]}>"
        found.append((who, str(event["REQUEST-STATUS"]).split(";")[0]))
    return found


def busy(site: Path, car: str) -> list[str]:
    shown = horarium(site, "--json", "freebusy", "show", car, "--to", "2100-01-01")
    return [entry["uid"] for entry in json.loads(shown.stdout)["busy"]]


def test_a_busy_car_hands_the_event_on_and_a_quota_refuses(
    start_postfix: StartPostfix, tmp_path: Path
) -> None:
    lmtp, smtp = free_port(), free_port()
    routes = dict.fromkeys(CARS, f"lmtp:inet:127.0.0.1:{lmtp}")
    postfix = start_postfix(people=(VOLE, HORSE, SKUNK), routes=routes, port=smtp)
    site = make_site(tmp_path / "site", lmtp, smtp)
    with serving(site):
        postfix.submit(invitation("vole", VOLE, "0900", "1100"), VOLE, CADILLAC)
        assert answers(postfix, VOLE, 1) == [([(CADILLAC, "ACCEPTED")], "2.0")]

        postfix.submit(invitation("horse", HORSE, "1000", "1200"), HORSE, CADILLAC)
        told = answers(postfix, HORSE, 2)
        assert sorted(told) == [
            ([(CADILLAC, "DELEGATED"), (PONTIAC, "NEEDS-ACTION")], "2.7"),
            ([(PONTIAC, "ACCEPTED"), (CADILLAC, "DELEGATED")], "2.0"),
        ]
        postfix.submit(invitation("skunk", SKUNK, "1030", "1200"), SKUNK, CADILLAC)
        assert sorted(answers(postfix, SKUNK, 2)) == [
            ([(CADILLAC, "DELEGATED"), (LINCOLN, "NEEDS-ACTION")], "2.7"),
            ([(LINCOLN, "ACCEPTED"), (CADILLAC, "DELEGATED")], "2.0"),
        ]
        assert [busy(site, car) for car in CARS] == [["vole"], ["horse"], ["skunk"]]

        # Two hours are charged already: three more are above the four.
        postfix.submit(invitation("long", HORSE, "1400", "1700"), HORSE, CADILLAC)
        assert ([(CADILLAC, "DECLINED")], "3.8") in answers(postfix, HORSE, 3)
        refusal = postfix.mailbox(HORSE)[-1].get_body(("plain",))
        assert refusal is not None
        assert "4 hours in all, 2 hours used, 3 hours asked for" in refusal.get_content()

        # Given back at the car that was asked, the two hours are free where they were; and so soon
        # after the refusal the three are thought over again.
        cancel = invitation("horse", HORSE, "1000", "1200", method="CANCEL")
        postfix.submit(cancel, HORSE, CADILLAC)
        assert ([(CADILLAC, "ACCEPTED")], "2.0") in answers(postfix, HORSE, 4)
        postfix.wait_until_empty()
    assert [busy(site, car) for car in CARS] == [["vole", "long"], [], ["skunk"]]
    # All that was among the cars came and went: nobody else got anything.
    assert [len(postfix.mailbox(person)) for person in (VOLE, HORSE, SKUNK)] == [1, 4, 2]
