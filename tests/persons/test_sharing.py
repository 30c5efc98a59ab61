"""Free/busy of others as they gave it, and the person's own as it is given: never a title."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from pathlib import Path

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from horarium.booking.persons.known import Known, KnownChange, busy_times, restate, see_event
from horarium.ical.address import parse_address
from horarium.kernel.errors import LimitReached
from horarium.kernel.instant import Instant
from horarium.kernel.period import Period
from horarium.kernel.periodset import PeriodSet
from horarium.runtime.mail_agent import MailAgent
from horarium.runtime.others import rebuild_others
from horarium.runtime.sharing import Publisher
from horarium.runtime.upkeep import run_upkeep
from tests.office import NOW, ROOM, Office, read_answer, request, vevent
from tests.persons.house import (
    HARVEY,
    PAUL,
    VINCENT,
    House,
    calendar_of,
    inbox,
    reply,
    sent,
    told,
)

TEN, ELEVEN = "2026-12-01 10:00", "2026-12-01 11:00"
SHARED = {"freebusy_sharing": "share"}


def freebusy(
    *periods: str, method: str = "PUBLISH", of: str = VINCENT, window: bool = True,
    stamp: str = "20261120T080000Z",
) -> str:  # fmt: skip
    """A VFREEBUSY about 1 December, written in UTC."""
    who = f"ORGANIZER:mailto:{of if method == 'PUBLISH' else PAUL}\n"
    who += "" if method == "PUBLISH" else f"ATTENDEE:mailto:{of}\n"
    bounds = "DTSTART:20261201T000000Z\nDTEND:20261202T000000Z\n" if window else ""
    lines = "".join(f"FREEBUSY{period}\n" for period in periods)
    body = f"BEGIN:VFREEBUSY\nUID:fb\nDTSTAMP:{stamp}\n{who}{bounds}{lines}END:VFREEBUSY\n"
    return request(body, method=method)


def question(of: str = PAUL, by: str = VINCENT, end: str = "20261202T000000Z") -> str:
    return request(
        f"BEGIN:VFREEBUSY\nUID:q1\nDTSTAMP:20261120T080000Z\nORGANIZER:mailto:{by}\n"
        f"ATTENDEE:mailto:{of}\nDTSTART:20261201T000000Z\nDTEND:{end}\nEND:VFREEBUSY\n"
    )


NINE = ":20261201T080000Z/20261201T090000Z"


class TestOthers:
    @pytest.mark.parametrize("method", ["PUBLISH", "REPLY"])
    def test_what_somebody_says_of_their_time_is_kept(self, method: str) -> None:
        house = House()
        house.arrive(freebusy(NINE, method=method), by=VINCENT)
        assert house.known(VINCENT) == [("2026-12-01 09:00", "2026-12-01 10:00", "BUSY")]

    def test_it_replaces_what_was_known_inside_its_window_and_nothing_else(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)  # seen in an event
        house.invited("2026-12-03 10:00", "2026-12-03 11:00", uid="e2")
        house.arrive(freebusy(NINE, stamp="20261120T090000Z"), by=VINCENT)
        assert house.known(VINCENT) == [
            ("2026-12-01 09:00", "2026-12-01 10:00", "BUSY"),
            ("2026-12-03 10:00", "2026-12-03 11:00", "BUSY"),
        ]

    def test_nothing_busy_is_said_too(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        house.arrive(freebusy(stamp="20261120T090000Z"), by=VINCENT)
        assert house.known(VINCENT) == []

    def test_what_was_said_earlier_does_not_replace_what_was_said_later(self) -> None:
        house = House()
        house.arrive(freebusy(NINE, stamp="20261120T090000Z"), by=VINCENT)
        house.arrive(freebusy(stamp="20261119T090000Z"), by=VINCENT)
        assert len(house.known(VINCENT)) == 1

    def test_without_a_window_the_span_of_the_periods_counts(self) -> None:
        house = House()
        house.invited(TEN, ELEVEN)
        text = freebusy(NINE, window=False, stamp="20261120T090000Z")
        house.arrive(text, by=VINCENT)
        assert [start for start, _, _ in house.known(VINCENT)] == ["2026-12-01 09:00", TEN]

    def test_kinds_are_kept_apart_and_free_is_not_kept(self) -> None:
        house = House()
        house.arrive(
            freebusy(
                NINE, ";FBTYPE=FREE:20261201T090000Z/20261201T100000Z",
                ";FBTYPE=BUSY-TENTATIVE:20261201T100000Z/20261201T110000Z",
                ";FBTYPE=BUSY-UNAVAILABLE:20261201T110000Z/PT1H",
            ),
            by=VINCENT,
        )  # fmt: skip
        assert [kind for _, _, kind in house.known(VINCENT)] == [
            "BUSY", "BUSY-TENTATIVE", "BUSY-UNAVAILABLE",
        ]  # fmt: skip

    @pytest.mark.parametrize("method", ["PUBLISH", "REPLY"])
    def test_nobody_speaks_of_anothers_time(self, method: str) -> None:
        house = House()
        delivery = house.arrive(freebusy(NINE, method=method), by=HARVEY)
        assert (house.known(VINCENT), house.known(HARVEY)) == ([], [])
        assert house.last_reason() == "party_mismatch"
        assert len(inbox(delivery)) == 1

    def test_one_from_the_future_would_never_be_replaced(self) -> None:
        house = House()
        house.arrive(freebusy(NINE, stamp="20991231T000000Z"), by=VINCENT)
        assert (house.known(VINCENT), house.last_reason()) == ([], "dtstamp_future")

    def test_the_person_is_told_only_if_wanted(self) -> None:
        assert inbox(House().arrive(freebusy(NINE), by=VINCENT)) == []
        house = House(freebusy_messages="notify")
        assert "tells when they are busy" in told(house.arrive(freebusy(NINE), by=VINCENT))

    def test_what_is_past_is_dropped_by_the_daily_pass(self) -> None:
        house = House()
        house.arrive(freebusy(NINE), by=VINCENT)
        house.now = Instant(house.now + 30 * 86_400)
        house.upkeep()
        assert house.known(VINCENT) == []

    def test_the_known_is_rebuilt_from_the_events(self) -> None:
        """Seed 000: the tool can also reset the records made available to a user."""
        house = House()
        house.invited(TEN, ELEVEN)
        house.arrive(freebusy(":20261202T080000Z/PT1H", of=HARVEY, window=False), by=HARVEY)
        user = house.agent.directory.find(PAUL)
        assert user is not None
        rows = house.store.read(lambda tx: tx.person(user.id).known(VINCENT))
        wrong = Known(rows[0].period, "BUSY", "gone", VINCENT, rows[0].stated)
        house.store.transact(
            [], lambda tx: tx.person(user.id).change_known(KnownChange(tuple(rows), (wrong,)))
        )
        for apply in (False, True):
            (found,) = rebuild_others(house.store, house.settings, PAUL, house.now, apply=apply)
            assert (found.missing, found.surplus) == (tuple(rows), (wrong,))
        assert rebuild_others(house.store, house.settings, PAUL, house.now, apply=True) == []
        assert house.known(VINCENT) == [(TEN, ELEVEN, "BUSY")]
        # What somebody stated is left alone: only they can say it anew.
        assert house.known(HARVEY) == [("2026-12-02 09:00", "2026-12-02 10:00", "BUSY")]


HOURS = st.integers(0, 12)
STATEMENTS = st.lists(
    st.tuples(HOURS, HOURS, st.lists(st.tuples(HOURS, HOURS), max_size=3), st.integers(0, 5)),
    max_size=6,
)


def _period(start: int, end: int) -> Period | None:
    return Period(Instant(start), Instant(end)) if start < end else None


@given(STATEMENTS)
def test_each_hour_is_as_the_newest_word_on_it_says(
    statements: list[tuple[int, int, list[tuple[int, int]], int]],
) -> None:
    """Against the plain reading: hour by hour, the newest statement that covers it; of equal ones
    the last that came."""
    rows: list[Known] = []
    plain: dict[int, tuple[int, bool]] = {}
    for start, end, busy, stated in statements:
        window = _period(start, end)
        if window is None:
            continue
        periods = PeriodSet(p for a, b in busy if (p := _period(a, b)) is not None)
        change = restate(rows, VINCENT, window, {"BUSY": periods}, Instant(stated))
        if change is not None:
            rows = [row for row in rows if row not in change.gone] + list(change.come)
        for hour in range(start, end):
            if hour not in plain or plain[hour][0] <= stated:
                plain[hour] = (stated, periods.contains(Instant(hour)))
    known = busy_times(rows, Period(Instant(0), Instant(13))).get("BUSY", PeriodSet())
    assert {h for h in range(13) if known.contains(Instant(h))} == {
        hour for hour, (_, busy) in plain.items() if busy
    }


def test_one_party_can_not_fill_the_store() -> None:
    many = [(Period(Instant(2 * i), Instant(2 * i + 1)), "BUSY") for i in range(20_001)]
    with pytest.raises(LimitReached):
        see_event([], VINCENT, "e1", many, NOW)


class TestOwn:
    def busy(self, house: House) -> list[tuple[str, str]]:
        (mail,) = sent(house.arrive(question(), by=VINCENT))
        component = read_answer(mail).calendar.walk("VFREEBUSY")[0]
        assert str(component["UID"]) == "q1"
        text = component.to_ical().replace(b"\r\n ", b"").decode()
        lines = [line for line in text.splitlines() if line.startswith("FREEBUSY")]
        parts = (line.removeprefix("FREEBUSY;FBTYPE=").split(":") for line in lines)
        return [(kind, period) for kind, periods in parts for period in periods.split(",")]

    def test_a_question_is_answered_only_where_free_busy_is_shared(self) -> None:
        house = House()
        delivery = house.arrive(question(), by=VINCENT)
        assert sent(delivery) == []
        assert "Nothing was answered" in told(delivery)

    def test_it_says_what_the_person_takes_part_in(self) -> None:
        house = House(**SHARED)
        house.invited(TEN, ELEVEN)
        assert self.busy(house) == []  # not answered yet: not busy
        house.accepts(TEN, ELEVEN)
        assert self.busy(house) == [("BUSY", "20261201T090000Z/20261201T100000Z")]

    def test_what_is_perhaps_and_what_was_proposed_is_tentative(self) -> None:
        house = House(freebusy_offers="PT1H", **SHARED)
        house.invited(TEN, ELEVEN)
        house.leave(reply("e1", TEN, ELEVEN, partstat="TENTATIVE"))
        proposal = vevent("e1", "2026-12-01 14:00", "2026-12-01 15:00", to=(PAUL,))
        house.leave(request(proposal, method="COUNTER"))
        assert self.busy(house) == [
            ("BUSY-TENTATIVE", "20261201T090000Z/20261201T100000Z"),
            ("BUSY-TENTATIVE", "20261201T130000Z/20261201T140000Z"),
        ]

    def test_outside_the_hours_the_person_is_unavailable(self) -> None:
        house = House(working_hours="mon-fri 08:00-16:00", **SHARED)
        assert {kind for kind, _ in self.busy(house)} == {"BUSY-UNAVAILABLE"}


BUNDLED = {"freebusy_sharing": "share", "freebusy_bundling": "always"}


class TestBundling:
    def test_free_busy_goes_along_with_a_rooms_reply(self) -> None:
        office = Office({ROOM: BUNDLED})
        data = office.mail(request(vevent("e1", TEN, ELEVEN, to=(ROOM,))), by=VINCENT, to=ROOM)
        (mail,) = office.deliver(data, ROOM, VINCENT).mails
        message = email.message_from_bytes(mail.content, policy=email.policy.default)
        assert max(map(len, mail.content.split(b"\r\n"))) <= 998
        kinds = [part.get_content_type() for part in message.walk()]
        assert kinds == [
            "multipart/mixed", "multipart/alternative", "text/plain", "text/calendar",
            "text/calendar",
        ]  # fmt: skip
        assert str(calendar_of(mail)["METHOD"]) == "REPLY"  # the answer stands first
        assert message["X-Horarium-Decision"]
        part = list(message.walk())[4]
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        published = icalendar.Calendar.from_ical(data)
        assert str(published["METHOD"]) == "PUBLISH"
        assert part.get_param("method") == "PUBLISH"
        component = published.walk("VFREEBUSY")[0]
        assert str(component["UID"]) == f"mailto:{ROOM}"
        assert str(component["ORGANIZER"]) == f"mailto:{ROOM}"
        # What was booked just now is in it.
        assert b"20261201T090000Z/20261201T100000Z" in data
        assert b"Meeting" not in data

    @pytest.mark.parametrize(
        "preferences",
        [{"freebusy_bundling": "always"}, {"freebusy_sharing": "share"}, {}],
    )
    def test_only_where_it_is_shared_and_wanted(self, preferences: dict[str, object]) -> None:
        office = Office({ROOM: preferences})
        (answer,) = office.ask(TEN, ELEVEN)
        assert answer.message.get_content_type() == "multipart/alternative"

    def test_an_answer_that_is_about_free_busy_carries_it_once(self) -> None:
        office = Office({ROOM: BUNDLED})
        data = office.mail(question(ROOM), by=VINCENT, to=ROOM)
        (mail,) = office.deliver(data, ROOM, VINCENT).mails
        assert mail.content.count(b"Content-Type: text/calendar") == 1

    def test_a_person_reads_both(self) -> None:
        """What a room with bundling answers, a person's records take in."""
        house = House()
        invitation = request(vevent("e1", TEN, ELEVEN, by=PAUL, to=(ROOM,)))
        house.leave(invitation)
        office = Office({ROOM: BUNDLED})
        data = office.mail(invitation, by=PAUL, to=ROOM)
        (mail,) = office.deliver(data, ROOM, PAUL).mails
        house.deliver(mail.content, PAUL, ROOM)
        assert house.notes().partstat(ROOM, None) == "ACCEPTED"
        assert house.known(ROOM) == [(TEN, ELEVEN, "BUSY")]


PUBLISHED = {"freebusy_sharing": "share", "freebusy_publishing": "publish"}


class TestPublishing:
    def office(self, folder: Path, **preferences: object) -> tuple[House, Publisher, Path]:
        house = House(**(preferences or PUBLISHED))
        publisher = Publisher(house.store, folder)
        house.agent = MailAgent(house.store, house.settings, publisher)
        user = house.agent.directory.find(PAUL)
        assert user is not None
        return house, publisher, publisher.path(user)

    def test_the_document_is_written_after_each_change(self, tmp_path: Path) -> None:
        house, _, path = self.office(tmp_path)
        house.invited(TEN, ELEVEN)
        assert b"FREEBUSY;" not in path.read_bytes()
        house.accepts(TEN, ELEVEN)
        data = path.read_bytes()
        assert path.name == "paul.boddie@example.com.ifb"
        component = icalendar.Calendar.from_ical(data).walk("VFREEBUSY")[0]
        assert str(component["UID"]) == f"mailto:{PAUL}"
        assert b"METHOD:PUBLISH" in data
        assert b"FREEBUSY;FBTYPE=BUSY:20261201T090000Z/20261201T100000Z" in data
        for word in (b"Meeting", b"vincent"):
            assert word not in data
        assert component["DTSTART"].dt.isoformat() == "2026-11-20T08:00:00+00:00"
        assert component["DTEND"].dt.isoformat() == "2027-03-01T08:00:00+00:00"
        assert [p.name for p in tmp_path.iterdir()] == [path.name]  # nothing half-written

    def test_without_sharing_nothing_is_published(self, tmp_path: Path) -> None:
        house, publisher, path = self.office(tmp_path, freebusy_publishing="publish")
        house.invited(TEN, ELEVEN)
        user = house.agent.directory.find(PAUL)
        assert user is not None
        with pytest.raises(PermissionError, match="does not share"):
            publisher.publish(user, house.now)
        assert not path.exists()

    def test_the_daily_pass_mends_and_removes(self, tmp_path: Path) -> None:
        house, publisher, path = self.office(tmp_path)
        stray = tmp_path / "gone@example.com.ifb"
        stray.write_text("old")
        report = run_upkeep(house.store, house.settings, house.now, publisher)
        assert report.failures == []
        assert path.exists()
        assert not stray.exists()

    def test_a_folder_that_can_not_be_written_undoes_nothing(self, tmp_path: Path) -> None:
        blocked = tmp_path / "file"
        blocked.write_text("no folder")
        house, publisher, _ = self.office(blocked)
        assert house.invited(TEN, ELEVEN).text == "RECORDED"
        report = run_upkeep(house.store, house.settings, house.now, publisher)
        assert len(report.failures) == 1

    def test_a_name_leads_to_no_other_folder(self, tmp_path: Path) -> None:
        house, publisher, _ = self.office(tmp_path)
        user = house.agent.directory.find(PAUL)
        assert user is not None
        odd = replace(user.resource, address=parse_address("x/y/z@example.com"))
        assert publisher.path(replace(user, resource=odd)).parent == tmp_path


def test_the_answer_of_the_calendar_is_read_by_other_programs() -> None:
    house = House(**SHARED)
    house.invited(TEN, ELEVEN)
    house.accepts(TEN, ELEVEN)
    (mail,) = sent(house.arrive(question(), by=VINCENT))
    assert str(calendar_of(mail)["METHOD"]) == "REPLY"
