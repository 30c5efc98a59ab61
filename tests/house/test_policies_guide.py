"""The pages of policies and pools are true: what they show is applied, and does what they say."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from email import message_from_bytes
from pathlib import Path

import pytest
from tests.office import ROOM, Answer, Office, oslo, read_answer

from horarium.booking.outcome import Mail
from horarium.booking.preferences import Preferences
from horarium.runtime.approvals import Said, answer, pending
from horarium.runtime.checking_in import check_in
from horarium.runtime.objects import DeclaredObjects, read_objects
from horarium.runtime.review import review

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
VOLE = "vincent.vole@example.com"
HORSE = "harvey.horse@example.com"
SKUNK = "simon.skunk@example.com"
BOSS = "boss@example.com"
CADILLAC = "resource-car-cadillac@example.com"
PONTIAC = "resource-car-pontiac@example.com"
DAY = "2026-12-01 10:00", "2026-12-01 11:00"
DEVELOPERS = {"developers": (VOLE,)}


def pieces(page: str, heading: str, language: str = "toml") -> list[str]:
    """The blocks under one heading of a page."""
    _, found, rest = (GUIDE / page).read_text("utf-8").partition(f"\n## {heading}\n")
    assert found, heading
    section = rest.partition("\n## ")[0]
    return [text for word, text in BLOCK.findall(section) if word == language]


def keys(heading: str, number: int = 0) -> dict[str, object]:
    return tomllib.loads(pieces("policies.md", heading)[number])


def told(answers: list[Answer]) -> list[tuple[str, str]]:
    return [(a.mail.recipient, a.partstats[0] if a.components else "-") for a in answers]


def declared(text: str, folder: Path) -> DeclaredObjects:
    (folder / "site.toml").write_text(text)
    return read_objects([folder / "site.toml"], strict=False)


def site(text: str, folder: Path) -> Office:
    found = declared(text, folder)
    return Office(
        found.resources, groups=found.groups, quotas=found.quotas, defaults=found.defaults
    )


# --- whole sites ----------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_three_sites_have_nothing_wrong_and_nothing_odd(number: int, tmp_path: Path) -> None:
    found = declared(pieces("policies.md", "Three sites")[number], tmp_path)
    wrong, odd = review(found)
    assert wrong == []
    assert all("senders need no proof" in str(fault) for fault in odd)


def test_the_office(tmp_path: Path) -> None:
    office = site(pieces("policies.md", "Three sites")[0], tmp_path)
    (proposed,) = office.ask("2026-12-01 10:07", "2026-12-01 11:00", to="room@example.com")
    assert proposed.calendar["METHOD"] == "COUNTER"
    assert told(office.want(*DAY, to="boardroom@example.com")) == [
        (VOLE, "TENTATIVE"), ("reception@example.com", "-"),
    ]  # fmt: skip
    times = "2026-12-02 10:00", "2026-12-02 11:00"
    assert (
        office.invite(*times, to="boardroom@example.com", by="paul.boddie@example.com")
        == "ACCEPTED"
    )


def test_the_lab(tmp_path: Path) -> None:
    office = site(pieces("policies.md", "Three sites")[1], tmp_path)
    microscope = "microscope@example.com"
    assert office.invite(*DAY, to=microscope) == "ACCEPTED"
    (waits,) = office.ask(*DAY, to=microscope, by=HORSE)
    assert "number 1 on the waiting list" in waits.text
    day = "2026-12-02 08:00", "2026-12-02 16:00"
    assert told(office.want(*day, to=microscope, by=SKUNK)) == [(SKUNK, "DECLINED")]
    assert told(office.want(*day, to=microscope, by=HORSE))[0] == (HORSE, "TENTATIVE")
    short = "2026-12-03 08:00", "2026-12-03 09:00"
    assert told(office.want(*short, to=microscope, by=SKUNK))[0] == (SKUNK, "TENTATIVE")


def test_the_car_pool(tmp_path: Path) -> None:
    office = site(pieces("policies.md", "Three sites")[2], tmp_path)
    ends = [office.want(*DAY, to="car@example.com", by=by)[-1] for by in (VOLE, HORSE, SKUNK)]
    assert [a.partstats[0] for a in ends] == ["ACCEPTED", "ACCEPTED", "DECLINED"]
    assert [office.busy(*DAY, car) for car in (CADILLAC, PONTIAC)] == [[DAY], [DAY]]
    long = "2026-12-02 08:00", "2026-12-02 18:00"
    assert told(office.want(*long, to="car@example.com"))[-1] == (VOLE, "DECLINED")
    assert office.last_reason() == "quota"


# --- piece by piece -------------------------------------------------------------------


def test_other_times() -> None:
    office = Office({ROOM: keys("Other times")})
    (proposed,) = office.ask("2026-12-01 10:07", "2026-12-01 11:01", uid="a")
    assert proposed.calendar["METHOD"] == "COUNTER"
    times = "2026-12-01 10:15", "2026-12-01 11:15"
    assert office.busy(*times) == [times]
    assert office.invite(*times, uid="a", sequence=1) == "ACCEPTED"
    office.now = oslo("2026-11-22 09:00")
    office.ask(*times, uid="b", by=HORSE)
    held = "2026-12-01 11:15", "2026-12-01 12:15"
    assert office.busy(*held) == [held]
    office.now = oslo("2026-11-22 11:01")
    assert office.busy(*held) == []


def test_series_that_fit_in_part() -> None:
    office = Office({ROOM: keys("Series that fit in part")})
    for day in (2, 4, 5, 6, 7):
        office.invite(f"2026-12-0{day} 10:00", f"2026-12-0{day} 11:00")
    daily = "RRULE:FREQ=DAILY;COUNT=10"
    assert [a.partstats for a in office.ask(*DAY, by=HORSE, extra=daily)] == [["DECLINED"]]
    weeks = "RRULE:FREQ=DAILY;COUNT=20"
    answers = office.ask(*DAY, by=HORSE, extra=weeks)
    assert [a.partstats for a in answers] == [["ACCEPTED"], *[["DECLINED"]] * 5]


def test_asking_a_person() -> None:
    office = Office({ROOM: keys("Asking a person")}, groups=DEVELOPERS)
    assert office.invite(*DAY) == "ACCEPTED"
    other = "2026-12-02 10:00", "2026-12-02 11:00"
    assert told(office.want(*other, by=HORSE)) == [(HORSE, "TENTATIVE"), (BOSS, "-")]
    assert office.busy(*other) == [other]
    own = "2026-12-03 10:00", "2026-12-03 11:00"
    assert office.invite(*own, by=BOSS) == "ACCEPTED"
    office.now = oslo("2026-11-23 09:01")
    assert told(office.settle()) == [(HORSE, "DECLINED")]
    assert office.last_reason() == "approval_timeout"


def test_against_the_rules_developers_may_ask_and_others_not() -> None:
    keyed = {**keys("Asking a person"), "max_duration": "1h"}
    office = Office({ROOM: keyed}, groups=DEVELOPERS)
    long = "2026-12-02 10:00", "2026-12-02 13:00"
    assert told(office.want(*long, by=HORSE)) == [(HORSE, "DECLINED")]
    assert told(office.want(*long)) == [(VOLE, "TENTATIVE"), (BOSS, "-")]


def test_asking_about_a_sender() -> None:
    office = Office(
        {ROOM: {**keys("Asking a person", 1), "require_auth": "dkim", "approvers": [BOSS]}}
    )
    assert told(office.want(*DAY)) == [(BOSS, "-")]
    assert office.busy(*DAY) == []
    (item,) = pending(office.store, office.settings)
    said = office.store.transact(
        [], lambda tx: answer(tx, item.id, accept=True, by=BOSS, comment="", now=office.now)
    )
    assert said.said is Said.HEARD
    assert told(office.settle()) == [(VOLE, "ACCEPTED")]


def test_the_waiting_list() -> None:
    office = Office({ROOM: keys("The waiting list")})
    office.invite(*DAY, uid="first")
    assert told(office.ask(*DAY, by=HORSE)) == [(HORSE, "TENTATIVE")]
    assert told(office.ask(*DAY, by=SKUNK)) == [(SKUNK, "TENTATIVE")]
    cancelled = office.want(*DAY, uid="first", sequence=1, method="CANCEL")
    assert told(cancelled) == [(HORSE, "ACCEPTED")]
    office.now = oslo("2026-12-01 08:00")
    assert told(office.settle()) == [(SKUNK, "DECLINED")]


def test_checking_in() -> None:
    office = Office({ROOM: keys("Checking in")})
    later = "2026-12-01 12:00", "2026-12-01 13:00"
    office.invite(*DAY, uid="a")
    office.invite(*later, uid="b", by="reception@example.com")
    user = office.agent.directory.find(ROOM)
    assert user is not None
    assert check_in(office.store, user, "a", oslo("2026-12-01 09:49")) is None
    office.now = oslo("2026-12-01 10:00")
    assert [a.mail.recipient for a in office.settle()] == [VOLE]
    office.now = oslo("2026-12-01 10:10")
    assert told(office.settle()) == [(VOLE, "DECLINED")]
    office.now = oslo("2026-12-01 12:30")
    assert office.settle() == []
    assert office.everything() == [("b", *later)]


def test_standing_in() -> None:
    pool = {"car-pool": {"delegates": [CADILLAC]}}
    office = Office({ROOM: keys("Standing in for each other"), CADILLAC: {}}, quotas=pool)
    answers = office.want(*DAY)
    answers += office.settle()
    assert told(answers) == [(VOLE, "ACCEPTED")]
    assert CADILLAC in answers[0].text
    assert office.busy(*DAY, CADILLAC) == [DAY]


def test_the_organizers_own_time() -> None:
    office = Office({ROOM: keys("The organizer's own time")})
    for minutes, turned in (("09", True), ("11", False)):
        uid = f"old{minutes}"
        office.now = oslo("2026-11-21 09:00")
        times = f"2026-12-{minutes} 10:00", f"2026-12-{minutes} 11:00"
        assert office.invite(*times, uid=uid) == "ACCEPTED"
        assert office.invite(*times) == "DECLINED"
        office.now = oslo(f"2026-11-21 09:{minutes}")
        answers = office.want(*times, uid=uid, sequence=1, method="CANCEL")
        assert told(answers) == ([(VOLE, "ACCEPTED")] if turned else [])


def test_the_preferences_for_those_who_come_from_elsewhere_exist() -> None:
    _, _, text = (GUIDE / "policies.md").read_text("utf-8").partition("come from Exchange")
    cells = [line.split("|")[2] for line in text.splitlines() if line.startswith("| `")]
    assert len(cells) == 22
    known = {field.name for field in fields(Preferences)}
    words = {w for cell in cells for w in re.findall(r"`([a-z]+_[a-z_]+)", cell)}
    assert words
    functions = {"same_domain_only", "schedule_in_freebusy"}
    assert words - functions <= known


# --- the mails of a pool --------------------------------------------------------------


class Wire:
    """A pool whose every mail is written down: from, to, method, and who attends how."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.lines: list[str] = []

    def want(self, start: str, end: str, *, by: str, uid: str, sequence: int = 0) -> list[str]:
        """Invites the Cadillac; the lines of what is mailed because of it."""
        self.lines = []
        self._note(by, CADILLAC, "REQUEST", "")
        office = self.office
        answers = office.ask(start, end, by=by, to=CADILLAC, uid=uid, sequence=sequence)
        self._route([a.mail for a in answers])
        self._route(list(office.agent.settle(office.now)))
        return self.lines

    def _route(self, mails: list[Mail]) -> None:
        waiting = list(mails)
        while waiting:
            mail = waiting.pop(0)
            sender = str(message_from_bytes(mail.content)["From"]).rpartition("<")[2].rstrip(">")
            read = read_answer(mail)
            self._note(sender, mail.recipient, str(read.calendar["METHOD"]), attending(read))
            if self.office.agent.directory.find(mail.recipient) is not None:
                delivery = self.office.deliver(mail.content, mail.recipient, sender)
                waiting += delivery.mails

    def _note(self, sender: str, recipient: str, method: str, who: str) -> None:
        way = f"{short(sender)} -> {short(recipient)}"
        self.lines.append(f"{way:<29} {method:<8} {who}".rstrip())


def attending(read: Answer) -> str:
    lines = read.components[0]["ATTENDEE"]
    found = lines if isinstance(lines, list) else [lines]
    return ", ".join(
        f"{short(str(a).removeprefix('mailto:'))} {a.params['PARTSTAT']}" for a in found
    )


def short(address: str) -> str:
    return address.partition("@")[0].removeprefix("resource-car-")


def pool(folder: Path, more: str = "") -> Wire:
    (text,) = pieces("pools.md", "Setting one up")
    found = declared(text, folder)
    cars = {name: {**own, **tomllib.loads(more)} for name, own in found.resources.items()}
    office = Office(cars, groups=found.groups, quotas=found.quotas, defaults=found.defaults)
    wire = Wire(office)
    wire.want("2026-12-01 09:00", "2026-12-01 11:00", by=VOLE, uid="taken")
    return wire


def test_the_mails_of_a_pool(tmp_path: Path) -> None:
    first, second, third, fourth = pieces("pools.md", "Who gets which mail", "transcript")
    wire = pool(tmp_path)
    ten, twelve = "2026-12-01 10:00", "2026-12-01 12:00"
    assert wire.want(ten, twelve, by=HORSE, uid="h") == first.splitlines()
    both = wire.want("2026-12-01 10:30", "2026-12-01 11:00", by=SKUNK, uid="s")
    both += wire.want("2026-12-01 11:00", twelve, by=SKUNK, uid="t")
    assert both == second.splitlines()
    moved = wire.want("2026-12-01 10:30", twelve, by=HORSE, uid="h", sequence=1)
    assert moved == third.splitlines()
    wire = pool(tmp_path, 'delegation_reply = "accept_as_asked"')
    told = wire.want(ten, twelve, by=HORSE, uid="h")
    assert told == fourth.splitlines()
