"""The desk: holds, appointments, moving and cancelling, turns, seats, and who is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from horarium.appointments.appointment import Client, State
from horarium.appointments.codes import Code
from horarium.appointments.errors import SlotTaken, TooLate, WrongState
from horarium.kernel.errors import InvalidInput, LimitReached, NotFound
from horarium.kernel.instant import Instant, format_instant
from horarium.runtime.sweeping import sweep
from horarium.runtime.wishing import Terms
from tests.appointments.reception import OBJECTS, Reception

BOB = Client("Bob", "bob@example.net")

SERVICES = """
[service.talk]
name = "A talk"
by = "ana"
duration = "30m"
verify_email = false
cancel_notice = "24h"
move_notice = "2h"
[service.class]
by = "bea"
duration = "60m"
seats = 3
verify_email = false
[service.visit]
by = "bea"
verify_email = false
approval = "host"
client_limit = 1
[service.mailed]
by = "bea"
[assistant.both]
mode = "collective"
appointers = ["ana", "bea"]
[service.interview]
by = "both"
duration = "60m"
verify_email = false
[assistant.panel]
mode = "collective"
appointers = ["ana", "bea", "cleo"]
groups = [["bea", "cleo"]]
[service.panel]
by = "panel"
duration = "60m"
verify_email = false
[assistant.recent]
mode = "least-recent"
appointers = ["ana", "bea", "cleo"]
[service.recent]
by = "recent"
verify_email = false
"""


@pytest.fixture
def desk(tmp_path: Path) -> Reception:
    return Reception(tmp_path / "site", more=SERVICES)


def state(of: Reception, id_: str) -> State:
    return of.desk.find(id_).state_at(of.now)


# --- holding and confirming ----------------------------------------------------


def test_a_hold_takes_the_time_and_ends_by_itself(desk: Reception) -> None:
    held = desk.hold("09:00", "talk")
    assert "09:00" not in desk.starts("talk")
    assert desk.held("room-2@example.org") == ["10T09:00 pending"]
    desk.now = Instant(desk.now + 599)
    assert "09:00" not in desk.starts("talk")
    desk.now = Instant(desk.now + 1)
    assert "09:00" in desk.starts("talk")
    assert desk.held("room-2@example.org") == []
    assert state(desk, held.item.id) is State.EXPIRED
    assert desk.desk.sweep(desk.now) == 1
    assert desk.desk.sweep(desk.now) == 0


def test_a_hold_is_confirmed_once_and_says_the_same_again(desk: Reception) -> None:
    held = desk.hold("09:00", "talk")
    first = desk.desk.confirm(held.token, BOB, desk.now)
    assert first.state is State.CONFIRMED
    assert desk.desk.confirm(held.token, BOB, desk.now) == first
    assert desk.held("room-2@example.org") == ["10T09:00 booked"]
    assert sorted(desk.mails()) == [
        ("ana@example.org", "Appointment: A talk, Ana Ruiz, 2027-05-10 09:00-09:30 +00:00 (UTC)"),
        (
            "bob@example.net",
            "Your appointment: A talk, Ana Ruiz, 2027-05-10 09:00-09:30 +00:00 (UTC)",
        ),
    ]
    for event in desk.calendars():
        assert str(event["UID"]) == first.uid
        assert int(event["SEQUENCE"]) == 0
        assert str(event["ORGANIZER"]) == "mailto:ana@example.org"
        assert event["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"


def test_a_hold_that_is_over_is_confirmed_while_the_time_is_free(desk: Reception) -> None:
    held = desk.hold("09:00", "talk")
    desk.now = Instant(desk.now + 3_600)
    assert desk.desk.confirm(held.token, BOB, desk.now).state is State.CONFIRMED


def test_and_refused_with_others_when_it_is_gone(desk: Reception) -> None:
    late = desk.hold("09:00", "talk")
    desk.now = Instant(desk.now + 3_600)
    desk.book("09:00", service="talk")
    with pytest.raises(SlotTaken) as gone:
        desk.desk.confirm(late.token, BOB, desk.now)
    assert gone.value.codes == (Code.BUSY_APPOINTMENT,)
    assert [format_instant(t)[8:16] for t in gone.value.alternatives] == [
        "10T09:30", "10T10:00", "10T10:30",
    ]  # fmt: skip


def test_a_hold_is_given_up_or_lasts_longer(desk: Reception) -> None:
    held = desk.hold("09:00", "talk")
    longer = desk.desk.extend(held.token, desk.now, 1_200)
    assert longer.expires == desk.now + 1_200
    assert desk.desk.extend(held.token, desk.now, 9_999).expires == desk.now + 1_800
    assert desk.desk.release(held.token, desk.now).state is State.RELEASED
    assert desk.desk.release(held.token, desk.now).state is State.RELEASED
    assert "09:00" in desk.starts("talk")
    with pytest.raises(WrongState):
        desk.desk.confirm(held.token, BOB, desk.now)


@pytest.mark.parametrize("token", ["", "x", "é", "\udcff", "a" * 10_000])
def test_links_that_lead_nowhere_look_alike(desk: Reception, token: str) -> None:
    for act in (desk.desk.manage, lambda t: desk.desk.release(t, desk.now),
                lambda t: desk.desk.verify(t, desk.now)):  # fmt: skip
        with pytest.raises(NotFound, match="not valid, or no longer"):
            act(token)


def test_an_address_is_proven_by_coming_back(desk: Reception) -> None:
    held = desk.hold("09:00", "mailed")
    waiting = desk.desk.confirm(held.token, BOB, desk.now)
    assert waiting.state is State.PENDING
    assert waiting.expires == desk.now + 1_800
    [(to, subject)] = desk.mails()
    assert (to, subject[:14]) == ("bob@example.net", "Please confirm")
    body = desk.letters[0].get_payload(decode=True).decode()
    secret = body.rsplit("/a/verify/", 1)[1].split()[0]
    assert desk.desk.verify(secret, desk.now).state is State.CONFIRMED
    with pytest.raises(NotFound):
        desk.desk.verify(secret, desk.now)


def test_a_host_agrees_or_not(desk: Reception) -> None:
    one, two = desk.hold("09:00", "visit"), desk.hold("10:00", "visit")
    for held, name in ((one, "bob"), (two, "eva")):
        waiting = desk.desk.confirm(held.token, Client(name, f"{name}@example.net"), desk.now)
        assert waiting.state is State.PENDING
    assert desk.desk.approve(one.item.id, desk.now).state is State.CONFIRMED
    assert desk.desk.refuse(two.item.id, "we move house", desk.now).state is State.REFUSED
    assert "10:00" in desk.starts("visit")
    told = [subject for to, subject in desk.mails() if to == "eva@example.net"]
    assert [subject.split(":")[0] for subject in told] == ["Your request", "Not possible"]
    with pytest.raises(WrongState):
        desk.desk.approve(two.item.id, desk.now)


def test_a_client_has_so_many_to_come(desk: Reception) -> None:
    desk.desk.confirm(desk.hold("09:00", "visit").token, BOB, desk.now)
    with pytest.raises(SlotTaken) as refused:
        desk.desk.confirm(desk.hold("10:00", "visit").token, BOB, desk.now)
    assert refused.value.codes == (Code.CLIENT_LIMIT,)


@pytest.mark.parametrize(
    ("what", "error"),
    [({"duration": 60}, InvalidInput), ({"seats": 2}, LimitReached), ({"host": "zoe"}, NotFound)],
)
def test_what_the_service_does_not_have(
    desk: Reception, what: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        desk.hold("09:00", **what)
    with pytest.raises(NotFound):
        desk.hold("09:00", "tlak")


# --- moving and cancelling -------------------------------------------------------


def test_moving_keeps_everything_but_the_time(desk: Reception) -> None:
    placed = desk.book("09:00", service="talk")
    desk.mails()
    moved = desk.desk.move(placed.token, desk.at("09:30"), desk.now)
    assert (moved.id, moved.uid, moved.sequence) == (placed.item.id, placed.item.uid, 1)
    assert desk.held("room-2@example.org") == ["10T09:30 booked"]
    assert "09:00" in desk.starts("talk")
    assert len(desk.mails()) == 2
    assert {int(event["SEQUENCE"]) for event in desk.calendars()} == {1}


def test_an_appointment_is_not_in_its_own_way(desk: Reception) -> None:
    placed = desk.book("09:00", duration=3600, host="ana")
    moved = desk.desk.move(placed.token, desk.at("09:30"), desk.now)
    assert moved.slot.start == desk.at("09:30")
    assert desk.held("room-2@example.org") == ["10T09:30 booked"]


def test_what_can_not_be_moved_stays(desk: Reception) -> None:
    placed = desk.book("09:00", service="talk")
    desk.book("10:00", "eva", service="talk")
    with pytest.raises(SlotTaken):
        desk.desk.move(placed.token, desk.at("10:00"), desk.now)
    assert desk.desk.manage(placed.token) == placed.item
    desk.now = desk.at("08:00")
    with pytest.raises(TooLate):
        desk.desk.move(placed.token, desk.at("11:00"), desk.now)


def test_cancelling_frees_the_time_everywhere_and_tells_all(desk: Reception) -> None:
    placed = desk.book("14 09:00", service="talk")
    desk.mails()
    gone = desk.desk.cancel(placed.token, "a cold", desk.now)
    assert (gone.state, gone.sequence, gone.reason) == (State.CANCELLED, 1, "a cold")
    assert desk.desk.cancel(placed.token, "again", desk.now) == gone
    assert desk.held("room-2@example.org") == []
    assert "09:00" in desk.starts("talk", "14")
    assert [subject.split(":")[0] for _, subject in sorted(desk.mails())] == [
        "Appointment is cancelled", "Your appointment is cancelled",
    ]  # fmt: skip
    for event in desk.calendars():
        assert (str(event["STATUS"]), int(event["SEQUENCE"])) == ("CANCELLED", 1)


def test_after_the_notice_only_staff_cancel(desk: Reception) -> None:
    placed = desk.book("09:00", service="talk")
    desk.now = desk.at("09 12:00")
    with pytest.raises(TooLate):
        desk.desk.cancel(placed.token, "", desk.now)
    assert desk.desk.cancel_by_staff(placed.item.id, "", desk.now).state is State.CANCELLED


def test_who_came_can_be_corrected_for_a_week(desk: Reception) -> None:
    placed = desk.book("09:00", service="talk")
    desk.now = desk.at("09:10")
    assert desk.desk.attended(placed.item.id, State.ARRIVED, desk.now).state is State.ARRIVED
    assert desk.desk.attended(placed.item.id, State.DONE, desk.now).state is State.DONE
    desk.now = desk.at("17 09:30")
    assert desk.desk.attended(placed.item.id, State.NO_SHOW, desk.now).state is State.NO_SHOW
    desk.now = desk.at("17 09:31")
    with pytest.raises(TooLate):
        desk.desk.attended(placed.item.id, State.DONE, desk.now)


# --- teams -------------------------------------------------------------------------


def hosts(of: Reception, *times: str, service: str = "checkup") -> list[str]:
    return [of.hold(time, service).item.hosts[0] for time in times]


def test_strict_turns_give_two_visitors_different_hosts(desk: Reception) -> None:
    assert hosts(desk, "09:00", "09:00", "09:00") == ["ana", "bea", "cleo"]
    assert "09:00" not in desk.starts()
    with pytest.raises(SlotTaken):
        desk.hold("09:00")


def test_only_what_the_one_in_turn_can_give_is_offered(desk: Reception) -> None:
    desk.get("ana", 1800)
    assert "09:00" not in desk.starts()
    assert "09:30" in desk.starts()
    with pytest.raises(SlotTaken) as refused:
        desk.hold("09:00")
    assert refused.value.codes == (Code.BUSY_APPOINTMENT,)
    told = desk.desk.explain("checkup", desk.at("09:00"), desk.now)
    assert ("bea", Code.NOT_THE_TURN, True) in told
    assert ("ana", Code.BUSY_APPOINTMENT, True) in told


def test_a_turn_that_led_to_nothing_comes_back(desk: Reception) -> None:
    held = desk.hold("09:00")
    desk.desk.release(held.token, desk.now)
    assert hosts(desk, "09:00") == ["ana"]


def test_who_lost_a_turn_to_others_is_owed_one(desk: Reception) -> None:
    first, second = desk.hold("09:00"), desk.hold("09:00")
    assert (first.item.hosts, second.item.hosts) == (("ana",), ("bea",))
    desk.desk.release(first.token, desk.now)
    assert hosts(desk, "09:00", "09:00", "09:30") == ["ana", "cleo", "ana"]


def test_a_turn_of_a_hold_that_expired_comes_back_with_the_sweep(desk: Reception) -> None:
    desk.hold("09:00")
    desk.now = Instant(desk.now + 3_600)
    desk.desk.sweep(desk.now)
    assert hosts(desk, "09:00") == ["ana"]


def test_who_was_booked_least_recently_comes_first(desk: Reception) -> None:
    assert hosts(desk, "09:00", "09:30", "10:00", "10:30", service="recent") == [
        "ana", "bea", "cleo", "ana",
    ]  # fmt: skip


def test_a_chosen_host_gives_the_appointment(desk: Reception) -> None:
    assert desk.hold("09:00", host="cleo").item.hosts == ("cleo",)


def test_all_come_together_or_nobody(desk: Reception) -> None:
    desk.book("09:00", host="bea")
    assert desk.starts("interview") == ["10:00", "11:00"]
    placed = desk.book("10:00", "eva", service="interview")
    assert placed.item.hosts == ("ana", "bea")
    assert desk.starts("interview") == ["11:00"]
    assert "10:00" not in desk.starts("talk")
    desk.desk.cancel(placed.token, "", desk.now)
    assert desk.starts("interview") == ["10:00", "11:00"]


def test_one_of_each_group_comes_and_all_of_no_group(desk: Reception) -> None:
    assert desk.book("09:00", service="panel").item.hosts == ("ana", "bea")
    assert desk.book("10:00", "eva", service="panel").item.hosts == ("ana", "cleo")
    desk.book("11:00", "kim", host="bea")
    assert desk.hold("11:00", "panel").item.hosts == ("ana", "cleo")
    desk.book("11 09:00", "kim", host="ana")
    assert "09:00" not in desk.starts("panel", "11")


def test_times_of_different_hosts_are_never_glued(tmp_path: Path) -> None:
    text = """
[appointer.a]
hours = ["mon 10:00-10:25"]
[appointer.b]
hours = ["mon 10:15-10:45"]
[assistant.both]
mode = "collective"
appointers = ["a", "b"]
groups = [["a", "b"]]
[service.s]
by = "both"
step = "15m"
verify_email = false
"""
    desk = Reception(tmp_path / "site", text)
    assert desk.starts("s") == ["10:15"]
    assert desk.hold("10:15", "s").item.hosts == ("b",)


# --- seats -------------------------------------------------------------------------


def test_several_clients_share_a_session_until_it_is_full(desk: Reception) -> None:
    desk.book("09:00", "bob", "class")
    desk.book("09:00", "eva", "class", seats=2)
    assert "09:00" not in desk.starts("class")
    with pytest.raises(SlotTaken):
        desk.book("09:00", "kim", "class")
    assert desk.starts("mailed")[0] == "10:00"
    uids = {item.uid for item in desk.desk.list(_day(desk))}
    assert len(uids) == 2


def _day(of: Reception):  # type: ignore[no-untyped-def]
    from horarium.kernel.period import Period

    return Period(of.at("00:00"), of.at("23:59"))


# --- staff -------------------------------------------------------------------------


def test_staff_set_aside_what_they_name_and_nothing_else(desk: Reception) -> None:
    with pytest.raises(SlotTaken) as refused:
        desk.book("09 13:07", service="talk")
    assert refused.value.codes == (Code.OUTSIDE_HOURS,)
    terms = Terms("eve", frozenset({"hours", "grid"}), "cli")
    placed = desk.book("09 13:07", service="talk", terms=terms)
    assert placed.item.state is State.CONFIRMED
    with pytest.raises(SlotTaken):
        desk.book("09 13:07", "eva", service="talk", terms=terms)


def test_listing_is_bounded(desk: Reception) -> None:
    from horarium.kernel.period import Period

    wide = Period(desk.now, Instant(desk.now + 93 * 86_400))
    with pytest.raises(InvalidInput, match="92 days"):
        desk.desk.starts("talk", wide, desk.now)


def test_services_that_are_not_published_are_not_listed(desk: Reception) -> None:
    assert [service.id for service in desk.desk.services(desk.now)] == ["checkup"]
    assert len(desk.desk.services(desk.now, published=False)) == 8
    desk.apply(OBJECTS.replace("[service.checkup]\n", "[service.checkup]\nactive = false\n"))
    with pytest.raises(NotFound):
        desk.hold("09:00")


def test_what_came_to_nothing_is_dropped_after_a_day_and_nothing_else(desk: Reception) -> None:
    given_up, over = desk.hold("09:00", "talk"), desk.hold("10:00", "talk")
    kept = desk.book("11:00", service="talk")
    desk.desk.release(given_up.token, desk.now)
    desk.now = Instant(desk.now + 3_600)
    desk.desk.sweep(desk.now)
    assert sweep(desk.store, desk.now)["holds"] == 0
    desk.now = Instant(desk.now + 86_400)
    assert sweep(desk.store, desk.now)["holds"] == 2
    for gone in (given_up, over):
        with pytest.raises(NotFound):
            desk.desk.manage(gone.token)
    assert desk.desk.manage(kept.token).state is State.CONFIRMED
    assert "09:00" in desk.starts("talk", "11")


def test_one_that_can_not_be_told_keeps_nobody_else_from_it(desk: Reception) -> None:
    bad, good = desk.hold("09:00", "visit"), desk.hold("10:00", "visit")
    for held, name in ((bad, "bob"), (good, "eva")):
        desk.desk.confirm(held.token, Client(name, f"{name}@example.net"), desk.now)
    # An address that is none can only come from elsewhere.
    item = desk.desk.find(bad.item.id)
    broken = replace(item, client=Client("bob", "no\r\naddress"))
    desk.store.transact([], lambda tx: tx.appointments.put(broken, [("bea", item.slot)]))
    desk.mails()
    desk.now = desk.at("12 00:00")
    while desk.desk.sweep(desk.now):
        pass
    states = {desk.desk.find(id_).state for id_ in (bad.item.id, good.item.id)}
    assert states == {State.EXPIRED}
    assert [to for to, _ in desk.mails()] == ["eva@example.net"]


@pytest.mark.parametrize("mail", ["nobody", "a@b@c", "a b@example.net", "bob@example.net\r\nX: y"])
def test_an_address_that_is_none_is_refused(desk: Reception, mail: str) -> None:
    with pytest.raises(InvalidInput):
        desk.desk.confirm(desk.hold("09:00", "talk").token, Client("x", mail), desk.now)
