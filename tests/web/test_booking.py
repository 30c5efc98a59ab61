"""The public booking page: a visitor's way from the service to the appointment, and back."""

from __future__ import annotations

import email
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from horarium.appointments.appointment import State
from horarium.identity.account import Role
from horarium.kernel.instant import Instant, format_instant, parse_instant
from horarium.kernel.period import Period
from horarium.runtime.applying import apply_objects
from horarium.runtime.desk import Desk
from horarium.runtime.entropy import SystemSecrets
from horarium.runtime.objects import read_objects
from tests.office import NOW
from tests.web.world import Client, Reply, World, tags_of

OBJECTS = """
[appointer.ana]
name = "Ana <b>Ruiz</b>"
zone = "Europe/Madrid"
mail = "ana@example.org"
hours = ["mon-fri 09:00-11:00"]
[appointer.bea]
zone = "Europe/Madrid"
mail = "bea@example.org"
hours = ["mon-fri 09:00-19:00"]
[service.checkup]
name = "Check-up <script>alert(1)</script>"
by = "ana"
duration = ["30m", "60m"]
published = true
verify_email = false
[service.mailed]
by = "ana"
published = true
[service.asked]
by = "ana"
published = true
verify_email = false
approval = "host"
[service.hidden]
by = "ana"
[service.rush]
by = "bea"
duration = "30m"
published = true
verify_email = false
"""
# Monday 23 November 2026, nine in Madrid.
NINE = "2026-11-23T08:00:00Z"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    site = tmp_path / "site"
    site.mkdir()
    with World(site) as made:
        path = tmp_path / "objects.toml"
        path.write_text(OBJECTS)
        apply_objects(made.store, read_objects([path]), NOW, prune=False, dry_run=False)
        yield made


def desk(world: World) -> Desk:
    return Desk(world.store, world.settings, SystemSecrets().random)


def book(who: Client, service: str = "checkup", start: str = NINE, **form: str) -> Reply:
    """The whole way; the page that comes last."""
    held = who.send(f"/book/{service}/hold", {"start": start})
    if held.status != 303:
        return held
    values = {"name": "Bob", "mail": "bob@example.net", **form}
    done = who.send(held.fields["Location"], values)
    return who.get(done.fields["Location"]) if done.status == 303 else done


def test_what_is_published_is_offered_and_nothing_else(world: World) -> None:
    page = world.nobody().get("/book")
    assert page.status == 200
    assert "Check-up <script>alert(1)</script>" in page.seen
    assert "hidden" not in page.text
    for name in ("hidden", "nothing", "ana"):
        gone = world.nobody().get(f"/book/{name}")
        assert (gone.status, "there is no such service" in gone.seen) == (404, True)


def test_the_times_of_a_day_in_the_zone_of_the_viewer(world: World) -> None:
    page = world.nobody().get("/book/checkup?date=2026-11-23")
    assert re.findall(r'name="start" value="([^"]+)"', page.text) == [
        "2026-11-23T08:00:00Z", "2026-11-23T08:30:00Z", "2026-11-23T09:00:00Z",
        "2026-11-23T09:30:00Z",
    ]  # fmt: skip
    tokyo = world.nobody().get("/book/checkup?date=2026-11-23&zone=Asia/Tokyo")
    assert "17:00 09:00 there" in tokyo.seen
    assert "clocks of Europe/Madrid" in tokyo.seen
    longer = world.nobody().get("/book/checkup?date=2026-11-23&duration=3600")
    assert len(re.findall(r'name="start"', longer.text)) == 2
    assert len(page.body) < 100_000


def test_from_the_service_to_the_appointment_and_to_another_time(world: World) -> None:
    who = world.nobody()
    held = who.send("/book/checkup/hold", {"start": NINE})
    form = who.get(held.fields["Location"])
    assert "Held for you until 09:10" in form.seen
    assert form.fields["Cache-Control"] == "no-store"
    token = held.fields["Location"].rsplit("/", 1)[1]
    done = who.send(held.fields["Location"], {"name": "Bob", "mail": "bob@example.net"})
    assert done.fields["Location"] == f"/a/{token}"
    assert "Your appointment stands" in who.get(f"/a/{token}").seen
    assert "2026-11-23T08:30:00Z" in who.get(f"/a/{token}/move?date=2026-11-23").text
    moved = who.send(f"/a/{token}/move", {"start": "2026-11-23T08:30:00Z"})
    assert moved.status == 303
    assert desk(world).manage(token).slot.start == parse_instant("2026-11-23T08:30:00Z")
    assert who.send(f"/a/{token}/cancel", {"reason": "<i>ill</i>"}).status == 303
    page = who.get(f"/a/{token}")
    assert "Your appointment is cancelled" in page.seen
    assert "<i>ill</i>" in page.seen
    assert desk(world).manage(token).state is State.CANCELLED


def test_a_link_that_is_opened_changes_nothing(world: World) -> None:
    who = world.nobody()
    token = book(who).text.rsplit("/a/", 1)[1].split("/")[0]
    for path in (f"/a/{token}", f"/a/{token}/move", f"/a/{token}/cancel"):
        who.get(path)
        who.ask("HEAD", path)
    assert desk(world).manage(token).state is State.CONFIRMED


def test_a_time_that_is_gone_is_told_with_others(world: World) -> None:
    assert "stands" in book(world.nobody()).seen
    gone = book(world.nobody())
    assert gone.status == 409
    assert "This time is gone. The nearest that are left: Mon 23 Nov 2026, 09:30" in gone.seen


def test_a_stale_hold_is_had_again_or_told_gone(world: World) -> None:
    who = world.nobody()
    held = who.send("/book/checkup/hold", {"start": NINE}).fields["Location"]
    world.clock.set(Instant(NOW + 3_600))
    assert "If it is still free you can have it" in who.get(held).seen
    assert "stands" in book(world.nobody(), mail="eva@example.net").seen
    late = who.send(held, {"name": "Bob", "mail": "bob@example.net"})
    assert late.status == 409


@pytest.mark.parametrize("path", ["/a/x", "/a/x/move", "/book/hold/x", "/a/verify/x"])
def test_forged_links_look_alike(world: World, path: str) -> None:
    who = world.nobody()
    if path != "/a/verify/x":
        assert who.get(path).status == 404
    assert who.send(path if path != "/a/x" else "/a/x/cancel", {"start": NINE, "name": "x",
                    "mail": "a@example.org"}).status == 404  # fmt: skip


@pytest.mark.parametrize(
    ("form", "status"),
    [({"name": ""}, 400), ({"mail": "nobody"}, 400), ({"mail": "a@b\r\nBcc: c@d"}, 400),
     ({"note": "x" * 501}, 400)],
)  # fmt: skip
def test_a_form_that_is_wrong_books_nothing(
    world: World, form: dict[str, str], status: int
) -> None:
    who = world.nobody()
    assert book(who, **form).status == status
    span = Period(NOW, Instant(NOW + 7 * 86_400))
    assert {item.state for item in desk(world).list(span)} == {State.HELD}


@pytest.mark.parametrize(
    "start", ["", "now", "2026-11-23T08:00:00", "2026-11-23T08:07:00Z", "9999-12-31T23:59:59Z"]
)
def test_a_start_that_is_none(world: World, start: str) -> None:
    assert world.nobody().send("/book/checkup/hold", {"start": start}).status in (400, 409)


def test_a_form_filled_in_by_a_machine_books_nothing(world: World) -> None:
    page = book(world.nobody(), website="http://spam.example")
    assert "You will hear from us" in page.seen
    span = Period(NOW, Instant(NOW + 7 * 86_400))
    assert {item.state for item in desk(world).list(span)} == {State.HELD}


def test_an_address_is_proven_by_the_mailed_link(world: World) -> None:
    assert "We have sent a mail to bob@example.net" in book(world.nobody(), "mailed").seen
    due = world.store.transact([], lambda tx: tx.mail.claim(NOW, 10))
    [letter] = [mail for mail in due if mail.recipient == "bob@example.net"]
    body = email.message_from_bytes(letter.content).get_payload(decode=True)
    assert isinstance(body, bytes)
    secret = re.search(rb"/a/verify/([\w-]+)", body)
    assert secret is not None
    path = f"/a/verify/{secret[1].decode()}"
    page = world.nobody().get(path)
    assert any(tag == "button" for tag, _ in tags_of(page.text))
    assert "Your appointment stands" in world.nobody().send(path, {}).seen
    assert world.nobody().send(path, {}).status == 404


def test_staff_agree_on_the_page(world: World) -> None:
    book(world.nobody(), "asked")
    booker = world.role(Role.BOOKER)
    page = booker.get("/appointments")
    assert "1 waiting for a word" in page.seen
    [id_] = re.findall(r"/appointments/(\w+)/approve", page.text)
    assert world.role(Role.VIEWER).send(f"/appointments/{id_}/approve", {}).status == 403
    assert booker.send(f"/appointments/{id_}/approve", {"csrf": page.csrf}).status == 303
    assert desk(world).find(id_).state is State.CONFIRMED
    assert "Ana <b>Ruiz</b>" in booker.get("/appointers").seen
    assert "0 waiting" in booker.get("/appointments").seen


def test_one_source_is_held_to_a_rate(world: World) -> None:
    greedy = world.nobody()
    found = Counter(greedy.send("/book/rush/hold", {"start": NINE}).status for _ in range(15))
    assert found == {303: 1, 409: 9, 429: 5}
    late = greedy.send("/book/rush/hold", {"start": NINE})
    assert late.fields["Retry-After"]
    other = replace(world.nobody(), source="127.0.0.9")
    assert other.send("/book/rush/hold", {"start": "2026-11-23T09:00:00Z"}).status == 303


def test_two_hundred_visitors_and_twenty_times(world: World) -> None:
    """Everybody wants one of the twenty; each is had by one, and the others are told politely."""
    first = parse_instant(NINE)
    starts = [format_instant(Instant(first + 1_800 * number)) for number in range(20)]

    def visit(number: int) -> tuple[int, str]:
        who = Client(world, source=f"127.0.{number // 100 + 1}.{number % 100 + 1}")
        page = book(who, "rush", starts[number % 20], mail=f"v{number}@example.net")
        return page.status, page.seen

    with ThreadPoolExecutor(200) as pool:
        found = list(pool.map(visit, range(200)))
    assert Counter(status for status, _ in found) == {200: 20, 409: 180}
    assert all("Your appointment stands" in seen for status, seen in found if status == 200)
    assert all("This time is gone" in seen for status, seen in found if status == 409)
    kept = desk(world).list(Period(first, Instant(first + 86_400)))
    assert Counter(item.state for item in kept) == {State.CONFIRMED: 20}
    assert sorted(item.slot.start for item in kept) == [first + 1_800 * n for n in range(20)]
    assert len({item.client.mail for item in kept}) == 20


def test_a_zone_that_is_none_is_told_and_the_times_are_there(world: World) -> None:
    page = world.nobody().get("/book/checkup?date=2026-11-23&zone=Mars/Phobos")
    assert page.status == 400
    assert "There is no zone Mars/Phobos; times are shown in Europe/Oslo." in page.seen
    assert len(re.findall(r'name="start"', page.text)) == 4


def test_a_duration_of_zero_is_none(world: World) -> None:
    assert world.nobody().get("/book/checkup?duration=0").status == 400
    held = world.nobody().send("/book/checkup/hold", {"start": NINE, "duration": "0"})
    assert held.status == 400
