"""The waiting list: who is asked first for what is freed, and how an entry ends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from horarium.appointments.allocation import Request
from horarium.appointments.appointment import Client, State
from horarium.appointments.declared import faults
from horarium.appointments.hours import HostHours
from horarium.appointments.rules import Rules
from horarium.appointments.waiting import End, Entry, check_entry, in_order, offered_until
from horarium.kernel.errors import Conflict, InvalidInput, LimitReached, NotFound
from horarium.kernel.instant import Instant, format_instant, parse_instant
from horarium.kernel.period import Period
from horarium.kernel.weekday import Weekday
from horarium.kernel.zone import named
from horarium.runtime.waiting import Listed
from tests.appointments.reception import OBJECTS, Reception

SERVICES = """
[appointer.dan]
mail = "dan@example.org"
zone = "UTC"
hours = ["mon-fri 09:00-10:00"]
[service.talk]
by = "dan"
verify_email = false
[service.auto]
by = "dan"
waiting = "auto"
verify_email = false
[service.all]
by = "dan"
waiting = "all"
[service.class]
by = "bea"
duration = "60m"
seats = 3
[assistant.two]
mode = "least-recent"
appointers = ["dan", "cleo"]
[service.shared]
by = "two"
duration = "60m"
"""


@pytest.fixture
def desk(tmp_path: Path) -> Reception:
    return Reception(tmp_path / "site", more=SERVICES)


def wait(of: Reception, who: str, service: str = "talk", **more: object) -> Listed:
    """Somebody waits for all of Monday, unless told otherwise."""
    spans = more.pop("spans", (Period(of.at("00:00"), of.at("11 00:00")),))
    client = Client(who, f"{who}@example.net")
    return of.desk.wait(Entry("", service, client, spans, of.now, **more), of.now)  # type: ignore[arg-type]


def told(of: Reception, who: str) -> list[str]:
    return [subject for to, subject in of.mails() if to == f"{who}@example.net"]


def secret(of: Reception, path: str, who: str) -> str:
    """The secret of the link that somebody was mailed last."""
    texts = [
        letter.get_payload(decode=True).decode()
        for letter in of.letters
        if letter["To"].strip("<>") == f"{who}@example.net" and not letter.is_multipart()
    ]
    return re.findall(rf"/{path}/(\S+)", texts[-1])[0]


def offers(of: Reception) -> list[tuple[str, str]]:
    """Who has a start held for them now, and which."""
    span = Period(of.now, Instant(of.now + 30 * 86_400))
    return [
        (item.client.name, format_instant(item.slot.start)[8:16])
        for item in of.desk.list(span)
        if item.state_at(of.now) is State.HELD and item.source == "waitlist"
    ]


def full(of: Reception, service: str = "talk") -> list[str]:
    """Dan's Monday is taken; the secrets of the links."""
    return [of.book(time, "eve", service).token for time in ("09:00", "09:30")]


# --- who is asked ------------------------------------------------------------------


BERLIN = HostHours(Rules(named("Europe/Berlin")))


def entry(name: str = "bob", **more: object) -> Entry:
    values = {
        "spans": (Period(slot("10T00:00").start, slot("17T00:00").start),),
        "created": Instant(0),
        **more,
    }  # fmt: skip
    return Entry(name, "talk", Client(name, f"{name}@example.net"), **values)  # type: ignore[arg-type]


def slot(text: str, minutes: int = 30) -> Period:
    start = parse_instant(f"2027-05-{text}:00Z")
    return Period(start, Instant(start + minutes * 60))


def test_the_highest_priority_comes_first_and_then_who_waited_longest() -> None:
    entries = [
        entry("late", created=Instant(9)),
        entry("low", priority=1),
        entry("early", created=Instant(5)),
        entry("high", priority=5, created=Instant(99)),
    ]
    assert [e.id for e in in_order(entries)] == ["high", "early", "late", "low"]


@pytest.mark.parametrize(
    ("what", "time", "wanted"),
    [
        ({}, "10T00:00", True),
        ({}, "16T23:30", True),
        ({}, "16T23:31", False),
        ({}, "09T23:59", False),
        ({"weekdays": frozenset({Weekday.TU})}, "11T08:00", True),
        ({"weekdays": frozenset({Weekday.TU})}, "10T08:00", False),
        # 22:30 in UTC on Monday is Tuesday on the clock of the host.
        ({"weekdays": frozenset({Weekday.TU})}, "10T22:30", True),
        ({"between": (9 * 3600, 12 * 3600)}, "10T07:00", True),
        ({"between": (9 * 3600, 12 * 3600)}, "10T09:59", True),
        ({"between": (9 * 3600, 12 * 3600)}, "10T10:00", False),
        ({"between": (9 * 3600, 12 * 3600)}, "10T06:59", False),
    ],
)
def test_what_somebody_waits_for(what: dict[str, object], time: str, wanted: bool) -> None:
    assert entry(**what).wants(slot(time), BERLIN) is wanted


def test_an_offer_is_cut_by_the_notice_and_not_made_below_a_quarter_of_an_hour() -> None:
    now = parse_instant("2027-05-10T06:00:00Z")
    start = slot("10T09:00").start
    assert offered_until(7200, 3600, start, now) == now + 7200
    assert offered_until(7200, 5400, start, now) == start - 5400
    assert offered_until(7200, 3 * 3600 - 900, start, now) == now + 900
    assert offered_until(7200, 3 * 3600 - 899, start, now) is None


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"spans": ()}, "1 to 20"),
        ({"spans": (Period(Instant(0), Instant(93 * 86_400)),)}, "92 days"),
        ({"priority": 6}, "1 to 5"),
        ({"between": (3600, 3600)}, "before it ends"),
        ({"between": (3600, 86_401)}, "before it ends"),
    ],
)
def test_what_nobody_can_wait_for(what: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check_entry(entry(**what), Instant(0))


def test_who_waits_can_be_reached_and_for_what_is_to_come() -> None:
    with pytest.raises(InvalidInput, match="passed"):
        check_entry(entry(), parse_instant("2027-05-17T00:00:00Z"))
    with pytest.raises(InvalidInput, match="mailed"):
        check_entry(Entry("x", "talk", Client("x"), entry().spans, Instant(0)), Instant(0))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [("waiting", "any", "none of offer, auto, all"), ("offer", "5m", "not from 900 s")],
)
def test_keys_of_a_service(key: str, value: str, message: str) -> None:
    [(where, why)] = faults("service", "talk", {"by": "dan", key: value})
    assert where == key
    assert message in why


# --- the list ----------------------------------------------------------------------


def test_one_entry_of_a_client_for_a_service(desk: Reception) -> None:
    first = wait(desk, "bob")
    with pytest.raises(Conflict, match="waits for talk already"):
        wait(desk, "bob")
    wait(desk, "bob", "class")
    desk.desk.withdraw(first.token, desk.now)
    wait(desk, "bob")
    assert [e.service for e in desk.desk.waiting()] == ["class", "talk"]
    assert [e.service for e in desk.desk.waiting("talk")] == ["talk"]


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ({"service": "tlak"}, NotFound),
        ({"host": "bea"}, NotFound),
        ({"seats": 2}, LimitReached),
        ({"duration": 60}, InvalidInput),
    ],
)
def test_what_the_service_does_not_have(
    desk: Reception, what: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        wait(desk, "bob", **what)


def test_who_waits_is_told_and_can_leave_by_the_link(desk: Reception) -> None:
    wait(desk, "bob")
    assert told(desk, "bob") == ["You are on the waiting list: talk"]
    token = secret(desk, "a/waiting", "bob")
    assert desk.desk.withdraw(token, desk.now).end is End.WITHDRAWN
    assert desk.desk.withdraw(token, desk.now).end is End.WITHDRAWN
    assert told(desk, "bob") == ["Your place on the waiting list has ended: talk"]
    assert desk.desk.waiting() == []
    with pytest.raises(NotFound):
        desk.desk.withdraw("x", desk.now)


def test_an_entry_ends_with_its_last_span_and_says_so_once(desk: Reception) -> None:
    wait(desk, "bob")
    desk.mails()
    desk.now = desk.at("10 23:59")
    desk.desk.sweep(desk.now)
    assert told(desk, "bob") == []
    desk.now = desk.at("11 00:00")
    assert desk.desk.sweep(desk.now) == 1
    assert desk.desk.sweep(desk.now) == 0
    assert told(desk, "bob") == ["Your place on the waiting list has ended: talk"]


# --- offers ------------------------------------------------------------------------


def test_what_is_cancelled_is_offered_to_the_first_who_waits(desk: Reception) -> None:
    first, _ = full(desk)
    wait(desk, "bob")
    wait(desk, "kim", priority=5)
    assert offers(desk) == []
    desk.mails()
    desk.desk.cancel(first, "", desk.now)
    assert offers(desk) == [("kim", "10T09:00")]
    assert "09:00" not in desk.starts("talk")
    assert told(desk, "kim") == ["Free for you: talk, dan, 2027-05-10 09:00-09:30 +00:00 (UTC)"]
    desk.desk.accept(secret(desk, "book/hold", "kim"), desk.now)
    assert [e.client.name for e in desk.desk.waiting()] == ["bob"]
    assert [s.partition(":")[0] for s in told(desk, "kim")] == ["Your appointment"]


def test_an_offer_that_lapses_goes_to_the_next_and_does_not_come_back(desk: Reception) -> None:
    first, _ = full(desk)
    wait(desk, "bob")
    wait(desk, "kim")
    desk.desk.cancel(first, "", desk.now)
    assert offers(desk) == [("bob", "10T09:00")]
    desk.now = Instant(desk.now + 7_200)
    assert offers(desk) == []
    desk.desk.sweep(desk.now)
    assert offers(desk) == [("kim", "10T09:00")]
    desk.now = Instant(desk.now + 7_200)
    desk.desk.sweep(desk.now)
    assert offers(desk) == []
    assert "09:00" in desk.starts("talk")
    # Both wait on: what is freed anew is a new chance.
    desk.book("09:00", "ann", "talk")
    desk.desk.cancel(desk.book("11 09:00", "ann", "talk").token, "", desk.now)
    assert offers(desk) == []
    [item] = [i for i in desk.desk.list(Period(desk.now, desk.at("10 09:01"))) if i.live(desk.now)]
    desk.desk.cancel_by_staff(item.id, "", desk.now)
    assert offers(desk) == [("bob", "10T09:00")]


def test_what_is_refused_goes_to_the_next_at_once(desk: Reception) -> None:
    first, _ = full(desk)
    wait(desk, "bob")
    wait(desk, "kim")
    desk.desk.cancel(first, "", desk.now)
    desk.mails()
    desk.desk.release(secret(desk, "book/hold", "bob"), desk.now)
    assert offers(desk) == [("kim", "10T09:00")]


def test_moving_and_expiring_free_time_too(desk: Reception) -> None:
    first, second = full(desk)
    wait(desk, "bob")
    desk.desk.move(first, desk.at("11 09:00"), desk.now)
    assert offers(desk) == [("bob", "10T09:00")]
    wait(desk, "kim", spans=(Period(desk.at("12 00:00"), desk.at("13 00:00")),))
    desk.hold("12 09:00", "talk")
    desk.now = Instant(desk.now + 600)
    desk.desk.sweep(desk.now)
    assert ("kim", "12T09:00") in offers(desk)
    assert desk.desk.manage(second).slot.start == desk.at("09:30")


def test_what_does_not_fit_is_not_offered(desk: Reception) -> None:
    first, second = full(desk)
    wait(desk, "bob", between=(9 * 3600 + 1800, 12 * 3600))
    wait(desk, "kim", weekdays=frozenset({Weekday.FR}))
    desk.desk.cancel(first, "", desk.now)
    assert offers(desk) == []
    desk.desk.cancel(second, "", desk.now)
    assert offers(desk) == [("bob", "10T09:30")]


def test_near_the_start_nothing_is_offered(desk: Reception) -> None:
    first, second = full(desk)
    wait(desk, "bob")
    desk.now = Instant(desk.at("08:00") - 899)
    desk.desk.cancel_by_staff(desk.desk.manage(first).id, "", desk.now)
    assert offers(desk) == []
    desk.desk.cancel_by_staff(desk.desk.manage(second).id, "", desk.now)
    assert offers(desk) == [("bob", "10T09:30")]
    [held] = [i for i in desk.desk.list(Period(desk.now, desk.at("12:00"))) if i.live(desk.now)]
    assert held.expires == desk.at("08:30")


def test_one_waits_for_seats_of_a_full_session(desk: Reception) -> None:
    one = desk.book("09:00", "eve", "class", seats=2).token
    two = desk.book("09:00", "ann", "class").token
    nine = (Period(desk.at("09:00"), desk.at("10:00")),)
    wait(desk, "bob", "class", seats=2, spans=nine)
    wait(desk, "kim", "class", spans=nine)
    desk.desk.cancel(two, "", desk.now)
    assert offers(desk) == [("kim", "10T09:00")]
    desk.desk.cancel(one, "", desk.now)
    assert sorted(offers(desk)) == [("bob", "10T09:00"), ("kim", "10T09:00")]


def test_one_waits_for_anyone_or_for_one_host(desk: Reception) -> None:
    nine = (Period(desk.at("09:00"), desk.at("10:00")),)
    tokens = {name: desk.book("09:00", name, "shared", host=name).token for name in ("dan", "cleo")}
    wait(desk, "bob", "shared", host="cleo", spans=nine)
    wait(desk, "kim", "shared", spans=nine)
    desk.desk.cancel(tokens["dan"], "", desk.now)
    assert offers(desk) == [("kim", "10T09:00")]
    desk.desk.cancel(tokens["cleo"], "", desk.now)
    assert sorted(offers(desk)) == [("bob", "10T09:00"), ("kim", "10T09:00")]


def test_who_leaves_the_list_gives_the_offer_up(desk: Reception) -> None:
    first, _ = full(desk)
    listed = wait(desk, "bob")
    wait(desk, "kim")
    desk.desk.cancel(first, "", desk.now)
    desk.desk.stop_waiting(listed.entry.id, desk.now)
    assert offers(desk) == [("kim", "10T09:00")]
    with pytest.raises(NotFound):
        desk.desk.stop_waiting("x", desk.now)


def test_who_books_what_they_wait_for_waits_no_more(desk: Reception) -> None:
    full(desk)
    wait(desk, "bob", spans=(Period(desk.at("10 00:00"), desk.at("12 00:00")),))
    desk.book("12 09:00", "bob", "talk")
    assert len(desk.desk.waiting()) == 1
    desk.mails()
    desk.book("11 09:00", "bob", "talk")
    assert desk.desk.waiting() == []
    assert [s.partition(":")[0] for s in told(desk, "bob")] == ["Your appointment"]


def test_offers_keep_to_the_limit_of_a_client(tmp_path: Path) -> None:
    more = SERVICES.replace("[service.talk]\n", "[service.talk]\nclient_limit = 1\n")
    desk = Reception(tmp_path / "site", more=more)
    first = desk.book("09:00", "eve", "talk").token
    wait(desk, "bob")
    desk.desk.cancel(first, "", desk.now)
    desk.mails()
    taken = desk.desk.accept(secret(desk, "book/hold", "bob"), desk.now)
    assert taken.state is State.CONFIRMED
    second = desk.book("09:30", "ann", "talk").token
    wait(desk, "bob")
    desk.desk.cancel(second, "", desk.now)
    assert offers(desk) == []


# --- the other modes ---------------------------------------------------------------


def test_auto_books_at_once(desk: Reception) -> None:
    first, second = full(desk, "auto")
    wait(desk, "bob", "auto")
    wait(desk, "kim", "auto")
    desk.mails()
    desk.desk.cancel(first, "", desk.now)
    [subject] = told(desk, "bob")
    assert subject.startswith("Your appointment: auto, dan, 2027-05-10 09:00")
    assert [e.client.name for e in desk.desk.waiting()] == ["kim"]
    desk.desk.cancel(second, "", desk.now)
    assert desk.desk.waiting() == []


def test_all_are_told_once_and_the_time_is_for_the_first_who_comes(desk: Reception) -> None:
    first, _ = full(desk, "all")
    wait(desk, "bob", "all")
    wait(desk, "kim", "all")
    desk.mails()
    desk.desk.cancel(first, "", desk.now)
    assert "09:00" in desk.starts("all")
    subjects = sorted(desk.mails())
    assert [(to, s.partition(",")[0]) for to, s in subjects if s.startswith("Time")] == [
        ("bob@example.net", "Time is free: all"),
        ("kim@example.net", "Time is free: all"),
    ]
    desk.desk.sweep(desk.now)
    assert desk.mails() == []
    desk.book("09:00", "kim", "all")
    assert [e.client.name for e in desk.desk.waiting()] == ["bob"]


# --- hours ------------------------------------------------------------------------


def test_hours_that_widen_free_time(desk: Reception) -> None:
    full(desk)
    wait(desk, "bob")
    wider = OBJECTS + SERVICES.replace("mon-fri 09:00-10:00", "mon-fri 09:00-10:30")
    desk.apply(wider)
    desk.desk.sweep(desk.now)
    assert offers(desk) == [("bob", "10T10:00")]


def test_forgetting_a_client_drops_what_they_waited_for(desk: Reception) -> None:
    desk.desk.withdraw(wait(desk, "bob").token, desk.now)
    wait(desk, "kim")
    assert desk.desk.forget("bob@example.net", desk.now) == 1
    assert desk.desk.forget("kim@example.net", desk.now) == 0


def test_a_request_that_is_refused_frees_its_time(tmp_path: Path) -> None:
    more = SERVICES.replace("[service.talk]\n", '[service.talk]\napproval = "host"\n')
    desk = Reception(tmp_path / "site", more=more)
    desk.book("09:30", "eve", "talk")
    asked = desk.hold("09:00", "talk")
    desk.desk.confirm(asked.token, Client("ann", "ann@example.net"), desk.now)
    wait(desk, "bob")
    assert offers(desk) == []
    desk.desk.refuse(asked.item.id, "", desk.now)
    assert offers(desk) == [("bob", "10T09:00")]


def test_a_slot_that_was_pushed_back_is_for_those_who_wait(desk: Reception) -> None:
    desk.apply(OBJECTS + SERVICES + '[assistant.one]\nappointers = ["dan"]\n')
    given = desk.generators.get_of_team("one", Request(1800), desk.now)
    assert given.slot.start == desk.at("09:00")
    wait(desk, "bob", between=(9 * 3600, 9 * 3600 + 1))
    desk.generators.push_back("one", given.slot, desk.now)
    desk.desk.sweep(desk.now)
    assert offers(desk) == [("bob", "10T09:00")]


def test_where_a_limit_was_reached_one_less_frees_other_times(tmp_path: Path) -> None:
    more = SERVICES.replace("[service.talk]\n", '[service.talk]\nlimits = ["host day count 1"]\n')
    desk = Reception(tmp_path / "site", more=more)
    only = desk.book("09:00", "eve", "talk").token
    wait(desk, "bob", between=(9 * 3600 + 1800, 12 * 3600))
    desk.desk.cancel(only, "", desk.now)
    assert offers(desk) == [("bob", "10T09:30")]


def test_buffers_that_are_freed_count(tmp_path: Path) -> None:
    more = SERVICES.replace("[service.talk]\n", '[service.talk]\nafter = "30m"\n')
    desk = Reception(tmp_path / "site", more=more)
    only = desk.book("09:30", "eve", "talk").token
    wait(desk, "bob", between=(9 * 3600, 9 * 3600 + 1))
    desk.desk.cancel(only, "", desk.now)
    assert offers(desk) == [("bob", "10T09:00")]


def test_one_freed_start_is_offered_to_one_only(desk: Reception) -> None:
    first, second = full(desk)
    for number in range(6):
        wait(desk, f"w{number}")
    desk.desk.cancel(first, "", desk.now)
    desk.desk.cancel(second, "", desk.now)
    assert offers(desk) == [("w0", "10T09:00"), ("w1", "10T09:30")]
    # They lapse, one after the other: each start is offered to each of the six once, and no more.
    made = offers(desk)
    for _ in range(8):
        desk.now = Instant(desk.now + 7_200)
        desk.desk.sweep(desk.now)
        now = offers(desk)
        assert len({start for _, start in now}) == len({name for name, _ in now}) == len(now)
        made += now
    assert len(made) == len(set(made)) == 12
