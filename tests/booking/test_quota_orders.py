"""Every order of the messages of one event, at a car that charges a quota and hands events on, ends
in one state: the same time held by the pool, and the same charges."""

from __future__ import annotations

import itertools

import pytest
from tests.office import Office, request, vevent

CADILLAC = "resource-car-cadillac@example.com"
PONTIAC = "resource-car-pontiac@example.com"
HORSE = "harvey.horse@example.com"
VOLE = "vincent.vole@example.com"
FUNCTIONS = "check_quota cars\nschedule_for_delegate pool"
DAILY = "RRULE:FREQ=DAILY;COUNT=3"

State = tuple[list[tuple[str, str]], list[tuple[str, int, int]], int]


def office(*, busy: bool) -> Office:
    """Two cars of one pool; `busy` tells that the one that is asked never has time itself."""
    site = Office(
        {name: {"scheduling_function": FUNCTIONS} for name in (CADILLAC, PONTIAC)},
        quotas={
            "cars": {"limits": [[HORSE, "PT8H"], [VOLE, "*"]]},
            "pool": {"delegates": [CADILLAC, PONTIAC], "groups": [["*", "all"]]},
        },
    )
    if busy:
        site.want("2026-12-01 00:00", "2026-12-08 00:00", by=VOLE, to=CADILLAC, uid="busy")
    return site


def letter(
    sequence: int, day: int, start: int, end: int, *, which: int = 0, rule: str = "",
    method: str = "REQUEST",
) -> str:  # fmt: skip
    """A message about the event of that day, or (`which`) about its occurrence of that day, which
    was at ten."""
    extra = rule or (f"RECURRENCE-ID;TZID=Europe/Oslo:202612{which:02}T100000" if which else "")
    event = vevent(
        "e", f"2026-12-{day:02} {start:02}:00", f"2026-12-{day:02} {end:02}:00", by=HORSE,
        to=(CADILLAC,), sequence=sequence, extra=extra,
        stamp=f"2026-11-20T08:00:{sequence:02}Z",
    )  # fmt: skip
    return request(event, method=method)


SERIES = letter(0, 1, 10, 12, rule=DAILY)
MESSAGES = {
    "moved and cancelled": (
        letter(0, 1, 10, 12), letter(1, 1, 14, 17), letter(2, 1, 14, 17, method="CANCEL"),
    ),
    "moved twice": (letter(0, 1, 10, 12), letter(1, 2, 9, 12), letter(2, 3, 8, 10)),
    "an occurrence moved, another cancelled": (
        SERIES, letter(1, 2, 14, 15, which=2), letter(2, 3, 10, 12, which=3, method="CANCEL"),
    ),
    "too much in between": (letter(0, 1, 10, 12), letter(1, 1, 8, 20), letter(2, 1, 9, 12)),
    "too much at last": (letter(0, 1, 10, 12), letter(1, 1, 9, 12), letter(2, 1, 8, 20)),
    "five": (
        SERIES, letter(1, 2, 14, 15, which=2), letter(2, 1, 10, 11, rule=DAILY),
        letter(3, 3, 16, 19, which=3), letter(4, 1, 10, 11, which=1, method="CANCEL"),
    ),
    "cancelled and asked for again": (
        SERIES, letter(1, 2, 14, 15, which=2), letter(2, 1, 10, 12, method="CANCEL"),
        letter(3, 1, 10, 11, rule=DAILY), letter(4, 3, 8, 9, which=3),
    ),
}  # fmt: skip


def end_of(order: tuple[str, ...], *, busy: bool) -> State:
    """What is held and charged for the event, by whichever car, when all has arrived."""
    site = office(busy=busy)
    for message in order:
        delivery = site.deliver(site.mail(message, by=HORSE, to=CADILLAC), CADILLAC, HORSE)
        assert delivery.status.value == "handled"
        site.route(delivery.mails)
    site.settle()
    held = [
        (start, end)
        for car in (CADILLAC, PONTIAC)
        for uid, start, end in site.everything(car)
        if uid == "e"
    ]
    charged = [
        (quota, entry.charge.event.start, entry.charge.event.end)
        for quota in ("cars", "pool")
        for entry in site.store.read(lambda tx, q=quota: tx.quotas.journal(q))
        if entry.uid == "e"
    ]
    used = site.store.read(lambda tx: tx.quotas.used("cars", HORSE))
    assert used == sum(end - start for quota, start, end in charged if quota == "cars")
    assert len(charged) == 2 * len(held)
    return sorted(held), sorted(charged), used


@pytest.mark.parametrize("busy", [False, True], ids=["attends itself", "hands on"])
@pytest.mark.parametrize("name", MESSAGES)
def test_every_order_ends_in_one_state(name: str, busy: bool) -> None:
    messages = MESSAGES[name]
    expected = end_of(messages, busy=busy)
    for order in itertools.permutations(messages):
        assert end_of(order, busy=busy) == expected, [messages.index(one) for one in order]


def test_the_states_are_the_expected_ones() -> None:
    day = "2026-12-0"
    assert end_of(MESSAGES["moved and cancelled"], busy=True)[0] == []
    assert end_of(MESSAGES["too much at last"], busy=False)[0] == []
    assert end_of(MESSAGES["an occurrence moved, another cancelled"], busy=True)[0] == [
        (f"{day}1 10:00", f"{day}1 12:00"), (f"{day}2 14:00", f"{day}2 15:00"),
    ]  # fmt: skip
    assert end_of(MESSAGES["five"], busy=True)[0] == [
        (f"{day}2 10:00", f"{day}2 11:00"), (f"{day}3 16:00", f"{day}3 19:00"),
    ]  # fmt: skip
