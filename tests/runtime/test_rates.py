"""A flood of one sender, or of one domain, is taken later; nobody else waits for it."""

from __future__ import annotations

from dataclasses import replace

from tests.office import ROOM, Office, request, vevent

from horarium.kernel.instant import Instant
from horarium.runtime.delivering import TRY_AGAIN, deliver_all
from horarium.runtime.settings import default_settings


def office(senders: int = 3, domain: int = 5) -> Office:
    plain = default_settings()
    limits = replace(plain.limits, sender_rate=senders, domain_rate=domain)
    return Office(settings=replace(plain, limits=limits))


def send(place: Office, number: int, by: str) -> int:
    event = vevent(
        f"e{number}", f"2026-12-{number + 1:02} 10:00", f"2026-12-{number + 1:02} 11:00", by=by
    )
    data = place.mail(request(event), by=by)
    return deliver_all(place.agent, by, [ROOM], data, place.now, emit=False).status


def test_the_fourth_message_of_an_hour_comes_later_and_others_are_taken() -> None:
    place = office()
    assert [send(place, n, "vole@example.com") for n in range(4)] == [0, 0, 0, TRY_AGAIN]
    assert send(place, 5, "horse@example.com") == 0
    assert len(place.everything()) == 4
    place.now = Instant(place.now + 7_200)
    assert send(place, 4, "vole@example.com") == 0


def test_many_senders_of_one_domain_are_a_flood_too() -> None:
    place = office()
    said = [send(place, n, f"s{n}@example.com") for n in range(6)]
    assert said == [0, 0, 0, 0, 0, TRY_AGAIN]
    assert send(place, 7, "paul@example.org") == 0


def test_an_hour_ago_counts_by_its_share() -> None:
    place = office()
    place.now = Instant(place.now // 3_600 * 3_600 + 3_000)
    assert [send(place, n, "vole@example.com") for n in range(3)] == [0, 0, 0]
    place.now = Instant(place.now + 700)
    assert send(place, 3, "vole@example.com") == 0
    assert send(place, 4, "vole@example.com") == TRY_AGAIN


def test_an_unknown_sender_is_not_counted() -> None:
    place = office(1, 1)
    for number in range(3):
        event = vevent(
            f"u{number}", f"2026-12-{number + 1:02} 10:00", f"2026-12-{number + 1:02} 11:00"
        )
        data = place.mail(request(event), by="vincent.vole@example.com")
        assert deliver_all(place.agent, None, [ROOM], data, place.now, emit=False).status == 0
